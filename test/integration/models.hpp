// A live test whose worker asks scripted language models.
#pragma once

#include <map>
#include <string>

#include "fixture.hpp"
#include "scripted/model.hpp"

namespace hil::test {

// A workflow of one node, `answer`, whose answer goes to the customer. The first error hands over.
inline const std::string unforgiving_workflow = R"(name: answering
workflow:
  nodes:
    - id: answer
      agent: reasoning_support_agent
    - {id: DONE, type: sink, action: finish_conversation}
  edges:
    - {from: answer, to: DONE}
)";

// The same, but for its patience with errors.
inline const std::string answering_workflow = unforgiving_workflow + R"(hil_config:
  handover_triggers:
    - {type: error_threshold, consecutive_errors: 3}
)";

class ModelTest : public LiveTest {
  protected:
    inline static const std::string key = "hil-test-key-0123456789";

    void SetUp() override {
        LiveTest::SetUp();
        model.by_node["answer"] = {Say::answer({{"answer", "Soon."}, {"success", true}})};
        model.serve_on(server);
    }

    static std::string path_of(const std::string& kind) {
        return kind == "anthropic" ? "/v1/messages" : "/v1/chat/completions";
    }

    // A provider called `name` at the scripted server, with `more` keys. Everything that is waited for is
    // short.
    std::string provider(const std::string& name, const std::string& kind,
                         const std::string& more = "") const {
        return "  " + name + ": {kind: " + kind + ", base_url: \"" + server.url() +
               (kind == "anthropic" ? "" : "/v1") +
               "\", allow_private: [127.0.0.0/8], api_key_env: HIL_TEST_KEY, " +
               "retry: {budget_seconds: 30, first_seconds: 0.05, longest_seconds: 0.5}" +
               (more.empty() ? "" : ", " + more) + "}\n";
    }

    Process& start(const std::string& kind, const std::string& more = "", const std::string& further = "") {
        return start_worker(settings("providers:\n" + provider("scripted", kind, more) +
                                     "model_profiles:\n  balanced: {provider: scripted, model: m, "
                                     "prices: {input: 1000, output: 2000}}\n" +
                                     further));
    }

    static WorkerSettings settings(const std::string& more) {
        WorkerSettings settings;
        settings.more = more;
        settings.environment = {{"HIL_TEST_KEY", key}};
        return settings;
    }

    std::string run_of(const std::string& id, const std::string& column) {
        return sql().one(
            "SELECT " + column + " FROM hil.runs WHERE conversation_id = $1 ORDER BY id DESC LIMIT 1", {id});
    }

    ScriptedModel model;
    ScriptedServer server;  // ends first
};

}  // namespace hil::test

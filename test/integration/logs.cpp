// The worker's log as JSON: every line an object, with what it is about in fields of its own.
#include <csignal>
#include <sstream>

#include "models.hpp"

namespace hil::test {
namespace {

class LogTest : public ModelTest {
  protected:
    // Works until the conversation is there, and returns every line that was logged.
    std::vector<Json> lines_until(const std::string& id, const std::string& status) {
        Process& worker = ModelTest::start("openai", "", "log_format: json\nlog_level: debug\n");
        says(id, "Where is my order?");
        EXPECT_TRUE(reaches(id, status));
        worker.signal(SIGTERM);
        EXPECT_EQ(worker.wait(), 0);
        std::vector<Json> lines;
        std::istringstream text(worker.output());
        for (std::string line; std::getline(text, line);) {
            lines.push_back(Json::parse(line, nullptr, /*allow_exceptions=*/false));
            EXPECT_TRUE(lines.back().is_object()) << line;
            for (const char* key : {"at", "level", "message"})
                EXPECT_TRUE(lines.back().contains(key)) << line;
        }
        return lines;
    }

    // The first line of an event.
    static Json first(const std::vector<Json>& lines, const std::string& event) {
        for (const Json& line : lines)
            if (line.value("event", "") == event) return line;
        return Json::object();
    }

    void expect_about(const Json& line, const std::string& id, const std::string& node) {
        EXPECT_EQ(line.value("conversation", ""), id) << line;
        EXPECT_EQ(std::to_string(line.value("run", 0LL)), run_of(id, "id")) << line;
        EXPECT_EQ(line.value("attempt", 0), 1) << line;
        EXPECT_EQ(line.value("node", ""), node) << line;
    }
};

TEST_F(LogTest, SaysWhatEachLineIsAbout) {
    load_text(answering_workflow);
    model.by_node["answer"].push_front(Say::status(503));
    const std::string id = new_id();
    const std::vector<Json> lines = lines_until(id, "finished");
    expect_about(first(lines, "run_started"), id, "");
    expect_about(first(lines, "model_retry"), id, "answer");
    expect_about(first(lines, "step_done"), id, "answer");
    expect_about(first(lines, "run_done"), id, "");
    for (const char* event : {"worker_started", "worker_stopping", "worker_stopped"}) {
        const Json line = first(lines, event);
        EXPECT_FALSE(line.empty()) << event;
        EXPECT_FALSE(line.contains("run")) << line;
    }
}

TEST_F(LogTest, NamesTheNodeThatFailed) {
    load_text(answering_workflow);
    model.by_node["answer"] = {Say::status(400)};
    const std::string id = new_id();
    const std::vector<Json> lines = lines_until(id, "pending_human");
    const Json failed = first(lines, "run_failed");
    expect_about(failed, id, "answer");
    EXPECT_EQ(failed.value("level", ""), "warning");
    EXPECT_NE(failed.value("message", "").find("see hil.run_failures"), std::string::npos) << failed;
}

}  // namespace
}  // namespace hil::test

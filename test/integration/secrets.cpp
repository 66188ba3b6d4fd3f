// A key is nowhere but in the header that it is sent in.
#include "models.hpp"

namespace hil::test {
namespace {

class Secrets : public ModelTest {};

TEST_F(Secrets, TheKeyIsInNoLogNoErrorNoDumpAndNoPrompt) {
    load_text(answering_workflow);
    // A server that tells everything that it was sent, first in an error and then in an answer that does not
    // fit.
    server.on("/v1/chat/completions", [](const Seen& seen) {
        std::string told = "you sent";
        for (const auto& [name, value] : seen.headers) told += " " + name + "=" + value;
        return Act::json({{"error", {{"message", told}}}}, 400);
    });
    WorkerSettings given = settings("log_level: trace\nproviders:\n" +
                                    provider("scripted", "openai", "headers: {X-Own: \"${HIL_TEST_OWN}\"}") +
                                    "model_profiles:\n  balanced: {provider: scripted, model: m}\n");
    given.environment["HIL_TEST_OWN"] = "own-secret-98765";
    const Process& worker = start_worker(given);
    const std::string id = new_id();
    says(id, "Where is my order?");
    ASSERT_TRUE(reaches(id, "pending_human"));
    const Seen seen = server.seen("/v1/chat/completions").at(0);
    EXPECT_EQ(seen.header("Authorization"), "Bearer " + key);
    EXPECT_EQ(seen.header("X-Own"), "own-secret-98765");
    const std::string error = run_of(id, "error");
    EXPECT_NE(error.find("you sent"), std::string::npos) << error;
    const std::string dump = run({"pg_dump", database()});
    EXPECT_NE(dump.find("you sent"), std::string::npos);
    for (const std::string& secret : {key, std::string("own-secret-98765")})
        for (const std::string& place : {error, dump, worker.output(), seen.body})
            EXPECT_EQ(place.find(secret), std::string::npos);
}

TEST_F(Secrets, AWorkerThatLacksAKeySaysWhichAndDoesNotStart) {
    WorkerSettings given = settings("providers:\n" + provider("scripted", "openai"));
    given.environment["HIL_TEST_KEY"] = "";
    Process& worker = start_worker(given);
    EXPECT_EQ(worker.wait(), 2);
    EXPECT_NE(worker.output().find("HIL_TEST_KEY"), std::string::npos) << worker.output();
}

}  // namespace
}  // namespace hil::test

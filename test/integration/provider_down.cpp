// A provider that is down for a minute: no run is lost, no error is counted, nobody is handed over, and the
// worker goes on by itself.
#include "models.hpp"

namespace hil::test {
namespace {

using std::chrono::steady_clock;

class ProviderDown : public ModelTest {};

TEST_F(ProviderDown, ForAMinuteIsWaitedFor) {
    load_text(answering_workflow);
    start_worker(settings("providers:\n  scripted: {kind: openai, base_url: \"" + server.url() +
                          "/v1\", allow_private: [127.0.0.0/8]}\n"
                          "model_profiles:\n  balanced: {provider: scripted, model: m}\n"));
    server.down();
    const auto end = steady_clock::now() + std::chrono::seconds(60);
    std::vector<std::string> ids;
    for (int i = 0; i < 20; ++i) says(ids.emplace_back(new_id()), "Where is my order?");

    // What must be true all the time, also of those that find no place in the worker.
    const auto nobody_was_given_up = [&] {
        return sql().number(
                   "SELECT count(*) FROM hil.conversations WHERE handover_count > 0 OR consecutive_errors > "
                   "0") == 0;
    };
    bool all_well = true;
    while (all_well && steady_clock::now() < end) {
        all_well = nobody_was_given_up();
        within_patience(
            [&] { return steady_clock::now() >= end || sql().yes("SELECT pg_sleep(0.5) IS NOT NULL"); });
    }
    EXPECT_TRUE(all_well);
    server.up();
    const bool answered = within_patience([&] {
        return sql().number("SELECT count(*) FROM hil.conversations WHERE status = 'finished'") == 20;
    });
    EXPECT_TRUE(answered) << sql().one("SELECT string_agg(status, ' ') FROM hil.conversations");
    EXPECT_TRUE(nobody_was_given_up());
}

}  // namespace
}  // namespace hil::test

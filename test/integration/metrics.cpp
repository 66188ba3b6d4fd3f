// What can be seen of a worker from outside: its metrics, and its log as JSON.
#include <curl/curl.h>

#include <csignal>
#include <sstream>

#include "fixture.hpp"

namespace hil::test {
namespace {

class Watched : public LiveTest {
  protected:
    // A worker that serves its metrics on a free port, which it tells in its log.
    std::unique_ptr<Process> start(const std::string& more) {
        const std::string config = file("watched.yaml", "tick_seconds: 0.1\npoll_seconds: 0.2\n" + more);
        return std::make_unique<Process>(
            std::vector<std::string>{worker_program, "run", "--metrics-port", "0", "--config", config},
            std::map<std::string, std::string>{{"HIL_DATABASE_URL", "postgresql:///" + database()}},
            file("watched.log", ""));
    }

    static std::string page(const std::string& url) {
        std::string body;
        const auto take = +[](char* data, std::size_t size, std::size_t count, std::string* into) {
            into->append(data, size * count);
            return size * count;
        };
        CURL* curl = curl_easy_init();
        curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
        EXPECT_EQ(curl_easy_perform(curl), CURLE_OK);
        curl_easy_cleanup(curl);
        return body;
    }

    static std::string metrics(const Process& worker) {
        const std::string mark = "metrics at http://127.0.0.1:";
        EXPECT_TRUE(within_patience([&] { return worker.output().find(mark) != std::string::npos; }));
        const std::string log = worker.output();
        const std::size_t start = log.find(mark) + mark.size() - std::string("http://127.0.0.1:").size();
        return page(log.substr(start, log.find('\n', start) - start));
    }
};

TEST_F(Watched, TheMetricsCountWhatWasDone) {
    load(support_workflow);
    const auto worker = start("");
    const std::string id = new_id();
    says(id, "Where is my order?");
    ASSERT_TRUE(reaches(id, "finished"));
    ASSERT_TRUE(within_patience([&] {
        return metrics(*worker).find("hil_worker_runs_total{outcome=\"finished\"} 1") != std::string::npos;
    })) << metrics(*worker);
    const std::string seen = metrics(*worker);
    for (const char* line : {"hil_worker_steps_total{node_agent=\"simple_evaluator\",outcome=\"done\"} 2",
                             "hil_worker_claimed_runs_total 1", "hil_worker_step_seconds_count 4",
                             "hil_worker_report_batch_size_count"})
        EXPECT_NE(seen.find(line), std::string::npos) << line << " is not in\n" << seen;
    EXPECT_EQ(seen.find(id), std::string::npos) << "no conversation is told";
    worker->signal(SIGTERM);
    EXPECT_EQ(worker->wait(), 0);
}

TEST_F(Watched, EveryLineOfAJsonLogIsAnObject) {
    load(support_workflow);
    const auto worker = start("log_format: json\n");
    const std::string id = new_id();
    says(id, "Where is my order?");
    ASSERT_TRUE(reaches(id, "finished"));
    worker->signal(SIGTERM);
    EXPECT_EQ(worker->wait(), 0);
    std::istringstream lines(worker->output());
    int about_the_run = 0;
    for (std::string line; std::getline(lines, line);) {
        const Json entry = Json::parse(line, nullptr, /*allow_exceptions=*/false);
        ASSERT_TRUE(entry.is_object()) << line;
        EXPECT_TRUE(entry.contains("at") && entry.contains("level") && entry.contains("message")) << line;
        if (entry.value("conversation", "") == id) ++about_the_run;
    }
    EXPECT_GE(about_the_run, 2);
}

}  // namespace
}  // namespace hil::test

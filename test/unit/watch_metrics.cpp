// What several threads tell the metrics of at once.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "http/curl_client.hpp"
#include "task_support.hpp"
#include "watch/metrics.hpp"

namespace hil::worker {
namespace {

std::string page(int port) {
    Threads threads(1);
    CurlClient client(threads, 1);
    HttpRequest request;
    request.method = "GET";
    request.url = "http://127.0.0.1:" + std::to_string(port) + "/metrics";
    request.addresses =
        std::make_shared<const AddressPolicy>(std::vector{Network::parse("127.0.0.0/8").value()});
    return run_task(threads, client.send(request)).body;
}

// A thread that says how many there are, and is late, would be wrong for as long as nothing changes.
TEST(Metrics, RunsAtAProviderAreCountedThereHoweverLateIsSaidWhoCame) {
    Metrics metrics;
    metrics.runs_at_provider(1);
    metrics.runs_at_provider(1);
    metrics.runs_at_provider(1);
    metrics.runs_at_provider(-1);
    const std::string seen = page(metrics.serve("127.0.0.1", 0));
    EXPECT_NE(seen.find("\nhil_worker_runs_at_provider 2\n"), std::string::npos) << seen;
}

}  // namespace
}  // namespace hil::worker

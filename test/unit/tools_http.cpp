// HTTP tools against a real server: what the model is told, and what is tried again.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "http/curl_client.hpp"
#include "scripted/server.hpp"
#include "task_support.hpp"
#include "tools/http_tool.hpp"

namespace hil::worker {
namespace {

using std::chrono::milliseconds;
using test::Act;
using test::Seen;

class HttpToolTest : public testing::Test {
  protected:
    HttpToolTest() {
        config.name = "shop.order";
        config.url = server.url() + "/orders/{id}";
        config.parameters = Json::parse(
            R"({"type": "object", "properties": {"id": {"type": "string"}, "note": {"type": "string"}}, "required": ["id"]})");
        config.addresses = AddressPolicy::everything();
        config.timeout = milliseconds(5'000);
    }

    ToolOutcome call(const Json& arguments, bool again = false) {
        HttpTool tool(config, threads, client);
        CallContext context;
        context.idempotency_key = "hil-7-answer-1";
        context.again = again;
        return run_task(threads, tool.call(arguments, context));
    }

    test::ScriptedServer server;
    Threads threads{2};
    CurlClient client{threads, 8};
    HttpToolConfig config;
};

TEST_F(HttpToolTest, TheRequestHasItsArgumentsHeadersAndKey) {
    config.method = "POST";
    config.sends_body = true;
    config.headers = {{"X-Token", "secret"}};
    server.on("/orders/17", [](const Seen&) { return Act::json({{"status", "shipped"}}); });
    const ToolOutcome outcome = call({{"id", "17"}, {"note", "n"}});
    EXPECT_FALSE(outcome.is_error);
    EXPECT_EQ(Json::parse(outcome.text), (Json{{"status", "shipped"}}));
    const Seen seen = server.seen("/orders/17").at(0);
    EXPECT_EQ(seen.method, "POST");
    EXPECT_EQ(seen.header("X-Token"), "secret");
    EXPECT_EQ(seen.header("Idempotency-Key"), "hil-7-answer-1");
    EXPECT_EQ(seen.header("Content-Type"), "application/json");
    EXPECT_EQ(seen.json, (Json{{"note", "n"}}));
}

TEST_F(HttpToolTest, ARefusalIsToldToTheModel) {
    server.on("/orders/17", [](const Seen&) { return Act::text("no such order", 404); });
    const ToolOutcome outcome = call({{"id", "17"}});
    EXPECT_TRUE(outcome.is_error);
    EXPECT_EQ(outcome.text, "HTTP 404: no such order");
    EXPECT_EQ(server.seen("/orders/17").size(), 1U);
}

TEST_F(HttpToolTest, ASecretThatIsSaidBackIsHidden) {
    setenv("HIL_TEST_SHOP_TOKEN", "token-of-the-shop", 1);
    std::vector<std::string> missing;
    config.headers = with_secrets(WebTexts{{"X-Token", "${HIL_TEST_SHOP_TOKEN}"}}, missing);
    unsetenv("HIL_TEST_SHOP_TOKEN");
    server.on("/orders/17",
              [](const Seen& seen) { return Act::text("bad token " + seen.header("X-Token"), 401); });
    const ToolOutcome outcome = call({{"id", "17"}});
    EXPECT_TRUE(outcome.text.starts_with("HTTP 401: bad token ")) << outcome.text;
    EXPECT_EQ(outcome.text.find("token-of-the-shop"), std::string::npos) << outcome.text;
}

TEST_F(HttpToolTest, ARedirectIsNotFollowed) {
    config.retries = 2;
    server.on("/orders/17",
              [&](const Seen&) { return Act::text("", 302).header("Location", server.url() + "/inside"); });
    EXPECT_TRUE(call({{"id", "17"}}).is_error);
    EXPECT_EQ(server.seen("/inside").size(), 0U);
}

TEST_F(HttpToolTest, AServerInTroubleIsAskedAgainWithTheSameKey) {
    config.retries = 2;
    int count = 0;
    server.on("/orders/17",
              [&](const Seen&) { return ++count < 3 ? Act::text("busy", 503) : Act::text("fine", 200); });
    EXPECT_EQ(call({{"id", "17"}}).text, "fine");
    ASSERT_EQ(server.seen("/orders/17").size(), 3U);
    for (const Seen& seen : server.seen("/orders/17"))
        EXPECT_EQ(seen.header("Idempotency-Key"), "hil-7-answer-1");
}

TEST_F(HttpToolTest, WithoutRetriesItIsAskedOnce) {
    server.on("/orders/17", [](const Seen&) { return Act::text("busy", 503); });
    EXPECT_EQ(call({{"id", "17"}}).text, "HTTP 503: busy");
    EXPECT_EQ(server.seen("/orders/17").size(), 1U);
}

// It may still be at the request of the attempt before: what that gives is waited for.
TEST_F(HttpToolTest, AKeyThatIsInUseIsAskedForAgainByALaterAttempt) {
    int count = 0;
    server.on("/orders/17", [&](const Seen&) {
        return ++count < 3 ? Act::text("in use", 409) : Act::text("refunded", 200);
    });
    EXPECT_EQ(call({{"id", "17"}}, /*again=*/true).text, "refunded");
    count = 0;
    EXPECT_EQ(call({{"id", "17"}}).text, "HTTP 409: in use") << "a first attempt is refused";
}

TEST_F(HttpToolTest, OfAKeyThatStaysInUseTheEffectIsNotKnown) {
    config.timeout = milliseconds(900);
    server.on("/orders/17", [](const Seen&) { return Act::text("in use", 409); });
    const ToolOutcome outcome = call({{"id", "17"}}, /*again=*/true);
    EXPECT_TRUE(outcome.is_error);
    EXPECT_EQ(outcome.text, "HTTP 409: in use\n[it is not known whether the call had an effect]");
    EXPECT_GT(server.seen("/orders/17").size(), 1U);
}

TEST_F(HttpToolTest, NoRetryGoesBeyondTheTimeOfTheCall) {
    config.retries = 5;
    server.on("/orders/17", [](const Seen&) { return Act::text("busy", 429).header("Retry-After", "60"); });
    EXPECT_TRUE(call({{"id", "17"}}).is_error);
    EXPECT_EQ(server.seen("/orders/17").size(), 1U);
}

TEST_F(HttpToolTest, ASilentServerIsGivenUp) {
    config.timeout = milliseconds(150);
    server.on("/orders/17", [](const Seen&) { return Act::silence(); });
    const ToolOutcome outcome = call({{"id", "17"}});
    EXPECT_TRUE(outcome.is_error);
    EXPECT_TRUE(outcome.text.starts_with("no answer: ")) << outcome.text;
}

TEST_F(HttpToolTest, ALongResultIsCut) {
    config.max_result_bytes = 256;
    server.on("/orders/17", [](const Seen&) { return Act::text(std::string(10'000, 'x'), 200); });
    const ToolOutcome outcome = call({{"id", "17"}});
    EXPECT_FALSE(outcome.is_error);
    EXPECT_TRUE(outcome.text.starts_with(std::string(256, 'x') + "\n[cut: only the first 256 of 10000"));
}

TEST_F(HttpToolTest, PrivateAddressesAreRefusedUnlessTheyAreAllowed) {
    config.addresses = AddressPolicy::public_only();
    server.on("/orders/17", [](const Seen&) { return Act::text("inside", 200); });
    const std::string port = std::to_string(server.port());
    for (const std::string host :
         {"127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "0.0.0.0"}) {
        config.url = std::string("http://").append(host).append(":").append(port).append("/orders/{id}");
        const ToolOutcome outcome = call({{"id", "17"}});
        EXPECT_TRUE(outcome.is_error) << host;
        EXPECT_NE(outcome.text.find("not allowed"), std::string::npos) << host << ": " << outcome.text;
    }
    EXPECT_EQ(server.seen("/orders/17").size(), 0U);
}

TEST_F(HttpToolTest, AnArgumentThatLeadsElsewhereIsAMistakeOfTheModel) {
    const ToolOutcome outcome = call({{"id", ".."}});
    EXPECT_TRUE(outcome.is_error);
    EXPECT_TRUE(outcome.text.starts_with("arguments: ")) << outcome.text;
}

}  // namespace
}  // namespace hil::worker

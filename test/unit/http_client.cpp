// The HTTP client against a real server: late, slow, cut off and hostile replies, and addresses that are
// refused.
#include <gtest/gtest.h>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <asio/system_error.hpp>
#include <set>
#include <thread>

#include "http/curl_client.hpp"
#include "scripted/server.hpp"
#include "task_support.hpp"

namespace hil::worker {
namespace {

using std::chrono::milliseconds;
using test::Act;
using test::Seen;
using Kind = HttpError::Kind;

class HttpClientTest : public testing::Test {
  protected:
    HttpRequest request(const std::string& path, const std::string& body = "{}") const {
        HttpRequest request;
        request.url = server.url() + path;
        request.body = body;
        request.headers = {{"Content-Type", "application/json"}};
        request.addresses = local;
        return request;
    }

    HttpReply send(HttpRequest request) { return run_task(threads, client.send(std::move(request))); }

    Kind failure(HttpRequest request, std::string* message = nullptr) {
        try {
            send(std::move(request));
        } catch (const HttpError& error) {
            if (message != nullptr) *message = error.what();
            return error.kind;
        }
        throw std::runtime_error("it did not fail");
    }

    const std::shared_ptr<const AddressPolicy> local =
        std::make_shared<const AddressPolicy>(std::vector{Network::parse("127.0.0.0/8").value()});
    test::ScriptedServer server;
    Threads threads{2};
    CurlClient client{threads, 8};
};

TEST_F(HttpClientTest, SendsWhatItIsGivenAndReadsTheReply) {
    server.on("/x", [](const Seen&) {
        return Act::json({{"ok", true}}, 201).header("X-Request-Id", "r1").header("Retry-After", "3");
    });
    HttpRequest given = request("/x?a=1", R"({"question": "\u00fc"})");
    given.headers.emplace_back("X-Own", "  value");
    const HttpReply reply = send(given);
    EXPECT_EQ(reply.status, 201);
    EXPECT_EQ(reply.body, R"({"ok":true})");
    EXPECT_EQ(reply.header("x-request-id"), "r1");
    EXPECT_EQ(reply.header("retry-after"), "3");
    EXPECT_EQ(reply.header("none"), std::nullopt);
    const Seen seen = server.seen("/x").at(0);
    EXPECT_EQ(seen.method, "POST");
    EXPECT_EQ(seen.body, given.body);
    EXPECT_EQ(seen.header("Content-Type"), "application/json");
    EXPECT_EQ(seen.header("User-Agent"), "hil-worker");
    EXPECT_EQ(seen.header("X-Own"), "value");
    EXPECT_EQ(seen.headers.count("Expect"), 0U);
}

TEST_F(HttpClientTest, KnowsTheMethods) {
    server.on("/m", [](const Seen& seen) { return Act::text(seen.method + " " + seen.body, 200); });
    for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
        HttpRequest given = request("/m", "");
        given.method = method;
        EXPECT_EQ(send(given).body, std::string(method) + " ");
        if (given.method == "GET") continue;  // the server reads none there
        given.body = "b";
        EXPECT_EQ(send(given).body, std::string(method) + " b");
    }
}

TEST_F(HttpClientTest, WaitsForAReplyThatIsLateOrComesInPieces) {
    server.on("/late", [](const Seen&) { return Act::text("late", 200).after(milliseconds(150)); });
    const HttpReply reply = send(request("/late"));
    EXPECT_EQ(reply.body, "late");
    EXPECT_GE(reply.took, milliseconds(140));
    server.on("/drip", [](const Seen&) { return Act::text("piece by piece", 200).drip(3, milliseconds(5)); });
    EXPECT_EQ(send(request("/drip")).body, "piece by piece");
}

TEST_F(HttpClientTest, TellsWhichTimeIsOver) {
    server.on("/silent", [](const Seen&) { return Act::silence(); });
    std::string message;
    HttpRequest given = request("/silent");
    given.timeouts = {milliseconds(1000), milliseconds(100), milliseconds(5000)};
    EXPECT_EQ(failure(given, &message), Kind::first_byte);
    EXPECT_EQ(message, "no answer within 0.1 s");
    // The headers come at once, the rest never ends: only the whole time is over.
    server.on("/endless",
              [](const Seen&) { return Act::text(std::string(1000, 'x'), 200).drip(1, milliseconds(50)); });
    given.url = server.url() + "/endless";
    given.timeouts.total = milliseconds(400);
    EXPECT_EQ(failure(given, &message), Kind::total);
    EXPECT_EQ(message, "not finished within 0.4 s");
}

TEST_F(HttpClientTest, TellsAConnectionThatWasCutFromOneThatWasRefused) {
    server.on("/cut", [](const Seen&) { return Act::text("0123456789", 200).cut(4); });
    EXPECT_EQ(failure(request("/cut")), Kind::cut);
    std::string message;
    server.down();
    EXPECT_EQ(failure(request("/cut"), &message), Kind::connect);
    EXPECT_EQ(message, "connection refused");
    server.up();
    EXPECT_EQ(failure(request("/cut")), Kind::cut);
    HttpRequest unknown = request("/cut");
    unknown.url = "http://no-such-host.invalid/";
    EXPECT_EQ(failure(unknown), Kind::resolve);
}

TEST_F(HttpClientTest, RefusesAReplyThatIsTooLarge) {
    server.on("/large", [](const Seen&) { return Act::text(std::string(5 << 20, 'x'), 200); });
    EXPECT_EQ(failure(request("/large")), Kind::too_large);
    HttpRequest given = request("/large");
    given.max_reply_bytes = 5 << 20;
    EXPECT_EQ(send(given).body.size(), std::size_t{5 << 20});
    server.on("/headers", [](const Seen&) {
        Act act = Act::text("", 200);
        for (int i = 0; i < 20; ++i) act.header("X-" + std::to_string(i), std::string(4000, 'x'));
        return act;
    });
    EXPECT_EQ(failure(request("/headers")), Kind::too_large);
}

TEST_F(HttpClientTest, HandsOverTheBodyPieceByPieceUntilItIsEnough) {
    server.on("/stream",
              [](const Seen&) { return Act::text(std::string(1000, 'x'), 200).drip(10, milliseconds(1)); });
    std::size_t received = 0;
    HttpRequest given = request("/stream");
    std::set<std::thread::id> on;
    given.on_data = [&](std::string_view bytes) {
        on.insert(std::this_thread::get_id());
        return (received += bytes.size()) < 50;
    };
    const HttpReply reply = send(given);
    EXPECT_FALSE(on.contains(std::this_thread::get_id())) << "other requests would wait for what it does";
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "");
    EXPECT_GE(received, 50U);
    EXPECT_LT(received, 1000U);
}

TEST_F(HttpClientTest, WhatGoesWrongAfterItWasEnoughChangesNothing) {
    server.on("/cut", [](const Seen&) { return Act::text(std::string(1000, 'x'), 200).cut(100); });
    HttpRequest given = request("/cut");
    std::size_t received = 0;
    given.on_data = [&](std::string_view bytes) { return (received += bytes.size()) < 100; };
    EXPECT_EQ(send(given).status, 200);
    received = 0;
    given.on_data = [&](std::string_view bytes) { return (received += bytes.size()) < 101; };
    EXPECT_EQ(failure(given), Kind::cut);
}

TEST_F(HttpClientTest, FollowsNoRedirect) {
    server.on("/from", [](const Seen&) { return Act::text("", 302).header("Location", "/to"); });
    EXPECT_EQ(send(request("/from")).status, 302);
    EXPECT_TRUE(server.seen("/to").empty());
}

TEST_F(HttpClientTest, RefusesAddressesInEveryNotation) {
    server.on("/x", [](const Seen&) { return Act::text("", 200); });
    const std::string port = ":" + std::to_string(server.port()) + "/x";
    for (const std::string host :
         {"127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]", "[::1]",
          "169.254.169.254", "0", "[::ffff:a9fe:a9fe]"}) {
        HttpRequest given = request("/x");
        given.url = "http://" + host;
        given.url += port;
        given.addresses = AddressPolicy::public_only();
        std::string message;
        EXPECT_EQ(failure(given, &message), Kind::address_refused) << host;
        EXPECT_NE(message.find("is not allowed"), std::string::npos) << message;
    }
    EXPECT_TRUE(server.seen("/x").empty());
}

TEST_F(HttpClientTest, AConnectionOfAnotherPolicyIsNoWayAround) {
    server.on("/x", [](const Seen&) { return Act::text("", 200); });
    EXPECT_EQ(send(request("/x")).status, 200);
    HttpRequest given = request("/x");
    given.addresses = AddressPolicy::public_only();
    EXPECT_EQ(failure(given), Kind::address_refused);
    EXPECT_EQ(server.seen("/x").size(), 1U);
}

TEST_F(HttpClientTest, RefusesUrlsAndHeadersThatCouldBecomeSomethingElse) {
    HttpRequest given = request("/x");
    given.url = "file:///etc/passwd";
    EXPECT_EQ(failure(given), Kind::bad_url);
    given = request("/x");
    given.headers.emplace_back("X-Own", "a\r\nX-Evil: 1");
    EXPECT_EQ(failure(given), Kind::bad_url);
}

TEST_F(HttpClientTest, EndsATransferThatIsCancelled) {
    server.on("/x", [](const Seen&) { return Act::silence(); });
    asio::cancellation_signal cancel;
    std::exception_ptr error;
    threads.io().restart();
    const asio::any_io_executor strand = threads.new_strand();
    asio::co_spawn(
        strand, client.send(request("/x")),
        asio::bind_cancellation_slot(cancel.slot(), [&](const std::exception_ptr& thrown, const HttpReply&) {
            error = thrown;
            threads.stop();
        }));
    std::thread canceller([&] {
        EXPECT_TRUE(server.waits_for("/x", 1));
        asio::post(strand, [&] { cancel.emit(asio::cancellation_type::terminal); });
    });
    threads.run();
    canceller.join();
    EXPECT_THROW(std::rethrow_exception(error), asio::system_error);
}

// Two hundred requests wait at once on one thread, and all of them end.
TEST_F(HttpClientTest, ManyRequestsWaitAtOnce) {
    test::ScriptedServer large(220);
    large.on("/x", [](const Seen& seen) { return Act::text(seen.body, 200); });
    large.hold();
    std::atomic<int> ended{0};
    threads.io().restart();
    for (int i = 0; i < 200; ++i) {
        HttpRequest given = request("/x", std::to_string(i));
        given.url = large.url() + "/x";
        asio::co_spawn(threads.new_strand(), client.send(given),
                       [&, i](const std::exception_ptr& error, const HttpReply& reply) {
                           EXPECT_FALSE(error);
                           EXPECT_EQ(reply.body, std::to_string(i));
                           if (++ended == 200) threads.stop();
                       });
    }
    std::thread releaser([&] {
        EXPECT_TRUE(large.waits_for("/x", 200));
        large.release();
    });
    threads.run();
    releaser.join();
    EXPECT_EQ(ended, 200);
}

}  // namespace
}  // namespace hil::worker

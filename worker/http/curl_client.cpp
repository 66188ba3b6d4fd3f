#include "http/curl_client.hpp"

#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/system_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <utility>

#include "elsewhere.hpp"
#include "http/curl_loop.hpp"
#include "http/curl_transfer.hpp"

namespace hil::worker {
namespace {

// On the I/O thread.
Task<HttpOutcome> perform(std::shared_ptr<CurlLoop> loop, HttpRequest request,
                          std::shared_ptr<BodyPieces> pieces) {
    const auto transfer = std::make_shared<CurlTransfer>(loop->executor(), std::move(request), pieces);
    if (pieces)
        pieces->when_enough([executor = loop->executor(), weak = std::weak_ptr(transfer)] {
            asio::post(executor, [weak] {
                if (const auto alive = weak.lock()) alive->finish(CURLE_OK);
            });
        });
    const CurlLoop::Stay stay(*loop, transfer);
    asio::error_code error;
    co_await transfer->finished().async_wait(asio::redirect_error(asio::use_awaitable, error));
    if (!transfer->has_finished()) throw asio::system_error(asio::error::operation_aborted);
    co_return transfer->outcome();
}

}  // namespace

CurlClient::CurlClient(Threads& threads, int max_connections)
    : threads_(threads), loop_(std::make_shared<CurlLoop>(threads.io(), max_connections)) {}

CurlClient::~CurlClient() = default;

Task<HttpReply> CurlClient::send(HttpRequest request) {
    std::shared_ptr<BodyPieces> pieces;
    if (request.on_data) {
        const asio::any_io_executor here = co_await asio::this_coro::executor;
        pieces = std::make_shared<BodyPieces>(here, std::exchange(request.on_data, nullptr));
    }
    Task<HttpOutcome> task = perform(loop_, std::move(request), pieces);
    HttpOutcome outcome =
        co_await elsewhere(asio::any_io_executor(threads_.io().get_executor()), std::move(task));
    // An error that came after what was wanted is none.
    if (outcome.error && !(pieces && pieces->has_enough())) throw *outcome.error;
    co_return std::move(outcome.reply);
}

}  // namespace hil::worker

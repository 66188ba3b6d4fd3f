#include "http/curl_client.hpp"

#include <asio/error.hpp>
#include <asio/redirect_error.hpp>
#include <asio/system_error.hpp>
#include <asio/use_awaitable.hpp>

#include "elsewhere.hpp"
#include "http/curl_loop.hpp"
#include "http/curl_transfer.hpp"

namespace hil::worker {
namespace {

// On the I/O thread.
Task<HttpReply> perform(std::shared_ptr<CurlLoop> loop, HttpRequest request) {
    const auto transfer = std::make_shared<CurlTransfer>(loop->executor(), std::move(request));
    const CurlLoop::Stay stay(*loop, transfer);
    asio::error_code error;
    co_await transfer->finished().async_wait(asio::redirect_error(asio::use_awaitable, error));
    if (!transfer->has_finished()) throw asio::system_error(asio::error::operation_aborted);
    co_return transfer->result();
}

}  // namespace

CurlClient::CurlClient(Threads& threads, int max_connections)
    : threads_(threads), loop_(std::make_shared<CurlLoop>(threads.io(), max_connections)) {}

CurlClient::~CurlClient() = default;

Task<HttpReply> CurlClient::send(HttpRequest request) {
    Task<HttpReply> task = perform(loop_, std::move(request));
    co_return co_await elsewhere(asio::any_io_executor(threads_.io().get_executor()), std::move(task));
}

}  // namespace hil::worker

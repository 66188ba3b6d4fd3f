// One request on its way through libcurl.
#pragma once

#include <curl/curl.h>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>

#include "http/body_pieces.hpp"
#include "http/client.hpp"

namespace hil::worker {

// What came of a request: with an error, the reply is as far as it came.
struct HttpOutcome {
    HttpReply reply;
    std::optional<HttpError> error;
};

// Belongs to the I/O thread.
class CurlTransfer : public std::enable_shared_from_this<CurlTransfer> {
  public:
    // Throws HttpError for a request that cannot be sent. `pieces`: get the body, where there are any.
    CurlTransfer(const asio::io_context::executor_type& executor, HttpRequest request,
                 std::shared_ptr<BodyPieces> pieces);
    CurlTransfer(const CurlTransfer&) = delete;
    CurlTransfer& operator=(const CurlTransfer&) = delete;

    CURL* easy() { return easy_.get(); }

    // Starts the time within which the reply has to begin.
    void start();

    // Never expires; waiting for it ends when the transfer has finished.
    asio::steady_timer& finished() { return finished_; }
    bool has_finished() const { return has_finished_; }
    void finish(CURLcode code);

    // After it has finished.
    HttpOutcome outcome();

  private:
    using Clock = std::chrono::steady_clock;
    struct EasyDeleter {
        void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
    };
    struct ListDeleter {
        void operator()(curl_slist* list) const { curl_slist_free_all(list); }
    };

    static curl_socket_t on_open(void* self, curlsocktype, curl_sockaddr* address);
    static int on_connected(void* self, char* peer, char*, int, int);
    static std::size_t on_header(char* data, std::size_t, std::size_t bytes, void* self);
    static std::size_t on_body(char* data, std::size_t, std::size_t bytes, void* self);

    void set_options();
    void set_body();
    void set_headers();
    bool take_header(std::string_view line);
    bool take_body(std::string_view bytes);
    void fail(HttpError::Kind kind, const std::string& message);
    HttpError error_of(CURLcode code) const;
    HttpError timeout_error() const;

    HttpRequest request_;
    const std::shared_ptr<BodyPieces> pieces_;
    HttpReply reply_;
    const Clock::time_point start_ = Clock::now();
    std::unique_ptr<CURL, EasyDeleter> easy_;
    std::unique_ptr<curl_slist, ListDeleter> headers_;
    asio::steady_timer finished_, first_byte_;
    std::size_t header_bytes_ = 0, body_bytes_ = 0;
    bool has_finished_ = false;
    std::optional<HttpError> error_;  // found by ourselves; libcurl only tells that it was stopped
    std::optional<CURLcode> code_;
    char details_[CURL_ERROR_SIZE] = "";
};

}  // namespace hil::worker

// Sends HTTP requests.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async.hpp"
#include "http/address_policy.hpp"

namespace hil::worker {

using Headers = std::vector<std::pair<std::string, std::string>>;

// All three count from the request's start.
struct HttpTimeouts {
    std::chrono::milliseconds connect{5'000}, first_byte{60'000}, total{120'000};
};

struct HttpRequest {
    std::string method = "POST", url, body;
    Headers headers;
    HttpTimeouts timeouts;
    std::size_t max_reply_bytes = 4 << 20;           // after decompression
    std::shared_ptr<const AddressPolicy> addresses;  // required
    // Takes the reply's body piece by piece, on the caller's executor, which runs one thing at a time; false:
    // that is enough, and the transfer ends well. Without it the body is in the reply.
    std::function<bool(std::string_view)> on_data;
};

struct HttpReply {
    long status = 0;
    std::string body;
    Headers headers;
    std::chrono::milliseconds took{0};

    // The first header of this name, in any case.
    std::optional<std::string> header(std::string_view name) const;
};

// No reply.
class HttpError : public std::runtime_error {
  public:
    enum class Kind { address_refused, resolve, connect, tls, first_byte, total, cut, too_large, bad_url };

    HttpError(Kind kind, const std::string& message) : std::runtime_error(message), kind(kind) {}

    const Kind kind;

    // The same request may succeed later.
    bool retryable() const;
};

// Thread-safe.
class HttpClient {
  public:
    virtual ~HttpClient() = default;

    // Follows no redirects. Comes back to the caller's executor; a cancelled transfer is ended at once.
    // Throws HttpError.
    virtual Task<HttpReply> send(HttpRequest request) = 0;
};

}  // namespace hil::worker

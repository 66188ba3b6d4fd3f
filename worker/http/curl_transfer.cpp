#include "http/curl_transfer.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <strings.h>

#include <algorithm>
#include <cstring>

#include "core/text.hpp"
#include "http/url.hpp"

namespace hil::worker {
namespace {

constexpr std::size_t max_header_bytes = 64 << 10;

std::string in_seconds(std::chrono::milliseconds time) {
    return number_text(static_cast<double>(time.count()) / 1000) + " s";
}

// What could begin another header, or another request.
bool breaks_line(const std::string& text) {
    return text.find_first_of(std::string("\r\n\0", 3)) != text.npos;
}

bool is(const std::string& name, const char* other) { return strcasecmp(name.c_str(), other) == 0; }

}  // namespace

CurlTransfer::CurlTransfer(const asio::io_context::executor_type& executor, HttpRequest request,
                           std::shared_ptr<BodyPieces> pieces)
    : request_(std::move(request)),
      pieces_(std::move(pieces)),
      easy_(curl_easy_init()),
      finished_(executor, asio::steady_timer::time_point::max()),
      first_byte_(executor) {
    if (!easy_) throw std::bad_alloc();
    if (!request_.addresses) request_.addresses = AddressPolicy::public_only();
    if (const std::string problem = url_problem(request_.url); !problem.empty())
        throw HttpError(HttpError::Kind::bad_url, "the URL " + problem);
    set_options();
    set_body();
    set_headers();
}

void CurlTransfer::set_options() {
    CURL* const easy = easy_.get();
    curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, details_);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // a resolver that hangs holds up nobody
    curl_easy_setopt(easy, CURLOPT_URL, request_.url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    // A proxy of the environment would connect in our place, where nobody checks addresses.
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "hil-worker");
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.timeouts.connect.count()));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request_.timeouts.total.count()));
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, this);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
}

void CurlTransfer::set_body() {
    CURL* const easy = easy_.get();
    const bool has_body = !request_.body.empty() || request_.method == "POST" || request_.method == "PUT" ||
                          request_.method == "PATCH";
    if (has_body) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request_.body.c_str());
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

void CurlTransfer::set_headers() {
    // libcurl would ask large requests to wait for a word of the server, and call every body a form.
    std::vector<std::string> lines = {"Expect:"};
    const auto named = [](const auto& header) { return is(header.first, "Content-Type"); };
    if (std::none_of(request_.headers.begin(), request_.headers.end(), named))
        lines.emplace_back("Content-Type:");
    for (const auto& [name, value] : request_.headers) {
        if (breaks_line(name) || breaks_line(value))
            throw HttpError(HttpError::Kind::bad_url,
                            "the header " + one_line(name, 100) + " holds a line end");
        std::string& line = lines.emplace_back(name);
        line += value.empty() ? ";" : ": ";
        line += value;
    }
    for (const std::string& line : lines) {
        curl_slist* const longer = curl_slist_append(headers_.get(), line.c_str());
        if (longer == nullptr) throw std::bad_alloc();
        static_cast<void>(headers_.release());
        headers_.reset(longer);
    }
    curl_easy_setopt(easy_.get(), CURLOPT_HTTPHEADER, headers_.get());
}

void CurlTransfer::start() {
    first_byte_.expires_at(start_ + request_.timeouts.first_byte);
    first_byte_.async_wait([weak = weak_from_this()](asio::error_code error) {
        const auto alive = weak.lock();
        if (error || !alive || alive->header_bytes_ > 0 || alive->has_finished_) return;
        alive->fail(HttpError::Kind::first_byte,
                    "no answer within " + in_seconds(alive->request_.timeouts.first_byte));
    });
}

curl_socket_t CurlTransfer::on_open(void* self, curlsocktype, curl_sockaddr* address) {
    auto& transfer = *static_cast<CurlTransfer*>(self);
    if (!transfer.request_.addresses->allows(address->addr)) {
        transfer.error_.emplace(HttpError::Kind::address_refused,
                                "address " + address_text(address->addr) + " is not allowed (allow_private)");
        return CURL_SOCKET_BAD;
    }
    transfer.error_.reset();  // a name can have other addresses
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

int CurlTransfer::on_connected(void* self, char* peer, char*, int, int) {
    auto& transfer = *static_cast<CurlTransfer*>(self);
    const std::string text = std::string(peer).substr(0, std::string_view(peer).find('%'));
    sockaddr_in four{};
    sockaddr_in6 six{};
    four.sin_family = AF_INET;
    six.sin6_family = AF_INET6;
    const sockaddr* address = nullptr;
    if (inet_pton(AF_INET, text.c_str(), &four.sin_addr) == 1)
        address = reinterpret_cast<const sockaddr*>(&four);
    if (inet_pton(AF_INET6, text.c_str(), &six.sin6_addr) == 1)
        address = reinterpret_cast<const sockaddr*>(&six);
    if (address != nullptr && transfer.request_.addresses->allows(*address)) return CURL_PREREQFUNC_OK;
    transfer.error_.emplace(HttpError::Kind::address_refused,
                            "address " + text + " is not allowed (allow_private)");
    return CURL_PREREQFUNC_ABORT;
}

std::size_t CurlTransfer::on_header(char* data, std::size_t, std::size_t bytes, void* self) {
    return static_cast<CurlTransfer*>(self)->take_header({data, bytes}) ? bytes : 0;
}

std::size_t CurlTransfer::on_body(char* data, std::size_t, std::size_t bytes, void* self) {
    return static_cast<CurlTransfer*>(self)->take_body({data, bytes}) ? bytes : bytes + 1;
}

bool CurlTransfer::take_header(std::string_view line) {
    first_byte_.cancel();
    header_bytes_ += line.size();
    if (header_bytes_ > max_header_bytes) {
        error_.emplace(HttpError::Kind::too_large,
                       "the reply's headers have more than " + std::to_string(max_header_bytes) + " bytes");
        return false;
    }
    if (line.starts_with("HTTP/")) reply_.headers.clear();  // those before were of an interim reply
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos)
        reply_.headers.emplace_back(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
    return true;
}

bool CurlTransfer::take_body(std::string_view bytes) {
    body_bytes_ += bytes.size();
    if (body_bytes_ > request_.max_reply_bytes) {
        error_.emplace(HttpError::Kind::too_large,
                       "the reply has more than " + std::to_string(request_.max_reply_bytes) + " bytes");
        return false;
    }
    if (pieces_) {
        pieces_->add(bytes);
    } else {
        reply_.body += bytes;
    }
    return true;
}

void CurlTransfer::finish(CURLcode code) {
    if (has_finished_) return;
    code_ = code;
    has_finished_ = true;
    finished_.cancel();
}

void CurlTransfer::fail(HttpError::Kind kind, const std::string& message) {
    error_.emplace(kind, message);
    has_finished_ = true;
    finished_.cancel();
}

HttpOutcome CurlTransfer::outcome() {
    HttpOutcome outcome;
    if (code_ != CURLE_OK) outcome.error.emplace(error_ ? *error_ : error_of(code_.value_or(CURLE_OK)));
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &reply_.status);
    reply_.took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start_);
    outcome.reply = std::move(reply_);
    return outcome;
}

HttpError CurlTransfer::error_of(CURLcode code) const {
    using Kind = HttpError::Kind;
    const std::string details = *details_ != '\0' ? one_line(details_, 200) : curl_easy_strerror(code);
    long number = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &number);
    switch (code) {
        case CURLE_URL_MALFORMAT:
        case CURLE_UNSUPPORTED_PROTOCOL:
            return {Kind::bad_url, details};
        case CURLE_COULDNT_RESOLVE_HOST:
            return {Kind::resolve, "the name of the host could not be resolved"};
        case CURLE_COULDNT_CONNECT:
            return {Kind::connect,
                    number != 0 ? lower_case(std::strerror(static_cast<int>(number))) : details};
        case CURLE_OPERATION_TIMEDOUT:
            return timeout_error();
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_SSL_INVALIDCERTSTATUS:
            return {Kind::tls, details};
        default:
            return {Kind::cut, details};
    }
}

HttpError CurlTransfer::timeout_error() const {
    if (Clock::now() - start_ >= request_.timeouts.total)
        return {HttpError::Kind::total, "not finished within " + in_seconds(request_.timeouts.total)};
    return {HttpError::Kind::connect, "no connection within " + in_seconds(request_.timeouts.connect)};
}

}  // namespace hil::worker

#include "http/url.hpp"

#include <curl/curl.h>

#include <memory>
#include <stdexcept>

namespace hil::worker {
namespace {

struct Deleter {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
    void operator()(char* text) const { curl_free(text); }
};
using Url = std::unique_ptr<CURLU, Deleter>;

std::string part(const Url& url, CURLUPart which) {
    char* text = nullptr;
    if (curl_url_get(url.get(), which, &text, 0) != CURLUE_OK) return "";
    const std::unique_ptr<char, Deleter> owned(text);
    return text;
}

// A URL, or what is wrong with it.
std::pair<Url, std::string> parsed(const std::string& text) {
    Url url(curl_url());
    if (!url) throw std::bad_alloc();
    // The parser leaves a space or a control character where it is, and the request line would break there.
    for (const char c : text)
        if (static_cast<unsigned char>(c) <= ' ' || c == '\x7f')
            return {nullptr, "holds a space or a control character"};
    if (text.find("://") == std::string::npos) return {nullptr, "must begin with http:// or https://"};
    switch (const CURLUcode code =
                curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_DISALLOW_USER)) {
        case CURLUE_OK:
            break;
        case CURLUE_USER_NOT_ALLOWED:
            return {nullptr, "must not hold a user or a password"};
        default:
            return {nullptr, std::string("is no URL: ") + curl_url_strerror(code)};
    }
    const std::string scheme = part(url, CURLUPART_SCHEME);
    if (scheme != "http" && scheme != "https") return {nullptr, "must begin with http:// or https://"};
    if (text.find('#') != std::string::npos) return {nullptr, "must not hold a fragment (#)"};
    return {std::move(url), ""};
}

}  // namespace

std::string url_problem(const std::string& url) { return parsed(url).second; }

std::string url_with(const std::string& url, std::string_view path,
                     const std::vector<std::pair<std::string, std::string>>& query) {
    const auto [whole, problem] = parsed(url);
    if (!problem.empty()) throw std::invalid_argument("the URL " + problem);
    std::string own_path = part(whole, CURLUPART_PATH);
    while (own_path.ends_with('/')) own_path.pop_back();
    own_path += path;
    curl_url_set(whole.get(), CURLUPART_PATH, own_path.empty() ? "/" : own_path.c_str(), 0);
    for (const auto& [name, value] : query) {
        const std::string both = percent_encoded(name) + "=" + percent_encoded(value);
        curl_url_set(whole.get(), CURLUPART_QUERY, both.c_str(), CURLU_APPENDQUERY);
    }
    return part(whole, CURLUPART_URL);
}

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '-' || c == '.' || c == '_' || c == '~';
        const auto byte = static_cast<unsigned char>(c);
        if (plain) {
            encoded += c;
        } else {
            encoded += '%';
            encoded += digits[byte >> 4U];
            encoded += digits[byte & 15U];
        }
    }
    return encoded;
}

}  // namespace hil::worker

#include "config/web.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "config/secrets.hpp"
#include "core/text.hpp"
#include "http/url.hpp"

namespace hil::worker {
namespace {

constexpr std::array own_headers = {"host",       "content-length", "content-type", "transfer-encoding",
                                    "connection", "expect",         "accept",       "accept-encoding"};

bool is_token_character(char c) {
    constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
}

bool has_control_character(const std::string& text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

// With something plain in the place of each {name}.
std::string without_arguments(const std::string& url) {
    std::string plain;
    for (std::size_t start = 0; start < url.size();) {
        const std::size_t open = std::min(url.find('{', start), url.size());
        const std::size_t close = url.find('}', open);
        plain.append(url, start, open - start);
        if (close == std::string::npos) return plain.append(url, open, std::string::npos);
        plain += 'x';
        start = close + 1;
    }
    return plain;
}

Reader::Take web_texts(Reader& reader, WebTexts& into, bool are_headers) {
    return [&reader, &into, are_headers](const Json& value, const std::string& pointer) {
        reader.named(value, pointer, [&](const std::string& name, const Json& text, const std::string& at) {
            const std::string low = lower_case(name);
            if (are_headers && !is_header_name(name))
                return reader.mistake_at_key(at, "this cannot be the name of a header");
            if (are_headers && std::find(own_headers.begin(), own_headers.end(), low) != own_headers.end())
                return reader.mistake_at_key(at, "the header " + name + " is written by hil itself");
            std::string given;
            reader.text(given)(text, at);
            if (has_control_character(given))
                return reader.mistake(at, "a control character stands in the text");
            into[name] = given;
        });
    };
}

}  // namespace

bool is_header_name(const std::string& text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

Reader::Take addresses(Reader& reader, std::shared_ptr<const AddressPolicy>& into) {
    return [&reader, &into](const Json& value, const std::string& pointer) {
        if (value.is_boolean()) {
            into = value.get<bool>() ? AddressPolicy::everything() : AddressPolicy::public_only();
        } else if (value.is_array()) {
            std::vector<Network> networks;
            for (std::size_t i = 0; i < value.size(); ++i) {
                const auto network =
                    value[i].is_string() ? Network::parse(value[i].get<std::string>()) : std::nullopt;
                if (network)
                    networks.push_back(*network);
                else
                    reader.mistake(pointer_to(pointer, i),
                                   "expected a network such as 10.1.0.0/16 or fd00::/8");
            }
            into = std::make_shared<AddressPolicy>(std::move(networks));
        } else {
            reader.expected("true, false, or a list of networks", value, pointer);
        }
    };
}

Reader::Take web_url(Reader& reader, std::string& into, bool has_arguments) {
    return [&reader, &into, has_arguments](const Json& value, const std::string& pointer) {
        std::string given;
        reader.text(given)(value, pointer);
        if (given.empty()) return;
        const std::string problem = url_problem(has_arguments ? without_arguments(given) : given);
        // One with a user or a query may hold a secret, and what is no URL at all may be one.
        const bool may_be_shown =
            given.find_first_of("@?") == std::string::npos && given.find("://") != std::string::npos;
        if (!problem.empty())
            return reader.mistake(pointer, (may_be_shown ? in_quotes(given) : "the URL") + " " + problem);
        into = given;
    };
}

Reader::Take web_headers(Reader& reader, WebTexts& into) {
    return web_texts(reader, into, /*are_headers=*/true);
}

Reader::Take web_query(Reader& reader, WebTexts& into) {
    return web_texts(reader, into, /*are_headers=*/false);
}

WebTexts with_secrets(const WebTexts& texts, std::vector<std::string>& missing) {
    WebTexts out;
    for (const auto& [name, text] : texts) out[name] = with_secrets(text, missing);
    return out;
}

}  // namespace hil::worker

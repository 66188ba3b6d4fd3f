#include "config/providers.hpp"

#include <algorithm>
#include <array>

#include "config/secrets.hpp"
#include "core/spelling.hpp"
#include "core/text.hpp"

namespace hil::worker {
namespace {

constexpr const char* rules = "rules";
constexpr const char* anthropic_url = "https://api.anthropic.com";

// Members of a request that hil writes itself, and those that would change the shape of the reply.
constexpr std::array own_members = {
    "model", "messages",    "system",          "temperature",   "max_tokens", "max_completion_tokens",
    "tools", "tool_choice", "response_format", "output_config", "stream",     "stream_options",
    "n"};

constexpr const char* not_the_key =
    "name the environment variable that has the key, not the key itself, as in api_key_env: OPENAI_API_KEY";

// Keys are long and mix digits with small letters; names of variables do not.
bool looks_like_key(const std::string& text) {
    constexpr std::size_t shortest_key = 20;
    const auto has = [&](char first, char last) {
        return std::any_of(text.begin(), text.end(), [&](char c) { return c >= first && c <= last; });
    };
    return text.size() >= shortest_key && has('a', 'z') && has('0', '9');
}

Reader::Take variable_name(Reader& reader, std::string& into) {
    return [&reader, &into](const Json& value, const std::string& pointer) {
        const std::string name = value.is_string() ? value.get<std::string>() : "";
        if (!is_variable_name(name) || looks_like_key(name)) return reader.mistake(pointer, not_the_key);
        into = name;
    };
}

Reader::Take provider_headers(Reader& reader, WebTexts& into) {
    return [&reader, &into](const Json& value, const std::string& pointer) {
        web_headers(reader, into)(value, pointer);
        for (const auto& entry : into) {
            const std::string name = lower_case(entry.first);
            if (name == "authorization" || name == "api-key" || name == "x-api-key")
                reader.mistake_at_key(pointer_to(pointer, entry.first), "the key is sent by api_key_env");
        }
    };
}

Reader::Take retry_of(Reader& reader, RetrySettings& retry) {
    return [&](const Json& value, const std::string& pointer) {
        reader.object(value, pointer,
                      {{"budget_seconds", reader.seconds(retry.budget, 0, 3600)},
                       {"first_seconds", reader.seconds(retry.first, 0.01, 3600)},
                       {"longest_seconds", reader.seconds(retry.longest, 0.01, 3600)}});
        if (retry.first > retry.longest)
            reader.mistake(pointer, "longest_seconds must be at least first_seconds");
    };
}

Reader::Take breaker_of(Reader& reader, BreakerSettings& breaker) {
    return [&](const Json& value, const std::string& pointer) {
        reader.object(value, pointer,
                      {{"failures", reader.integer(breaker.failures, 0, 1000)},
                       {"open_seconds", reader.seconds(breaker.open, 0.1, 3600)},
                       {"longest_open_seconds", reader.seconds(breaker.longest_open, 0.1, 3600)}});
        if (breaker.open > breaker.longest_open)
            reader.mistake(pointer, "longest_open_seconds must be at least open_seconds");
    };
}

// A key that is there and wrong has been noted; it is not missing besides.
void check_provider(Reader& reader, const Json& given, ProviderConfig& provider, const std::string& pointer) {
    if (!given.contains("kind")) reader.mistake(pointer, "lacks the key \"kind\"");
    if (provider.name == rules && provider.kind != rules)
        reader.mistake(pointer, "the name rules is taken by the provider that is built in");
    if (provider.base_url.empty() && provider.kind == "anthropic") provider.base_url = anthropic_url;
    if (!given.contains("base_url") && provider.kind == "openai")
        reader.mistake(pointer, "lacks the key \"base_url\", such as https://api.openai.com/v1");
    if (provider.timeouts.first_byte > provider.timeouts.total)
        reader.mistake(pointer, "timeout_seconds must be at least first_byte_timeout_seconds");
}

Reader::Take provider_of(Reader& reader, ProviderConfig& provider) {
    return [&](const Json& given, const std::string& pointer) {
        Json value = given;
        if (value.is_object() && value.erase("api_key") > 0)
            reader.mistake_at_key(pointer_to(pointer, "api_key"), not_the_key);
        reader.object(
            value, pointer,
            {{"kind", reader.one_of(provider.kind, {"openai", "anthropic", rules})},
             {"base_url", web_url(reader, provider.base_url)},
             {"dialect", reader.one_of(provider.dialect, {"openai", "azure", "compatible"})},
             {"api_key_env", variable_name(reader, provider.api_key_env)},
             {"query", web_query(reader, provider.query)},
             {"headers", provider_headers(reader, provider.headers)},
             {"concurrency", reader.integer(provider.concurrency, 1, 5000)},
             {"connect_timeout_seconds", reader.seconds(provider.timeouts.connect, 0.1, 60)},
             {"first_byte_timeout_seconds", reader.seconds(provider.timeouts.first_byte, 0.1, 3600)},
             {"timeout_seconds", reader.seconds(provider.timeouts.total, 0.1, 3600)},
             {"allow_private", addresses(reader, provider.addresses)},
             {"retry", retry_of(reader, provider.retry)},
             {"breaker", breaker_of(reader, provider.breaker)}});
        if (value.is_object()) check_provider(reader, value, provider, pointer);
    };
}

Reader::Take optional_number(Reader& reader, std::optional<double>& into, double least, double most) {
    return [&reader, &into, least, most](const Json& value, const std::string& pointer) {
        double number = least;
        reader.number(number, least, most)(value, pointer);
        into = number;
    };
}

Reader::Take prices_of(Reader& reader, std::optional<Prices>& into) {
    return [&](const Json& value, const std::string& pointer) {
        constexpr double most = 1e6;
        Prices prices;
        reader.object(value, pointer,
                      {{"input", reader.number(prices.input, 0, most)},
                       {"output", reader.number(prices.output, 0, most)},
                       {"cached_input", optional_number(reader, prices.cached_input, 0, most)},
                       {"cache_write", optional_number(reader, prices.cache_write, 0, most)}});
        into = prices;
    };
}

Reader::Take structured_output(Reader& reader, StructuredOutput& into) {
    return [&](const Json& value, const std::string& pointer) {
        std::string name;
        reader.one_of(name, {"json_schema", "tool"})(value, pointer);
        if (!name.empty()) into = name == "tool" ? StructuredOutput::tool : StructuredOutput::json_schema;
    };
}

Reader::Take options_of(Reader& reader, Json& into) {
    return [&](const Json& value, const std::string& pointer) {
        reader.json_object(into)(value, pointer);
        if (!value.is_object()) return;
        for (const char* member : own_members)
            if (value.contains(member))
                reader.mistake_at_key(pointer_to(pointer, member),
                                      std::string(member) + " is written by hil itself");
    };
}

Reader::Take profile_of(Reader& reader, ModelProfile& profile) {
    return [&](const Json& value, const std::string& pointer) {
        reader.object(value, pointer,
                      {{"provider", reader.text(profile.provider)},
                       {"model", reader.text(profile.model)},
                       {"temperature", optional_number(reader, profile.temperature, 0, 2)},
                       {"max_tokens", reader.integer(profile.max_tokens, 1, 1'000'000)},
                       {"structured_output", structured_output(reader, profile.structured_output)},
                       {"repair_attempts", reader.integer(profile.repair_attempts, 0, 5)},
                       {"prices", prices_of(reader, profile.prices)},
                       {"options", options_of(reader, profile.options)}});
    };
}

}  // namespace

void add_provider_keys(Reader& reader, Reader::Keys& keys, std::vector<ProviderConfig>& providers,
                       Catalogue& catalogue) {
    keys["providers"] = [&](const Json& value, const std::string& pointer) {
        reader.named(value, pointer, [&](const std::string& name, const Json& given, const std::string& at) {
            ProviderConfig provider;
            provider.name = name;
            provider_of(reader, provider)(given, at);
            providers.push_back(std::move(provider));
        });
    };
    keys["model_profiles"] = [&](const Json& value, const std::string& pointer) {
        reader.named(value, pointer, [&](const std::string& name, const Json& given, const std::string& at) {
            profile_of(reader, catalogue.model_profiles[name])(given, at);
        });
    };
}

void check_profiles(Reader& reader, const Json& given, const std::vector<ProviderConfig>& providers,
                    const Catalogue& catalogue) {
    const auto profiles = given.find("model_profiles");
    if (profiles == given.end() || !profiles->is_object()) return;
    std::vector<std::string> names = {rules};
    for (const ProviderConfig& provider : providers)
        if (provider.name != rules) names.push_back(provider.name);
    for (const auto& entry : profiles->items()) {
        const ModelProfile& profile = catalogue.model_profiles.at(entry.key());
        const std::string pointer = "/model_profiles" + pointer_to("", entry.key());
        const auto provider =
            std::find_if(providers.begin(), providers.end(),
                         [&](const ProviderConfig& known) { return known.name == profile.provider; });
        if (std::find(names.begin(), names.end(), profile.provider) == names.end()) {
            reader.mistake(pointer + (entry.value().contains("provider") ? "/provider" : ""),
                           "unknown provider " + in_quotes(profile.provider) + "; there are " +
                               listed(names) + did_you_mean(profile.provider, names));
        } else if (provider != providers.end() && provider->kind != rules && profile.model.empty()) {
            reader.mistake(pointer, "lacks the key \"model\"");
        }
    }
}

}  // namespace hil::worker

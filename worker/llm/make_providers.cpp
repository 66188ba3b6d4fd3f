#include "llm/make_providers.hpp"

#include "config/secrets.hpp"
#include "http/url.hpp"
#include "llm/anthropic.hpp"
#include "llm/counted_provider.hpp"
#include "llm/http_provider.hpp"
#include "llm/openai.hpp"
#include "llm/patient_provider.hpp"
#include "llm/rules.hpp"
#include "watch/log.hpp"

namespace hil::worker {
namespace {

OpenAiDialect dialect_of(const std::string& name) {
    if (name == "azure") return OpenAiDialect::azure;
    return name == "compatible" ? OpenAiDialect::compatible : OpenAiDialect::openai;
}

std::unique_ptr<ModelApi> api_of(const ProviderConfig& config) {
    if (config.kind == "anthropic") return std::make_unique<AnthropicApi>();
    return std::make_unique<OpenAiApi>(dialect_of(config.dialect));
}

std::unique_ptr<Provider> http_provider(const ProviderConfig& config, int places, HttpClient& client,
                                        Metrics& metrics) {
    std::vector<std::string> missing;
    std::unique_ptr<ModelApi> api = api_of(config);
    HttpProviderSettings settings;
    settings.name = config.name;
    const WebTexts query = with_secrets(config.query, missing);
    const WebTexts headers = with_secrets(config.headers, missing);
    settings.url = url_with(config.base_url, api->path(), {query.begin(), query.end()});
    settings.headers.assign(headers.begin(), headers.end());
    if (!config.api_key_env.empty()) settings.key = secret(config.api_key_env).value_or("");
    settings.timeouts = config.timeouts;
    settings.addresses = config.addresses;
    auto once = std::make_unique<HttpProvider>(std::move(settings), std::move(api), client);
    auto counted = std::make_unique<CountedProvider>(config.name, std::move(once), metrics);
    return std::make_unique<PatientProvider>(config.name, std::move(counted), config.concurrency, places,
                                             config.retry, config.breaker, metrics);
}

void warn_of_missing_prices(const Config& config) {
    for (const auto& [name, profile] : config.catalogue.model_profiles)
        for (const ProviderConfig& provider : config.providers)
            if (provider.name == profile.provider && provider.kind != "rules" && !profile.prices)
                note(spdlog::level::info, "no_prices",
                     "model profile " + name + " has no prices: its cost counts as 0");
}

}  // namespace

Providers make_providers(const Config& config, const std::optional<std::string>& rules, HttpClient& client,
                         Metrics& metrics) {
    Providers providers;
    const auto new_rules = [&](const std::string& name) {
        auto made =
            rules ? std::make_unique<llm::RulesProvider>(*rules) : std::make_unique<llm::RulesProvider>();
        return std::make_unique<CountedProvider>(name, std::move(made), metrics);
    };
    providers["rules"] = new_rules("rules");
    for (const ProviderConfig& provider : config.providers) {
        if (provider.kind == "rules") {
            providers[provider.name] = new_rules(provider.name);
        } else {
            providers[provider.name] = http_provider(provider, config.waiting_runs, client, metrics);
        }
    }
    warn_of_missing_prices(config);
    return providers;
}

int most_requests(const Config& config) {
    int sum = 0;
    for (const ProviderConfig& provider : config.providers)
        if (provider.kind != "rules") sum += provider.concurrency;
    return sum;
}

}  // namespace hil::worker

// The configuration of providers and model profiles: each key, each refusal, and no secret in any message.
#include <gtest/gtest.h>

#include <cstdlib>

#include "config/config.hpp"
#include "config/providers.hpp"

namespace hil::worker {
namespace {

using std::chrono::milliseconds;
using Texts = std::vector<std::string>;

Config config(const std::string& yaml) {
    ConfigResult result = read_config(yaml, "");
    for (const Mistake& mistake : result.errors) ADD_FAILURE() << mistake.line << ": " << mistake.message;
    return result.config.value_or(Config());
}

Texts mistakes(const std::string& yaml) {
    Texts found;
    for (const Mistake& mistake : read_config(yaml, "").errors)
        found.push_back(std::to_string(mistake.line) + ": " + mistake.message);
    return found;
}

// The one mistake of a provider with these keys.
std::string mistake(const std::string& keys) {
    const Texts found =
        mistakes("providers:\n  p: {kind: openai, base_url: \"https://a.example\", " + keys + "}\n");
    return found.size() == 1 ? found[0].substr(3) : std::to_string(found.size()) + " mistakes";
}

TEST(ConfigProviders, EachKeyIsRead) {
    const Config read = config(R"(
providers:
  openai:
    kind: openai
    base_url: https://api.openai.com/v1
    dialect: azure
    api_key_env: OPENAI_API_KEY
    query: {api-version: "2024-10-21"}
    headers: {OpenAI-Project: "${OPENAI_PROJECT}"}
    concurrency: 7
    connect_timeout_seconds: 1.5
    first_byte_timeout_seconds: 30
    timeout_seconds: 40
    allow_private: ["127.0.0.0/8"]
    retry: {budget_seconds: 10, first_seconds: 0.1, longest_seconds: 2}
    breaker: {failures: 3, open_seconds: 4, longest_open_seconds: 5}
model_profiles:
  fast:
    provider: openai
    model: gpt-4o-mini
    temperature: 0.5
    max_tokens: 1024
    structured_output: tool
    repair_attempts: 5
    prices: {input: 0.15, output: 0.6, cached_input: 0.075, cache_write: 0}
    options: {seed: 7}
)");
    ASSERT_EQ(read.providers.size(), 1U);
    const ProviderConfig& provider = read.providers[0];
    EXPECT_EQ(provider.name, "openai");
    EXPECT_EQ(provider.kind, "openai");
    EXPECT_EQ(provider.base_url, "https://api.openai.com/v1");
    EXPECT_EQ(provider.dialect, "azure");
    EXPECT_EQ(provider.api_key_env, "OPENAI_API_KEY");
    EXPECT_EQ(provider.query, (WebTexts{{"api-version", "2024-10-21"}}));
    EXPECT_EQ(provider.headers, (WebTexts{{"OpenAI-Project", "${OPENAI_PROJECT}"}}));
    EXPECT_EQ(provider.concurrency, 7);
    EXPECT_EQ(provider.timeouts.connect, milliseconds(1500));
    EXPECT_EQ(provider.timeouts.first_byte, milliseconds(30'000));
    EXPECT_EQ(provider.timeouts.total, milliseconds(40'000));
    EXPECT_EQ(provider.retry.budget, milliseconds(10'000));
    EXPECT_EQ(provider.retry.first, milliseconds(100));
    EXPECT_EQ(provider.retry.longest, milliseconds(2'000));
    EXPECT_EQ(provider.breaker.failures, 3);
    EXPECT_EQ(provider.breaker.open, milliseconds(4'000));
    EXPECT_EQ(provider.breaker.longest_open, milliseconds(5'000));
    sockaddr address{};
    address.sa_family = AF_INET;
    address.sa_data[2] = 127;
    EXPECT_TRUE(provider.addresses->allows(address));
    const ModelProfile& fast = read.catalogue.model_profiles.at("fast");
    EXPECT_EQ(fast.provider, "openai");
    EXPECT_EQ(fast.model, "gpt-4o-mini");
    EXPECT_EQ(fast.temperature, 0.5);
    EXPECT_EQ(fast.max_tokens, 1024);
    EXPECT_EQ(fast.structured_output, StructuredOutput::tool);
    EXPECT_EQ(fast.repair_attempts, 5);
    ASSERT_TRUE(fast.prices);
    EXPECT_EQ(fast.prices->input, 0.15);
    EXPECT_EQ(fast.prices->output, 0.6);
    EXPECT_EQ(fast.prices->cached_input, 0.075);
    EXPECT_EQ(fast.prices->cache_write, 0);
    EXPECT_EQ(fast.options, Json({{"seed", 7}}));
    EXPECT_EQ(read.catalogue.model_profiles.at("balanced").provider, "rules");
}

TEST(ConfigProviders, WhatIsLeftOutHasItsDefault) {
    const Config read = config(
        "providers: {claude: {kind: anthropic}, own: {kind: rules}}\n"
        "model_profiles: {balanced: {provider: claude, model: m}, slow: {provider: own}}\n");
    const ProviderConfig& claude = read.providers.at(0);
    EXPECT_EQ(claude.base_url, "https://api.anthropic.com");
    EXPECT_EQ(claude.concurrency, 50);
    EXPECT_EQ(claude.timeouts.connect, milliseconds(5'000));
    EXPECT_EQ(claude.timeouts.first_byte, milliseconds(60'000));
    EXPECT_EQ(claude.timeouts.total, milliseconds(120'000));
    EXPECT_EQ(claude.retry.budget, milliseconds(120'000));
    EXPECT_EQ(claude.breaker.failures, 5);
    sockaddr local{};
    local.sa_family = AF_INET;
    local.sa_data[2] = 127;
    EXPECT_FALSE(claude.addresses->allows(local));
    const ModelProfile& profile = read.catalogue.model_profiles.at("balanced");
    EXPECT_EQ(profile.temperature, std::nullopt);
    EXPECT_EQ(profile.max_tokens, 4096);
    EXPECT_EQ(profile.repair_attempts, 2);
    EXPECT_EQ(profile.structured_output, StructuredOutput::by_provider);
    EXPECT_FALSE(profile.prices);
}

TEST(ConfigProviders, EveryMistakeIsTold) {
    EXPECT_EQ(mistake("headers: {Authorization: x}"), "the key is sent by api_key_env");
    EXPECT_EQ(mistake("headers: {X-Api-Key: x}"), "the key is sent by api_key_env");
    EXPECT_EQ(mistake("headers: {Host: x}"), "the header Host is written by hil itself");
    EXPECT_EQ(mistake("concurrency: 0"), "expected an integer from 1 to 5000, got 0");
    EXPECT_EQ(mistake("timeout_seconds: 30"), "timeout_seconds must be at least first_byte_timeout_seconds");
    EXPECT_EQ(mistake("allow_private: [localhost]"), "expected a network such as 10.1.0.0/16 or fd00::/8");
    EXPECT_EQ(mistake("retry: {first_seconds: 30}"), "longest_seconds must be at least first_seconds");
    EXPECT_EQ(mistake("breaker: {open_seconds: 90}"), "longest_open_seconds must be at least open_seconds");
    EXPECT_TRUE(mistake("proxy: x").starts_with("unknown key \"proxy\"; known here: allow_private, "));
    EXPECT_EQ(
        mistakes("providers:\n  a: {kind: openai}\n  b: {kind: openai, base_url: ftp://x}\n"
                 "  c: {base_url: \"https://a.example\"}\n  rules: {kind: anthropic}\n  d: {kind: ollama}\n"),
        (Texts{"2: lacks the key \"base_url\", such as https://api.openai.com/v1",
               "3: \"ftp://x\" must begin with http:// or https://", "4: lacks the key \"kind\"",
               "5: the name rules is taken by the provider that is built in",
               "6: expected one of openai, anthropic, rules, got ollama"}));
}

TEST(ConfigProviders, ProfilesNameWhatIsThere) {
    EXPECT_EQ(mistakes("providers: {claude: {kind: anthropic}}\nmodel_profiles:\n  a: {provider: gpt}\n"
                       "  b: {provider: claude}\n  c: {provider: rules}\n"
                       "  d: {provider: claude, model: m, options: {stream: true, top_k: 1}}\n"
                       "  e: {provider: claude, model: m, temperature: 3}\n"),
              (Texts{"3: unknown provider \"gpt\"; there are rules, claude", "4: lacks the key \"model\"",
                     "6: stream is written by hil itself", "7: expected a number from 0 to 2, got 3"}));
}

TEST(ConfigProviders, AKeyInTheFileIsRefusedAndNotRepeated) {
    for (const std::string key :
         {"sk-proj-0123456789abcdef", "abc def", "0123", "gsk_0123456789abcdefghij"}) {
        const std::string told = mistake("api_key_env: \"" + key + "\"");
        EXPECT_EQ(told,
                  "name the environment variable that has the key, not the key itself, as in api_key_env: "
                  "OPENAI_API_KEY");
    }
    const std::string told = mistake("base_url2: \"https://user:hunter2@a.example\"");
    EXPECT_EQ(told.find("hunter2"), std::string::npos);
    const Texts url =
        mistakes("providers: {p: {kind: openai, base_url: \"https://user:hunter2@a.example\"}}\n");
    for (const std::string& text : url) EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
}

TEST(ConfigProviders, AKeyUnderApiKeyIsAnsweredAndNotRepeated) {
    const std::string told = mistake("api_key: hunter2");
    EXPECT_TRUE(told.starts_with("name the environment variable that has the key")) << told;
}

TEST(ConfigProviders, WhatIsWrongIsShownAndNotCalledMissing) {
    EXPECT_EQ(mistakes("providers:\n  p: {kind: openai, base_url: ftp://x}\n"),
              Texts{"2: \"ftp://x\" must begin with http:// or https://"});
    EXPECT_EQ(mistakes("providers:\n  p: {kind: openai, base_url: api.openai.com/v1}\n"),
              Texts{"2: the URL must begin with http:// or https://"});
    EXPECT_EQ(mistakes("providers:\n  p: {kind: opnai, base_url: \"https://x\"}\n"),
              Texts{"2: expected one of openai, anthropic, rules, got opnai; did you mean openai?"});
}

}  // namespace
}  // namespace hil::worker

// A language model behind an HTTP API.
#pragma once

#include <memory>
#include <string>

#include "http/client.hpp"
#include "llm/model_api.hpp"

namespace hil::worker {

struct HttpProviderSettings {
    std::string name;  // as the configuration calls it
    std::string url;   // with path and query
    std::string key;   // empty: none is sent
    Headers headers;   // besides those of the API
    HttpTimeouts timeouts;
    std::shared_ptr<const AddressPolicy> addresses;
};

// Sends each question once. What it refers to outlives it.
class HttpProvider : public Provider {
  public:
    HttpProvider(HttpProviderSettings settings, std::unique_ptr<ModelApi> api, HttpClient& client)
        : settings_(std::move(settings)), api_(std::move(api)), client_(client) {}

    Task<Reply> ask(const Question& question) override;

  private:
    HttpRequest request_of(const Question& question) const;
    Reply reply_of(const Question& question, const HttpReply& reply) const;

    HttpProviderSettings settings_;
    std::unique_ptr<ModelApi> api_;
    HttpClient& client_;
};

}  // namespace hil::worker

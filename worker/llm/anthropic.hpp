// The Messages API of Anthropic.
#pragma once

#include "llm/model_api.hpp"

namespace hil::worker {

class AnthropicApi : public ModelApi {
  public:
    std::string path() const override { return "/v1/messages"; }
    Headers headers(const std::string& key) const override;
    std::string body(const Question& question) const override;
    Reply reply(const Json& body) const override;
};

}  // namespace hil::worker

// The Chat Completions API: OpenAI, Azure OpenAI, and the servers that imitate it.
#pragma once

#include "llm/model_api.hpp"

namespace hil::worker {

enum class OpenAiDialect {
    openai,
    azure,       // the key in another header
    compatible,  // vLLM, llama-server, Ollama: older names, no strict schemas
};

class OpenAiApi : public ModelApi {
  public:
    explicit OpenAiApi(OpenAiDialect dialect) : dialect_(dialect) {}

    std::string path() const override { return "/chat/completions"; }
    Headers headers(const std::string& key) const override;
    std::string body(const Question& question) const override;
    Reply reply(const Json& body) const override;

  private:
    OrderedJson response_format(const Question& question) const;

    OpenAiDialect dialect_;
};

}  // namespace hil::worker

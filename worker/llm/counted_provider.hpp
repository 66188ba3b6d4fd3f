// A provider whose requests are counted.
#pragma once

#include <memory>
#include <string>

#include "llm/model.hpp"

namespace hil::worker {

class Metrics;

// The model as people and metrics call it: a provider without models is its own.
const std::string& name_of(const ModelProfile& profile);

// A failure in one word.
const char* name_of(ProviderError::Kind kind);

// Around any provider. `name`: as the configuration calls it.
class CountedProvider : public Provider {
  public:
    CountedProvider(std::string name, std::unique_ptr<Provider> inner, Metrics& metrics)
        : name_(std::move(name)), inner_(std::move(inner)), metrics_(metrics) {}

    Task<Reply> ask(const Question& question) override;

  private:
    std::string name_;
    std::unique_ptr<Provider> inner_;
    Metrics& metrics_;
};

}  // namespace hil::worker

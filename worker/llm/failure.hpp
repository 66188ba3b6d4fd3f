// What a provider's refusal means: whether the same request may succeed later, and when.
#pragma once

#include <string>

#include "http/client.hpp"
#include "llm/model.hpp"

namespace hil::worker {

// Of a reply whose status is not 200. The text quotes the server, in short and without secrets.
ProviderError failure_of(const std::string& provider, const HttpReply& reply);

ProviderError failure_of(const std::string& provider, const HttpError& error);

// Whether the reply says that a filter stopped the question itself, which Azure does by an error.
bool is_filtered(const HttpReply& reply);

}  // namespace hil::worker

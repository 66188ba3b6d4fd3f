// How one kind of provider is spoken to: requests and replies as pure functions, and nothing of the network.
#pragma once

#include <stdexcept>
#include <string>

#include "http/client.hpp"
#include "llm/model.hpp"

namespace hil::worker {

// The function by which a model gives its answer where the API is not told the schema itself.
inline constexpr const char* final_answer = "final_answer";

// A reply that cannot be understood.
class UnreadableReply : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// Safe to use from several threads.
class ModelApi {
  public:
    virtual ~ModelApi() = default;

    virtual std::string path() const = 0;  // behind the base URL
    // `key` may be empty: then none is sent.
    virtual Headers headers(const std::string& key) const = 0;
    virtual std::string body(const Question& question) const = 0;

    // Reads a reply of status 200. Throws UnreadableReply.
    virtual Reply reply(const Json& body) const = 0;
};

// What the wire formats have in common.

// JSON whose members stay in the order in which they were written.
using OrderedJson = nlohmann::ordered_json;

// A number of tokens, as far as it is one.
long long token_count(const Json& usage, const char* key);

// A turn of another kind of model, retold as a text.
std::string retold(const ModelTurn& turn);

// "Gives the final answer of NODE."
std::string final_answer_description(const std::string& node);

// Makes the last member of a finished reply: what the model called, or its answer.
void conclude(Reply& reply);

// The profile's options as further members of the request, and its text. Broken UTF-8 is replaced.
std::string request_text(OrderedJson request, const Json& options);

}  // namespace hil::worker

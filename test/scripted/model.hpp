// Plays the servers of language models, in the dialects of both APIs, from one script.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "scripted/server.hpp"

namespace hil::test {

// What the model says in one turn.
class Say {
  public:
    static Say answer(const nlohmann::json& output);
    // By its name in the configuration.
    static Say call(std::string tool, const nlohmann::json& arguments);
    // Several calls in one turn, the arguments as the model writes them.
    static Say calls(std::vector<std::pair<std::string, std::string>> calls);
    // Ends for another reason than that all was said: length, content_filter.
    static Say finish(std::string reason);
    static Say refuse(std::string words);
    // Text that is no JSON.
    static Say prose(std::string words);
    static Say status(int status, std::map<std::string, std::string> headers = {}, nlohmann::json body = {});
    // An answer with this usage, whatever its shape.
    static Say lie(const nlohmann::json& usage, const nlohmann::json& output);
    // What must do no harm, turn by turn: unknown tools, arguments that are no JSON or far too deep or large,
    // paths and line ends in arguments, names that are prompts, very many calls.
    static std::vector<Say> hostile();

  private:
    friend class ScriptedModel;
    std::string text_, refusal_, reason_;
    bool answers_ = false;
    std::vector<std::pair<std::string, std::string>> calls_;
    std::optional<nlohmann::json> usage_;
    int status_ = 200;
    std::map<std::string, std::string> headers_;
    nlohmann::json body_;
};

// Thread-safe but for the two members, which are set before the first request.
class ScriptedModel {
  public:
    // What is said to each node, in order; the last one again and again.
    std::map<std::string, std::deque<Say>> by_node;
    // Words of a prompt that tell the node, where the request itself does not.
    std::map<std::string, std::string> node_by_words;

    Act openai(const Seen& seen);
    Act anthropic(const Seen& seen);

    // The node that a request comes from, "" where it cannot be told.
    std::string node_of(const Seen& seen) const;

    // Handles the requests to /v1/chat/completions and to /v1/messages.
    void serve_on(ScriptedServer& server);

  private:
    std::optional<Say> next(const std::string& node);

    std::mutex mutex_;
};

}  // namespace hil::test

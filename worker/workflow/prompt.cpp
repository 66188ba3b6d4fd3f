#include "workflow/prompt.hpp"

#include "core/text.hpp"

namespace hil::worker {
namespace {

std::string text_at(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

void add(std::string& prompt, const std::string& title, const std::string& text) {
    if (is_blank(text)) return;
    if (!prompt.empty()) prompt += "\n\n";
    prompt += title + "\n" + text;
}

}  // namespace

std::string default_prompt(const Json& variables) {
    std::string prompt;
    add(prompt, "Earlier conversations with this customer:", text_at(variables, "memory_context"));
    std::string transcript;
    const auto messages = variables.find("messages");
    if (messages != variables.end() && messages->is_array())
        for (const Json& message : *messages) {
            // These are the customer's message itself, and the model gets each once.
            if (message.value("unanswered", Json(false)) == true) continue;
            const std::string sender = text_at(message, "sender_type");
            transcript += (transcript.empty() ? "" : "\n") + (sender == "user" ? "customer" : sender) + ": " +
                          text_at(message, "content");
        }
    add(prompt, "The conversation so far:", transcript);
    add(prompt, "What the customer writes now:", text_at(variables, "customer_message"));
    return prompt;
}

std::string system_prompt(const std::string& preset, const Json& variables) {
    std::string prompt = preset;
    add(prompt, "A human colleague gave this conversation back to you with these instructions:",
        text_at(variables, "instructions"));
    return prompt;
}

}  // namespace hil::worker

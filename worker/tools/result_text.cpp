#include "tools/result_text.hpp"

#include "config/secrets.hpp"
#include "core/text.hpp"

namespace hil::worker {
namespace {

// In JSON most of them take six bytes, and a terminal obeys them.
bool is_control(char32_t code) { return code < 0x20 && code != '\t' && code != '\n' && code != '\r'; }

}  // namespace

std::string result_text(std::string_view given, std::size_t max_bytes) {
    // A server may say back what it was sent.
    const std::string text = redact(std::string(given));
    constexpr std::string_view replacement = "\uFFFD";
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        const Character character = character_at(text, at);
        const bool refused = character.code == invalid_character || is_control(character.code);
        const std::string_view next =
            refused ? replacement : std::string_view(text).substr(at, character.bytes);
        if (result.size() + next.size() > max_bytes)
            return result + "\n[cut: only the first " + std::to_string(at) + " of " +
                   std::to_string(text.size()) + " bytes are shown]";
        result += next;
        at += character.bytes;
    }
    return result;
}

}  // namespace hil::worker

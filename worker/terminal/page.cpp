#include "terminal/page.hpp"

#include <algorithm>

#include "core/text.hpp"

namespace hil::worker {
namespace {

constexpr std::size_t margin = 18;

const char* colour_of(Voice voice) {
    switch (voice) {
        case Voice::customer:
            return "\x1b[36m";
        case Voice::ai:
            return "\x1b[32m";
        case Voice::agent:
            return "\x1b[33m";
        case Voice::system:
            break;
    }
    return "\x1b[2m";
}

std::size_t width_of(std::string_view text) {
    std::size_t characters = 0;
    for (std::size_t at = 0; at < text.size(); at += character_at(text, at).bytes) ++characters;
    return characters;
}

}  // namespace

std::string shown_text(std::string_view text) {
    std::string shown;
    for (std::size_t at = 0; at < text.size();) {
        const Character character = character_at(text, at);
        const bool obeyed = (character.code < 0x20 && character.code != '\n' && character.code != '\t') ||
                            (character.code >= 0x7F && character.code < 0xA0) ||
                            character.code == invalid_character;
        shown += obeyed ? std::string_view("\uFFFD") : text.substr(at, character.bytes);
        at += character.bytes;
    }
    return shown;
}

void Page::say(Voice voice, const std::string& who, const std::string& text) {
    std::string left = one_line(who, margin - 2);
    left.append(margin - std::min(width_of(left), margin - 1), ' ');
    std::string right;
    for (const char c : shown_text(trimmed(text))) {
        right += c;
        if (c == '\n') right.append(margin, ' ');
    }
    if (colours_) out_ << colour_of(voice);
    out_ << left << right;
    if (colours_) out_ << "\x1b[0m";
    out_ << std::endl;  // flushed: it may go through a pipe to somebody who waits for it
}

}  // namespace hil::worker

#include "core/triggers.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "core/text.hpp"

namespace hil {

namespace {

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}

bool is_typographic_apostrophe(char32_t code) { return (code >= 0x2018 && code <= 0x201B) || code == 0x2032; }

bool is_typographic(char32_t code) {
    return (code >= 0xA0 && code <= 0xBF) || (code >= 0x2000 && code <= 0x206F) ||
           (code >= 0x3000 && code <= 0x3003);
}

// Brings a text into the form in which patterns are compared: lower case, plain apostrophes, single spaces.
std::string folded(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const Character next = character_at(text, at);
        if (is_typographic_apostrophe(next.code)) {
            result += '\'';
        } else if (is_space(text[at]) || is_typographic(next.code)) {
            if (!result.empty() && result.back() != ' ') result += ' ';
        } else {
            result += text.substr(at, next.bytes);
        }
        at += next.bytes;
    }
    if (!result.empty() && result.back() == ' ') result.pop_back();
    return lower_case(result);
}

// Tells whether the text between `begin` and `end` stands for itself, and is not part of a longer word.
bool stands_alone(std::string_view text, std::size_t begin, std::size_t end) {
    const bool joined_before = begin > 0 && is_word(text[begin - 1]) && is_word(text[begin]);
    const bool joined_after = end < text.size() && is_word(text[end - 1]) && is_word(text[end]);
    return !joined_before && !joined_after;
}

// Tells whether `phrase` occurs in `text` between word boundaries. Knuth, Morris and Pratt: linear, whatever
// both of them are.
bool contains_phrase(std::string_view text, std::string_view phrase) {
    if (phrase.empty()) return false;
    // border[i]: length of the longest proper prefix of phrase[0..i] that also ends there
    std::vector<std::size_t> border(phrase.size(), 0);
    for (std::size_t i = 1, length = 0; i < phrase.size(); ++i) {
        while (length > 0 && phrase[i] != phrase[length]) length = border[length - 1];
        if (phrase[i] == phrase[length]) ++length;
        border[i] = length;
    }
    for (std::size_t i = 0, matched = 0; i < text.size(); ++i) {
        while (matched > 0 && text[i] != phrase[matched]) matched = border[matched - 1];
        if (text[i] == phrase[matched]) ++matched;
        if (matched < phrase.size()) continue;
        if (stands_alone(text, i + 1 - phrase.size(), i + 1)) return true;
        matched = border[matched - 1];
    }
    return false;
}

// Returns the field of an object, or null if it has none.
const Json& field(const Json& object, const char* key) {
    static const Json null;
    const auto found = object.find(key);
    return found == object.end() ? null : *found;
}

bool is_text(const Json& value, std::string_view lower) {
    return value.is_string() && lower_case(value.get_ref<const std::string&>()) == lower;
}

std::optional<TriggerHit> judge_decision(const Json& output) {
    const Json& call = field(output, "handover_to_human");
    const bool asks = field(output, "needs_human") == true || is_text(field(output, "sink"), "handover") ||
                      call == true || call.is_object();
    if (!asks) return std::nullopt;
    for (const Json* source : {&call, &output}) {
        if (!source->is_object()) continue;
        const Json& reason = field(*source, "reason");
        if (reason.is_string() && !is_blank(reason.get_ref<const std::string&>())) {
            return TriggerHit{"agent_decision", clean_reason(reason.get_ref<const std::string&>())};
        }
    }
    return TriggerHit{"agent_decision", "The AI asked for a human agent"};
}

std::optional<TriggerHit> judge_confidence(const HilConfig& hil, std::string_view node, const Json& output) {
    const std::optional<double> value = confidence_of(output);
    if (!hil.confidence_threshold || !value) return std::nullopt;
    if (hil.confidence_node && *hil.confidence_node != node) return std::nullopt;
    if (!(*value < *hil.confidence_threshold)) return std::nullopt;
    return TriggerHit{"confidence_threshold", "Confidence " + number_text(*value) + " is below " +
                                                  number_text(*hil.confidence_threshold)};
}

std::optional<TriggerHit> judge_complexity(const HilConfig& hil, const Json& output) {
    const Json& complexity = field(output, "complexity");
    for (const std::string& level : hil.complexity_levels) {
        if (is_text(complexity, lower_case(level))) {
            return TriggerHit{"complexity", clean_reason("Complexity is " + level)};
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<TriggerHit> explicit_request(const HilConfig& hil, std::string_view message) {
    if (!hil.enabled || hil.explicit_patterns.empty()) return std::nullopt;
    const std::string text = folded(message);
    for (const std::string& pattern : hil.explicit_patterns) {
        if (contains_phrase(text, folded(pattern))) {
            return TriggerHit{"explicit_request", "Customer asked for a human: " + in_quotes(pattern)};
        }
    }
    return std::nullopt;
}

std::optional<TriggerHit> judge_step(const HilConfig& hil, std::string_view node, const Json& output) {
    if (!hil.enabled || !output.is_object()) return std::nullopt;
    if (hil.agent_decision) {
        if (auto hit = judge_decision(output)) return hit;
    }
    if (auto hit = judge_confidence(hil, node, output)) return hit;
    return judge_complexity(hil, output);
}

std::optional<double> confidence_of(const Json& output) {
    if (!output.is_object()) return std::nullopt;
    const Json& confidence = field(output, "confidence");
    if (!confidence.is_number()) return std::nullopt;
    return confidence.get<double>();
}

std::optional<std::string> answer_of(const Json& output) {
    if (!output.is_object()) return std::nullopt;
    const Json& answer = field(output, "answer");
    if (!answer.is_string() || is_blank(answer.get_ref<const std::string&>())) return std::nullopt;
    return answer.get<std::string>();
}

int error_limit(const HilConfig& hil) { return hil.enabled ? hil.error_threshold.value_or(1) : 1; }

std::string clean_reason(std::string_view text) {
    std::string reason = one_line(text, max_reason_characters);
    return reason.empty() ? "AI handover" : reason;
}

}  // namespace hil

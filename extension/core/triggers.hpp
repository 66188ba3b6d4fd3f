// The five triggers that hand a conversation over to a human. They judge typed fields and the customer's own
// words, never a phrase in a model's prose.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/json.hpp"
#include "core/workflow.hpp"

namespace hil {

inline constexpr std::size_t max_reason_characters = 200;

// A trigger that fired. `trigger` is explicit_request, confidence_threshold, complexity, agent_decision or
// error_threshold; `reason` is short, one line and fit to be shown.
struct TriggerHit {
    std::string trigger;
    std::string reason;
};

// Tells whether the customer asks for a human: whether one of the patterns occurs in `message` as a phrase.
// - ASCII letters match in either case.
// - Any run of white space is one space, in the pattern and in the message.
// - Where a pattern begins or ends with a word character (letter, digit, underscore, non-ASCII byte), the
//   message must not go on with one: "escalate" matches "de-escalate!", but not "escalated".
// - What phones make of quotes, dashes and spaces (U+00A0 to U+00BF, U+2000 to U+206F, U+3000 to U+3003) is
//   no part of a word: single quotes are read as ', all others as white space.
// Takes time linear in the message for each pattern. Nothing when the triggers are off.
std::optional<TriggerHit> explicit_request(const HilConfig& hil, std::string_view message);

// Tells whether a step's output hands over. `node` is the step's id. Looks in this order:
// - agent_decision: `needs_human` is true, or `sink` is "HANDOVER" in any case, or `handover_to_human` (a
//   call of the built-in tool) is true or an object. The reason is the output's or the call's own `reason`.
// - confidence_threshold: the number `confidence` is below the threshold. What is no number does not count.
// - complexity: the string `complexity` is one of the levels, in any case.
// Nothing when the triggers are off or the output is no object.
std::optional<TriggerHit> judge_step(const HilConfig& hil, std::string_view node, const Json& output);

// Returns the number that a step's output says in `confidence`; nothing where it says none.
std::optional<double> confidence_of(const Json& output);

// Returns the text for the customer that a step's output has in `answer`; nothing where it has none but white
// space.
std::optional<std::string> answer_of(const Json& output);

// Returns how many failed attempts in a row hand over: the trigger's number, and 1 without the trigger or
// when the triggers are off.
int error_limit(const HilConfig& hil);

// Makes a reason fit to be stored and shown: one line, control characters and runs of white space folded into
// one space, at most max_reason_characters characters (cut between UTF-8 characters, the last one then being
// "…"). Returns "AI handover" when nothing is left.
std::string clean_reason(std::string_view text);

}  // namespace hil

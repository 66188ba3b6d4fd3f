// The states of a conversation and the moves between them.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace hil {

enum class State {
    new_,
    ai_processing,
    finished,
    handover,
    pending_human,
    human_active,
    resolved,
    back_to_ai
};

// One allowed move, and the sentence that says when it is made.
struct Edge {
    State from;
    State to;
    const char* when;
};

// Returns every allowed move. Whatever is not in this table is refused.
std::span<const Edge> edges();

// Returns the state's name as it is stored ("new" for State::new_).
std::string_view name(State state);

// Returns the state that is stored as `name`, or nothing if there is none.
std::optional<State> state_named(std::string_view name);

// Tells whether a conversation may move from `from` to `to`. Staying where it is is not a move.
bool can_move(State from, State to);

// Throws Refusal(wrong_state) unless can_move(from, to). The message names both states, the hint the states
// that can be reached from `from`.
void require_move(State from, State to);

// The account that the time spent in a state is booked on.
enum class Clock { none, ai, waiting, human };

// Returns the account of `state`: ai_processing is the AI's time, handover and pending_human are waiting
// time, human_active is the human agent's time, and the rest is nobody's.
Clock clock_of(State state);

}  // namespace hil

#include "core/state_machine.hpp"

#include <array>
#include <cstddef>
#include <string>

#include "core/refusal.hpp"

namespace hil {

namespace {

struct NamedState {
    State state;
    std::string_view name;
    Clock clock;
};

constexpr std::array states = {
    NamedState{State::new_, "new", Clock::none},
    NamedState{State::ai_processing, "ai_processing", Clock::ai},
    NamedState{State::finished, "finished", Clock::none},
    NamedState{State::handover, "handover", Clock::waiting},
    NamedState{State::pending_human, "pending_human", Clock::waiting},
    NamedState{State::human_active, "human_active", Clock::human},
    NamedState{State::resolved, "resolved", Clock::none},
    NamedState{State::back_to_ai, "back_to_ai", Clock::none},
};

constexpr std::array allowed = {
    Edge{State::new_, State::ai_processing, "The first customer message queues a run."},
    Edge{State::new_, State::handover,
         "The first message asks for a human, no workflow is loaded, or hil_handover is called."},
    Edge{State::ai_processing, State::handover,
         "A HANDOVER sink, a trigger, an error limit or hil_handover takes it from the AI."},
    Edge{State::ai_processing, State::finished, "The run ends in a FINISH sink."},
    Edge{State::finished, State::ai_processing, "The customer writes again, and a run is queued."},
    Edge{State::finished, State::handover,
         "The customer writes again and asks for a human, or hil_handover."},
    Edge{State::handover, State::pending_human,
         "It is queued for a human, always in the same transaction; is_hil becomes true."},
    Edge{State::pending_human, State::human_active, "An agent is assigned."},
    Edge{State::pending_human, State::resolved, "The customer gave up waiting (hil_cancel)."},
    Edge{State::pending_human, State::back_to_ai, "It is re-routed to the AI; is_hil becomes false."},
    Edge{State::human_active, State::pending_human,
         "Transferred, declined, or the agent is lost: back to the queue with its ticket."},
    Edge{State::human_active, State::resolved, "The agent resolves it."},
    Edge{State::human_active, State::back_to_ai, "The agent hands it back to the AI; is_hil becomes false."},
    Edge{State::resolved, State::ai_processing, "The customer writes again, and a run is queued."},
    Edge{State::resolved, State::handover,
         "The customer writes again and asks for a human, or hil_handover."},
    Edge{State::back_to_ai, State::ai_processing,
         "A run is queued, for the agent's instructions or a new customer message."},
    Edge{State::back_to_ai, State::handover,
         "A trigger, an error limit or hil_handover takes it before a run is queued."},
};

const NamedState& entry(State state) { return states[static_cast<std::size_t>(state)]; }

constexpr bool states_are_in_order() {
    for (std::size_t i = 0; i < states.size(); ++i) {
        if (static_cast<std::size_t>(states[i].state) != i) return false;
    }
    return true;
}
static_assert(states_are_in_order(), "entry() looks states up by their number");

std::string reachable_from(State from) {
    std::string names;
    for (const Edge& edge : allowed) {
        if (edge.from != from) continue;
        if (!names.empty()) names += ", ";
        names += name(edge.to);
    }
    return names;
}

}  // namespace

std::span<const Edge> edges() { return allowed; }

std::string_view name(State state) { return entry(state).name; }

std::optional<State> state_named(std::string_view name) {
    for (const NamedState& candidate : states) {
        if (candidate.name == name) return candidate.state;
    }
    return std::nullopt;
}

bool can_move(State from, State to) {
    for (const Edge& edge : allowed) {
        if (edge.from == from && edge.to == to) return true;
    }
    return false;
}

void require_move(State from, State to) {
    if (can_move(from, to)) return;
    std::string message = "a conversation in state ";
    message += name(from);
    message += " cannot become ";
    message += name(to);
    std::string hint = "From ";
    hint += name(from);
    hint += " it can become: ";
    hint += reachable_from(from);
    hint += '.';
    throw Refusal(Reason::wrong_state, message, hint);
}

Clock clock_of(State state) { return entry(state).clock; }

}  // namespace hil

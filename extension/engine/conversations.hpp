// The conversation: its row, its lock, its state.
#pragma once

#include <optional>
#include <string>

#include "core/json.hpp"
#include "core/state_machine.hpp"
#include "pg/statement.hpp"

namespace hil::engine {

using pg::Duration;
using pg::Timestamp;
using pg::Uuid;

// A conversation whose row this transaction has locked. An operation changes this copy and saves it once;
// nothing is written before.
struct Conversation {
    Uuid id;
    State state = State::new_;
    State stored_state = State::new_;  // what the row says; save() brings it up to date
    std::optional<std::string> reason;
    std::optional<Uuid> agent;       // who has it now
    std::optional<Uuid> last_agent;  // who had it last
    std::optional<std::string> workflow;
    std::optional<double> confidence;
    int consecutive_errors = 0;
    int handover_count = 0;
    std::int64_t answered_through = 0;  // id of the last message that is answered
    Timestamp status_since;
    Duration ai_time, wait_time, human_time;
    std::optional<Timestamp> closed_at;

    // Written by save() where set.
    std::optional<pg::JsonText> new_context;  // replaces handover_context
    std::optional<Json> ended_episode;        // is appended to episodes
    std::optional<std::string> new_notes;     // replaces resolution_notes
    std::string added_human_cost_usd = "0";

    // Goes along one edge of the state machine and accounts the time of the state that ends.
    // Refusal(wrong_state) where there is no such edge.
    void move(State to);

    bool with_people() const { return state == State::pending_human || state == State::human_active; }
};

// Locks the conversation's row, waiting for whoever has it. lock: Refusal(not_found) where there is none.
// try_lock: nothing where there is none or somebody else holds it, for rounds that must not wait.
Conversation lock(const Uuid& id);
std::optional<Conversation> try_lock(const Uuid& id);

// As lock, but makes the conversation, in state new, where there is none.
Conversation lock_or_create(const Uuid& id);

// Writes the copy back.
void save(Conversation& conversation);

// Refusal(not_found) where there is no such conversation. Takes no lock.
void require_conversation(const Uuid& id);

// The change of status that save() is about to write. Operations pass through several states and write once;
// the guard trigger lets exactly this change pass, since move() has checked each of its edges.
struct StatusChange {
    Uuid conversation;
    State from, to;
};
const StatusChange* change_being_saved();

// hil_create_conversation: `id` nothing = made up.
Uuid create_conversation(const std::optional<Uuid>& id, const std::optional<std::string>& workflow,
                         const pg::JsonText& metadata);

// Refusal(invalid_argument) where so many of a conversation's messages may not be asked for at once.
void require_message_count(std::int32_t last_messages);

// hil_conversation: the conversation as one document, with its last `last_messages` messages.
pg::JsonText describe(const Uuid& id, std::int32_t last_messages);

}  // namespace hil::engine

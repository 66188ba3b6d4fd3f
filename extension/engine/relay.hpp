// The relay: from hil.outbox, where transactions write what happens, to hil.events, where it has its number,
// and on to whoever listens. Two duties in two transactions: the events are there before anybody is told of
// them, and a NOTIFY that fails (its queue may be full) is repeated and holds up nothing else.
#pragma once

#include <cstdint>

#include "pg/statement.hpp"

namespace hil::engine {

// Moves events from the outbox into hil.events: those that are committed, in the order of their ids, under
// the next seqs. What commits later gets later ones, so whoever has read up to a seq has missed nothing
// before it. Returns how many were moved; 0 also where another session is at it, or this transaction cannot
// see what others commit.
std::int64_t relay(std::int32_t at_most);

// Sends the NOTIFYs of relayed events that their own transactions did not send, and hil_events the newest
// seq. Returns how many events were passed. Each is announced, also where a process ends in between; after a
// crash of the server some may be announced twice.
std::int64_t announce_relayed(std::int32_t at_most);

// hil_events_since: (seq, conversation_id, agent_id, type, payload, at) of the events after `after`, in
// order; nothing for `after`: the newest alone.
pg::Rows events_since(const std::optional<std::int64_t>& after, std::int32_t max_events);

// Deletes the oldest events up to the first that did not happen before then, as far as they are announced.
// The newest stays, since the next one is numbered after it. Stops after the batch in which it has deleted
// `at_most`; returns how many. For whoever has the errand of that name: two would wait for each other's rows.
std::int64_t purge_events(pg::Timestamp before, std::int64_t at_most);

}  // namespace hil::engine

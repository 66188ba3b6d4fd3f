// Escalation: the steps of entries that have waited long enough for them.
#pragma once

#include <cstdint>

namespace hil::engine {

// Takes every step that is due, of at most `at_most` waiting entries, those longest overdue first; returns
// how many steps. Each is taken once: it is counted on the entry in the same transaction. Conversations that
// others hold are left for the next round.
//
// A step makes the entry at least as urgent as it says (the ticket stays), changes the skills that are
// required (and assigns the entry where an able agent is free), and tells whoever listens to the queue or to
// the conversation: `sla_breached` where the deadline is over, `escalated` for every other step. Giving back
// to the AI ends the wait; where no workflow can run, the entry stays, and the event says why.
std::int64_t escalate(std::int32_t at_most);

}  // namespace hil::engine

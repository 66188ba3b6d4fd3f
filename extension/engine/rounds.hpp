// Rounds: the work that time brings, duty by duty.
#pragma once

#include <cstdint>
#include <set>
#include <span>

#include "core/json.hpp"
#include "pg/values.hpp"

namespace hil::engine {

// When a duty has work to look for.
enum class When {
    always,    // whatever is committed may bring some: in every round
    by_clock,  // only time brings some: once every hil.naptime is enough
};

// One kind of work. Never waits for a lock: what others hold is left for the next round.
struct Duty {
    const char* name;                           // what it did, in what hil_tick returns; its name in the log
    std::int64_t (*run)(std::int32_t at_most);  // does at most so much; returns how much it did
    When when = When::by_clock;
    std::int32_t at_most = 200;  // in one round: bounds one transaction, and so how long its locks are held
    bool durable = true;         // false: who saw what it did is not misled when a crash undoes it
    // Left to the scheduler where one runs: what its commit waits for, or fails of, is no other transaction's
    // matter.
    bool schedulers_own = false;
    // Has its turn in every round, however long it took to find nothing the last time: somebody waits for it.
    bool never_rests = false;
};

// All of them, in the order of a round.
std::span<const Duty> duties();

// Does a duty once, but for the conversations in `aside`. Where it fails with one of the others, at_hand()
// says which.
std::int64_t perform(const Duty& duty, const std::set<pg::Uuid>& aside);

// hil_tick: one round, each duty in a subtransaction. What fails is reported as a WARNING: a duty that fails
// with one conversation is done again without it, one that fails otherwise is left out of the result, and the
// others go on.
Json tick();

}  // namespace hil::engine

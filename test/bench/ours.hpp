// What hil does, as contestants: each brings the sessions and rows that it needs from the database that it is
// given.
#pragma once

#include "contest.hpp"

namespace hil::bench {

Contestant our_handover(
    const std::string& database);  // hands over conversations that are new; an agent is free
Contestant our_message(const std::string& database);   // a first message to conversations that are new
Contestant our_position(const std::string& database);  // asks for the place of those who wait
Contestant our_take(
    const std::string& database);  // an agent gets a slot and takes an entry (sql/waiting.sql)

// The same with another statement, whose $1 is the agent, $2 the new capacity, and then `more`.
Contestant take_by(const std::string& database, const std::string& sql, const std::vector<Value>& more = {});

}  // namespace hil::bench

// What a transaction is among the others: its snapshot, its locks, its commit. No Postgres header here.
#pragma once

#include <cstdint>

namespace hil::pg {

// Whether the next statement sees what was committed before it. Not so in REPEATABLE READ and SERIALIZABLE.
bool sees_new_commits();

// The id that the next transaction to write anything will get. Every id given out before this call is
// smaller.
std::uint64_t next_transaction_id();

// The id of this transaction as a whole; 0 as long as it has written nothing.
std::uint64_t transaction_id();

// Work that one session at a time does in a database.
enum class Errand : std::uint32_t { relay = 1, fold = 2, purge_events = 3 };

// Takes the errand until the end of the transaction; false where another session has it. An advisory lock of
// a kind that SQL's own functions cannot take, so that nobody else can be in the way.
bool try_errand(Errand errand);
// The same, and waits for the other session.
void take_errand(Errand errand);

// Lets the commit wait for the disk, also where synchronous_commit is off.
void commit_to_disk();

}  // namespace hil::pg

#include "pg/transaction.hpp"

#include "pg/guard.hpp"

namespace hil::pg {
namespace {

// The fourth field of an advisory lock's tag: SQL's own functions use 1 and 2.
constexpr std::uint16_t hils_own = 'h' << 8 | 'l';

bool acquire(Errand errand, bool no_wait) {
    LOCKTAG tag;
    SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, 0, static_cast<std::uint32_t>(errand), hils_own);
    return LockAcquire(&tag, ExclusiveLock, false, no_wait) != LOCKACQUIRE_NOT_AVAIL;
}

}  // namespace

bool sees_new_commits() { return !IsolationUsesXactSnapshot(); }

std::uint64_t next_transaction_id() {
    return call([] { return U64FromFullTransactionId(ReadNextFullTransactionId()); });
}

std::uint64_t transaction_id() {
    return call([] { return U64FromFullTransactionId(GetTopFullTransactionIdIfAny()); });
}

bool try_errand(Errand errand) { return call(acquire, errand, true); }

void take_errand(Errand errand) { call(acquire, errand, false); }

void commit_to_disk() { call(ForceSyncCommit); }

}  // namespace hil::pg

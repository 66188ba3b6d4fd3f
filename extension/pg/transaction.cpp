#include "pg/transaction.hpp"

#include "pg/guard.hpp"

namespace hil::pg {
namespace {

// The fourth field of an advisory lock's tag: SQL's own functions use 1 and 2.
constexpr std::uint16_t hils_own = 'h' << 8 | 'l';

}  // namespace

bool sees_new_commits() { return !IsolationUsesXactSnapshot(); }

std::uint64_t next_transaction_id() {
    return call([] { return U64FromFullTransactionId(ReadNextFullTransactionId()); });
}

std::uint64_t transaction_id() {
    return call([] { return U64FromFullTransactionId(GetTopFullTransactionIdIfAny()); });
}

bool try_errand(Errand errand) {
    return call(
        [](std::uint32_t what) {
            LOCKTAG tag;
            SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, 0, what, hils_own);
            return LockAcquire(&tag, ExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL;
        },
        static_cast<std::uint32_t>(errand));
}

void commit_to_disk() { call(ForceSyncCommit); }

}  // namespace hil::pg

#include "background/transactions.hpp"

#include <vector>

#include "background/shared_state.hpp"

namespace hil::background {
namespace {

bool to_wake = false;
std::vector<Oid> to_ask_for;

void at_end(XactEvent event, void* /*argument*/) {
    switch (event) {
        case XACT_EVENT_COMMIT:
            if (to_wake) wake(MyDatabaseId);
            for (const Oid database : to_ask_for) ask_for(database);
            [[fallthrough]];
        case XACT_EVENT_ABORT:
        case XACT_EVENT_PREPARE:
            to_wake = false;
            to_ask_for.clear();
            break;
        default:
            break;
    }
}

}  // namespace

void watch_transactions() { RegisterXactCallback(at_end, nullptr); }

void wake_at_commit() { to_wake = true; }

void ask_at_commit(Oid database) { to_ask_for.push_back(database); }

}  // namespace hil::background

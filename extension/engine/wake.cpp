#include "engine/wake.hpp"

namespace hil::engine {
namespace {

Waker current{[] { return false; }, [] { return false; }, [] {}};

}  // namespace

bool scheduler_runs_here() { return current.scheduler_runs_here(); }

bool scheduler_waits_here() { return current.scheduler_waits_here(); }

void wake_at_commit() { current.wake_at_commit(); }

void set_waker(const Waker& waker) { current = waker; }

}  // namespace hil::engine

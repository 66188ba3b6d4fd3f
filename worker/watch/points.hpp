// Where a test can stop the worker.
#pragma once

namespace hil::worker {

// Stops the process (SIGSTOP) when it comes by the point that HIL_WORKER_STOP_AT in the environment names,
// the first time only. The points are named where they are.
void reach(const char* point);

}  // namespace hil::worker

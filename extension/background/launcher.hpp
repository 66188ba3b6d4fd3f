// The launcher: one process per server. It sees to it that every database with the extension has a scheduler.
#pragma once

namespace hil::background {

// Has the server start it, on a primary, and again whenever it ends.
void register_launcher();

}  // namespace hil::background

// VACUUM, for a background process. No Postgres header here.
#pragma once

#include <chrono>
#include <cstdint>

namespace hil::pg {

// VACUUM of one table, in transactions of its own: no transaction may be open. Indexes are cleaned however
// few rows are dead, and the file keeps its length. Nothing happens where somebody else holds the table, or
// where it is gone. Throws pg::Error, also where it takes longer than `limit`, after which the caller rolls
// back.
void vacuum(std::uint32_t table, std::chrono::milliseconds limit);

}  // namespace hil::pg

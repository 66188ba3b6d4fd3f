#include "engine/positions.hpp"

#include "pg/statement.hpp"

namespace hil::engine {
namespace {

using pg::Statement;

const Statement<std::int32_t, std::int64_t, std::int32_t, std::int32_t> insert_delta{
    "INSERT INTO hil.queue_count_deltas (priority, ticket, skill_set_id, delta) VALUES ($1, $2, $3, $4)"};

}  // namespace

void count_waiting(const Waiting& entry, std::int32_t change) {
    insert_delta(entry.priority, entry.ticket, entry.skill_set, change);
}

}  // namespace hil::engine

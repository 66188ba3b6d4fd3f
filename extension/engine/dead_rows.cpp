#include "engine/dead_rows.hpp"

#include "pg/statement.hpp"

namespace hil::engine {
namespace {

const pg::Statement<> count{
    "SELECT c.oid::bigint, pg_stat_get_live_tuples(c.oid), pg_stat_get_dead_tuples(c.oid), "
    "pg_stat_get_vacuum_count(c.oid) "
    "FROM unnest('{hil.human_agents, hil.outbox, hil.announced_through, hil.queue_counts, "
    "hil.queue_count_deltas}'::regclass[]) c (oid)"};

}  // namespace

std::vector<TableRows> rewritten_tables() {
    std::vector<TableRows> tables;
    for (const pg::Row& row : count()) {
        const auto [table, live, dead, vacuums] =
            row.as<std::int64_t, std::int64_t, std::int64_t, std::int64_t>();
        tables.push_back({static_cast<std::uint32_t>(table), live, dead, vacuums});
    }
    return tables;
}

}  // namespace hil::engine

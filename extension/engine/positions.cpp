#include "engine/positions.hpp"

#include <algorithm>
#include <numeric>

#include "pg/range.hpp"
#include "pg/table.hpp"

namespace hil::engine {
namespace {

using pg::Bound;
using pg::Cell;
using pg::Statement;
using Counts = std::vector<std::int64_t>;
using Is = pg::Bound::Is;

// What folding.cpp builds: a block has 64 tickets, a page 256 blocks.
std::int64_t block_of(std::int64_t ticket) { return ticket >> 6; }
std::int64_t page_of(std::int64_t ticket) { return ticket >> 14; }
std::int64_t first_of_block(std::int64_t ticket) { return ticket & ~std::int64_t{63}; }
std::int64_t place_in_page(std::int64_t ticket) { return block_of(ticket) & 255; }

const pg::Insertion<std::int32_t, std::int64_t, std::int32_t, std::int32_t, Duration, Timestamp> insert_delta{
    "queue_count_deltas", "priority, ticket, skill_set_id, delta, waited, taken_at"};

// What Place reads, where only the executor can.
const Statement<Uuid> read_position{
    "SELECT own.priority, (own.ticket >> 6) & 255, own.ticket >> 14, root.waiting, d.pages, d.waiting, "
    "p.waiting, "
    "(SELECT coalesce(sum(delta), 0) FROM hil.queue_count_deltas x WHERE x.id > coalesce(root.low_water, 0) "
    " AND (x.priority, x.ticket >> 6) < (own.priority, own.ticket >> 6)), "
    "(SELECT count(*) FROM hil.agent_queue q WHERE q.status = 'pending' AND q.priority = own.priority "
    " AND q.ticket >= own.ticket & ~63::bigint AND q.ticket < own.ticket) "
    "FROM hil.agent_queue own "
    "LEFT JOIN LATERAL (SELECT * FROM hil.queue_counts ORDER BY id DESC LIMIT 1) root ON true "
    "LEFT JOIN hil.queue_count_directories d ON d.id = root.directory_ids[own.priority] "
    "LEFT JOIN hil.queue_count_pages p ON p.id = d.page_ids[array_position(d.pages, own.ticket >> 14)] "
    "WHERE own.conversation_id = $1 AND own.status = 'pending'"};

std::int64_t sum_of_first(const std::int64_t* counts, std::size_t size, std::int64_t n) {
    return std::accumulate(counts, counts + std::min(n, static_cast<std::int64_t>(size)), std::int64_t{0});
}
std::int64_t sum_of_first(const Counts& counts, std::int64_t n) {
    return sum_of_first(counts.data(), counts.size(), n);
}

// A waiting entry's place, read index by index on the active snapshot. What is counted, what is not folded
// yet, and the rows of the own block fit together because they are read on one snapshot.
class Place {
  public:
    // False where something can only be read by the executor.
    bool read(const Uuid& conversation) {
        return read_entry(conversation) && (!waits_ || (read_counts() && read_deltas() && read_own_block()));
    }

    // 1 = next; nothing where the conversation does not wait.
    std::optional<std::int64_t> position() const { return waits_ ? std::optional(ahead_ + 1) : std::nullopt; }

  private:
    bool read_entry(const Uuid& conversation) {
        return pg::visit({.table = "agent_queue",
                          .index = "agent_queue_active",
                          .bounds = {{1, Is::equal, conversation}},
                          .columns = {"status", "priority", "ticket"}},
                         [this](const Cell* entry) {
                             waits_ = entry[0].text == "pending";
                             priority_ = static_cast<std::int32_t>(entry[1].integer);
                             ticket_ = entry[2].integer;
                             return false;
                         });
    }

    bool read_counts() {
        std::int64_t directory = 0;
        std::int64_t page = 0;
        return pg::visit({.table = "queue_counts",
                          .index = "queue_counts_pkey",
                          .columns = {"waiting", "directory_ids", "low_water"},
                          .backwards = true},
                         [&](const Cell* root) {
                             ahead_ += sum_of_first(root[0].integers, root[0].count, priority_ - 1);
                             directory = root[1].integers[priority_ - 1];
                             low_water_ = root[2].integer;
                             return false;
                         }) &&
               (directory == 0 || pg::visit({.table = "queue_count_directories",
                                             .index = "queue_count_directories_pkey",
                                             .bounds = {{1, Is::equal, directory}},
                                             .columns = {"pages", "waiting", "page_ids"}},
                                            [&](const Cell* cells) {
                                                const std::int64_t* end = cells[0].integers + cells[0].count;
                                                const std::int64_t* own = std::lower_bound(
                                                    cells[0].integers, end, page_of(ticket_));
                                                const auto before = own - cells[0].integers;
                                                ahead_ +=
                                                    sum_of_first(cells[1].integers, cells[1].count, before);
                                                if (own != end && *own == page_of(ticket_))
                                                    page = cells[2].integers[before];
                                                return false;
                                            })) &&
               (page == 0 || pg::visit({.table = "queue_count_pages",
                                        .index = "queue_count_pages_pkey",
                                        .bounds = {{1, Is::equal, page}},
                                        .columns = {"waiting"}},
                                       [&](const Cell* cells) {
                                           ahead_ += sum_of_first(cells[0].integers, cells[0].count,
                                                                  place_in_page(ticket_));
                                           return false;
                                       }));
    }

    bool read_deltas() {
        return pg::visit({.table = "queue_count_deltas",
                          .index = "queue_count_deltas_pkey",
                          .bounds = {{1, Is::above, low_water_}},
                          .columns = {"priority", "ticket", "delta"}},
                         [this](const Cell* delta) {
                             if (std::pair(delta[0].integer, block_of(delta[1].integer)) <
                                 std::pair(std::int64_t{priority_}, block_of(ticket_)))
                                 ahead_ += delta[2].integer;
                             return true;
                         });
    }

    bool read_own_block() {
        return pg::visit({.table = "agent_queue",
                          .index = "agent_queue_waiting",
                          .bounds = {{1, Is::equal, priority_},
                                     {2, Is::at_least, first_of_block(ticket_)},
                                     {2, Is::below, ticket_}}},
                         [this](const Cell*) {
                             ++ahead_;
                             return true;
                         });
    }

    bool waits_ = false;
    std::int32_t priority_ = 0;
    std::int64_t ticket_ = 0;
    std::int64_t low_water_ = 0;
    std::int64_t ahead_ = 0;
};

// The same by the executor.
std::optional<std::int64_t> position_by_statement(const Uuid& conversation) {
    const pg::Rows rows = read_position(conversation);
    if (rows.empty()) return std::nullopt;
    const auto [priority, block, page, totals, pages, in_pages, in_blocks, not_folded, in_own_block] =
        rows.front()
            .as<std::int32_t, std::int64_t, std::int64_t, std::optional<Counts>, std::optional<Counts>,
                std::optional<Counts>, std::optional<Counts>, std::int64_t, std::int64_t>();
    std::int64_t ahead = not_folded + in_own_block;
    if (totals) ahead += sum_of_first(*totals, priority - 1);
    if (pages)
        ahead +=
            sum_of_first(*in_pages, std::lower_bound(pages->begin(), pages->end(), page) - pages->begin());
    if (in_blocks) ahead += sum_of_first(*in_blocks, block);
    return ahead + 1;
}

}  // namespace

void count_waiting(const Waiting& entry, std::int32_t change, const std::optional<Duration>& waited) {
    insert_delta(entry.priority, entry.ticket, entry.skill_set, change, waited,
                 waited ? std::optional(pg::clock_now()) : std::nullopt);
}

std::int64_t position(const Uuid& conversation) {
    const std::optional<std::int64_t> found = pg::on_one_snapshot([&] {
        Place place;
        return place.read(conversation) ? place.position() : position_by_statement(conversation);
    });
    if (!found) require_conversation(conversation);
    return found.value_or(0);
}

}  // namespace hil::engine

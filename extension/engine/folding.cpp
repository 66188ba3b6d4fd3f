#include <algorithm>
#include <numeric>

#include "engine/positions.hpp"
#include "engine/waiting_time.hpp"
#include "engine/wake.hpp"
#include "pg/transaction.hpp"

// The counts are a tree of three levels: hil.queue_counts (one row), a directory per priority, pages. A fold
// writes new rows for what changes and deletes the old ones; ids are never used twice. An update in place
// would leave, under a long snapshot, a chain of dead versions that every reader walks.
namespace hil::engine {
namespace {

using pg::Statement;
using Texts = std::vector<std::string>;
using Counts = std::vector<std::int64_t>;

constexpr std::int64_t blocks_per_page = 256;
constexpr std::size_t priorities = 10;

// A fold costs about as much for one delta as for some hundreds; readers add up what is not folded.
constexpr std::int64_t worth_folding = 256;
constexpr std::int64_t microseconds_between_folds = 1'000'000;

// The last drawn id, and the root, NULL where nothing was folded before.
const Statement<> read_root{
    "SELECT (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM hil.queue_count_deltas_id_seq), "
    "r.id, r.waiting, r.directory_ids, r.low_water, r.drawn, r.mark, r.mark_writers, r.folded_at "
    "FROM (SELECT) one LEFT JOIN LATERAL (SELECT * FROM hil.queue_counts ORDER BY id DESC LIMIT 1) r ON "
    "true"};

// Who inserted deltas and has not ended: whoever does locks the table first and keeps the lock. A restart of
// the server gives prepared transactions other names, so each counts as if it had been there.
const Statement<Texts> read_writers{
    "SELECT coalesce(array_agg(virtualtransaction), '{}'), "
    "coalesce(bool_or(virtualtransaction = ANY ($1) OR virtualtransaction LIKE '-%'), false) "
    "FROM pg_locks WHERE locktype = 'relation' AND relation = 'hil.queue_count_deltas'::regclass "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND mode = 'RowExclusiveLock' AND granted AND pid IS DISTINCT FROM pg_backend_pid()"};

const Statement<std::int64_t, std::int32_t> take_deltas{
    "WITH taken AS (DELETE FROM hil.queue_count_deltas WHERE id = ANY (ARRAY(SELECT id FROM "
    "hil.queue_count_deltas "
    "               WHERE id > $1 ORDER BY id LIMIT $2)) RETURNING *), "
    "by_skills AS (INSERT INTO hil.skill_set_counts AS c (skill_set_id, priority, waiting) "
    "              SELECT skill_set_id, priority, sum(delta) FROM taken GROUP BY 1, 2 HAVING sum(delta) <> 0 "
    "              ON CONFLICT (skill_set_id, priority) DO UPDATE SET waiting = c.waiting + "
    "excluded.waiting), " HIL_FOLD_PACES
    "SELECT priority, ticket >> 14, (ticket >> 6) & 255, sum(delta), count(*), max(id) FROM taken "
    "GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"};

const Statement<std::int64_t> read_directory{
    "SELECT pages, waiting, page_ids FROM hil.queue_count_directories WHERE id = $1"};
const Statement<Counts, Counts, Counts> insert_directory{
    "INSERT INTO hil.queue_count_directories (pages, waiting, page_ids) VALUES ($1, $2, $3) RETURNING id"};
const Statement<std::int64_t> read_page{"SELECT waiting FROM hil.queue_count_pages WHERE id = $1"};
const Statement<Counts> insert_page{"INSERT INTO hil.queue_count_pages (waiting) VALUES ($1) RETURNING id"};
const Statement<Counts, Counts, std::int64_t, std::int64_t, std::int64_t, Texts> insert_root{
    "INSERT INTO hil.queue_counts (waiting, directory_ids, low_water, drawn, mark, mark_writers) "
    "VALUES ($1, $2, $3, $4, $5, $6)"};

const Statement<std::int64_t> delete_root{"DELETE FROM hil.queue_counts WHERE id = $1"};
const Statement<Counts> delete_directories{"DELETE FROM hil.queue_count_directories WHERE id = ANY ($1)"};
const Statement<Counts> delete_pages{"DELETE FROM hil.queue_count_pages WHERE id = ANY ($1)"};

std::int64_t sum(const Counts& counts) {
    return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

struct Root {
    std::int64_t id = 0;
    Counts waiting = Counts(priorities);
    Counts directory_ids = Counts(priorities);
    std::int64_t low_water = 0;
    std::int64_t drawn = 0;
    std::int64_t mark = 0;
    Texts mark_writers;
    pg::Timestamp folded_at;
};

struct Directory {
    Counts pages;
    Counts waiting;
    Counts page_ids;
};

// What changed in one block.
struct Change {
    std::int32_t priority;
    std::int64_t page;
    std::int64_t block;
    std::int64_t delta;
};
using Changes = std::vector<Change>;

// The row of the tree's root, and the last id drawn by whoever writes deltas.
std::pair<Root, std::int64_t> look() {
    const pg::Row row = read_root().front();
    const auto drawn = row.get<std::int64_t>(0);
    Root root;
    if (!row.get<std::optional<std::int64_t>>(1)) return {root, drawn};
    std::tie(std::ignore, root.id, root.waiting, root.directory_ids, root.low_water, root.drawn, root.mark,
             root.mark_writers, root.folded_at) =
        row.as<std::int64_t, std::int64_t, Counts, Counts, std::int64_t, std::int64_t, std::int64_t, Texts,
               pg::Timestamp>();
    return {root, drawn};
}

bool is_due(const Root& root, std::int64_t drawn) {
    // When a dump is restored, the sequence gets its value after the rows.
    if (drawn < root.drawn || (drawn == root.drawn && root.mark <= root.low_water)) return false;
    if (!scheduler_runs_here() || drawn - root.drawn >= worth_folding) return true;
    return (pg::clock_now() - root.folded_at).microseconds >= microseconds_between_folds;
}

// Moves the mark: up to the new low water every delta is one of a finished transaction. The caller takes the
// deltas on a snapshot that is newer than this, so all of them that were committed.
void advance(Root& root, std::int64_t drawn) {
    // `drawn` was read before, so whoever drew an id up to it is listed here, or has ended.
    const auto [writers, mark_is_held] = read_writers(root.mark_writers).front().as<Texts, bool>();
    if (mark_is_held) return;
    root.low_water = std::max(root.low_water, root.mark);
    root.mark = drawn;
    root.mark_writers = writers;
    if (writers.empty()) root.low_water = drawn;
}

// Writes the parts of the tree in which something changed anew.
class TreeWriter {
  public:
    // `changes` are in the order of priority, page and block.
    void apply(Root& root, const Changes& changes) {
        for (auto begin = changes.begin(); begin != changes.end();) {
            const std::int32_t priority = begin->priority;
            const auto end =
                std::find_if(begin, changes.end(), [&](const Change& c) { return c.priority != priority; });
            rewrite_directory(root, priority, begin, end);
            begin = end;
        }
    }

    void delete_old() const {
        if (!old_pages_.empty()) delete_pages(old_pages_);
        if (!old_directories_.empty()) delete_directories(old_directories_);
    }

  private:
    using At = Changes::const_iterator;

    void rewrite_directory(Root& root, std::int32_t priority, At begin, At end) {
        std::int64_t& id = root.directory_ids.at(priority - 1);
        Directory directory;
        if (id != 0) {
            std::tie(directory.pages, directory.waiting, directory.page_ids) =
                read_directory(id).front().as<Counts, Counts, Counts>();
            old_directories_.push_back(id);
        }
        while (begin != end) {
            const std::int64_t page = begin->page;
            const auto next = std::find_if(begin, end, [&](const Change& c) { return c.page != page; });
            rewrite_page(directory, page, begin, next);
            begin = next;
        }
        root.waiting.at(priority - 1) = sum(directory.waiting);
        id = directory.pages.empty()
                 ? 0
                 : insert_directory(directory.pages, directory.waiting, directory.page_ids)
                       .front()
                       .get<std::int64_t>(0);
    }

    void rewrite_page(Directory& directory, std::int64_t page, At begin, At end) {
        const auto found = std::lower_bound(directory.pages.begin(), directory.pages.end(), page);
        const auto at = found - directory.pages.begin();
        Counts blocks(blocks_per_page);
        if (found != directory.pages.end() && *found == page) {
            const std::int64_t id = directory.page_ids.at(at);
            blocks = read_page(id).front().get<Counts>(0);
            old_pages_.push_back(id);
        } else {
            directory.pages.insert(found, page);
            directory.waiting.insert(directory.waiting.begin() + at, 0);
            directory.page_ids.insert(directory.page_ids.begin() + at, 0);
        }
        for (; begin != end; ++begin) blocks.at(begin->block) += begin->delta;
        if (std::all_of(blocks.begin(), blocks.end(), [](std::int64_t n) { return n == 0; })) {
            directory.pages.erase(directory.pages.begin() + at);
            directory.waiting.erase(directory.waiting.begin() + at);
            directory.page_ids.erase(directory.page_ids.begin() + at);
        } else {
            directory.waiting.at(at) = sum(blocks);
            directory.page_ids.at(at) = insert_page(blocks).front().get<std::int64_t>(0);
        }
    }

    Counts old_directories_;
    Counts old_pages_;
};

}  // namespace

std::int64_t fold(std::int32_t at_most) {
    const auto [seen, drawn_then] = look();
    // Only a snapshot taken after the errand was got shows what the last fold did.
    if (!is_due(seen, drawn_then) || !pg::sees_new_commits() || !pg::try_errand(pg::Errand::fold)) return 0;
    auto [root, drawn] = look();
    const std::int64_t low_water_before = root.low_water;
    advance(root, drawn);

    std::int64_t taken = 0;
    std::int64_t last_taken = 0;
    Changes changes;
    for (const pg::Row& row : take_deltas(low_water_before, at_most)) {
        const auto [priority, page, block, delta, count, last] =
            row.as<std::int32_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t>();
        taken += count;
        last_taken = std::max(last_taken, last);
        if (delta != 0) changes.push_back({priority, page, block, delta});
    }
    // The lowest were taken; the others are still to come.
    if (taken >= at_most) root.low_water = std::min(root.low_water, last_taken);
    if (taken == 0 && root.low_water == low_water_before) return 0;

    TreeWriter tree;
    tree.apply(root, changes);
    insert_root(root.waiting, root.directory_ids, root.low_water, taken >= at_most ? root.drawn : drawn,
                root.mark, root.mark_writers);
    tree.delete_old();
    delete_root(root.id);
    return taken;
}

}  // namespace hil::engine

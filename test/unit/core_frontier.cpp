#include <map>
#include <random>
#include <set>
#include <stdexcept>

#include "core/frontier.hpp"
#include "core_support.hpp"

namespace hil {
namespace {

// A database of one table, with sessions that write it and a reader that deletes what it reads.
class Table {
  public:
    explicit Table(unsigned seed) : random_(seed) {}

    // A transaction that has its id, and has drawn none for a row yet.
    std::uint64_t begin() {
        running_.insert(next_transaction_);
        return next_transaction_++;
    }
    std::int64_t write(std::uint64_t transaction) {
        rows_[++newest_id_] = transaction;
        return newest_id_;
    }
    void commit(std::uint64_t transaction) {
        running_.erase(transaction);
        completed_below_ = std::max(completed_below_, transaction + 1);
    }
    void abort(std::uint64_t transaction) {
        commit(transaction);
        std::erase_if(rows_, [&](const auto& row) { return row.second == transaction; });
    }

    // One look of the reader, as the relay does it; what it reads is deleted, unless its own commit fails.
    // `between` runs at each point where other sessions can come in between.
    template <class Between>
    std::vector<std::int64_t> read(double seconds, bool fails, Between between) {
        looked_from_start_ = false;
        Seen seen = look(frontier_.id(), seconds, between);
        const bool sweep = frontier_.must_sweep(seen.sight);
        if (sweep && frontier_.id() > 0) {
            seen = look(0, seconds, between);
            looked_from_start_ = true;
        }
        frontier_.saw(seen.sight, sweep);
        if (fails) return {};
        for (const std::int64_t id : seen.ids) rows_.erase(id);
        return seen.ids;
    }
    std::vector<std::int64_t> read(double seconds = 0) {
        return read(seconds, false, [] {});
    }

    int below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }
    std::vector<std::uint64_t> running() const { return {running_.begin(), running_.end()}; }
    std::int64_t newest_id() const { return newest_id_; }
    const Frontier& frontier() const { return frontier_; }
    bool looked_from_start() const { return looked_from_start_; }
    // Puts a row under an id from elsewhere, as a restored dump does.
    void copy_in(std::int64_t id) { rows_[id] = 0; }
    void restart_ids() { newest_id_ = 0; }

  private:
    struct Seen {
        Sight sight;
        std::vector<std::int64_t> ids;
    };

    template <class Between>
    Seen look(std::int64_t after, double seconds, Between between) {
        constexpr std::size_t at_most = 5;
        Seen seen{};
        seen.sight.snapshot.next = completed_below_;
        for (const std::uint64_t transaction : running_)
            if (transaction < completed_below_) seen.sight.snapshot.running.push_back(transaction);
        for (auto row = rows_.upper_bound(after); row != rows_.end() && seen.ids.size() < at_most; ++row)
            if (seen.sight.snapshot.ended(row->second)) seen.ids.push_back(row->first);
        if (!seen.ids.empty()) seen.sight.first = seen.ids.front();
        between();
        seen.sight.newest_id = newest_id_;
        between();
        seen.sight.next_transaction = next_transaction_;
        seen.sight.seconds = seconds;
        return seen;
    }

    std::mt19937 random_;
    std::uint64_t next_transaction_ = 100;
    std::uint64_t completed_below_ = 100;  // as Postgres counts: after the newest that ended
    std::set<std::uint64_t> running_;
    std::int64_t newest_id_ = 0;
    std::map<std::int64_t, std::uint64_t> rows_;  // by id, the transaction that wrote it
    Frontier frontier_;
    bool looked_from_start_ = false;
};

TEST(Frontier, FollowsTheIdsWhereNobodyIsLate) {
    Table table(1);
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t transaction = table.begin();
        table.write(transaction);
        table.commit(transaction);
        EXPECT_EQ(table.read().size(), 1U);
        EXPECT_FALSE(table.looked_from_start());
    }
    table.read();
    table.read();
    EXPECT_EQ(table.frontier().id(), table.newest_id());
}

TEST(Frontier, LeavesALongTransactionBehindAndComesBackForItOnce) {
    Table table(1);
    const std::uint64_t late = table.begin();
    const std::int64_t late_id = table.write(late);
    double seconds = 0;
    const auto others_come_and_go = [&] {
        for (int round = 0; round < 100; ++round, seconds += 0.1) {
            const std::uint64_t transaction = table.begin();
            table.write(transaction);
            table.commit(transaction);
            table.read(seconds);
            EXPECT_FALSE(table.looked_from_start());
        }
    };
    others_come_and_go();
    EXPECT_GT(table.frontier().id(), table.newest_id() - 20)
        << "what is dead is stepped over again and again";
    table.commit(late);
    EXPECT_EQ(table.read(seconds), (std::vector<std::int64_t>{late_id}));
    EXPECT_TRUE(table.looked_from_start());
    others_come_and_go();
    EXPECT_GT(table.frontier().id(), table.newest_id() - 20);
}

TEST(Frontier, LooksFromTheStartOnceAMinuteAndWhereIdsBeginAnew) {
    Table table(1);
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t transaction = table.begin();
        table.write(transaction);
        table.commit(transaction);
        table.read();
    }
    table.read();
    table.copy_in(3);
    EXPECT_TRUE(table.read(59).empty());
    EXPECT_EQ(table.read(60), std::vector<std::int64_t>{3});

    for (int round = 0; round < 3; ++round) table.read(60);
    ASSERT_GT(table.frontier().id(), 1);
    table.restart_ids();
    const std::uint64_t transaction = table.begin();
    table.write(transaction);
    table.commit(transaction);
    EXPECT_EQ(table.read(60), std::vector<std::int64_t>{1});
}

// Sessions at random, whose steps fall between any two of the reader's. All that is committed is read, once;
// the clock never reaches the minute after which the reader would look from the start anyway.
TEST(Frontier, MissesNothing) {
    for (unsigned seed = 1; seed <= 50; ++seed) {
        Table table(seed);
        std::map<std::uint64_t, std::vector<std::int64_t>> written;
        std::multiset<std::int64_t> committed, read;
        const auto step = [&] {
            const std::vector<std::uint64_t> running = table.running();
            const int choice = table.below(10);
            if (running.empty() || (choice < 3 && running.size() < 8)) {
                table.begin();
                return;
            }
            const std::uint64_t transaction = running[table.below(static_cast<int>(running.size()))];
            if (choice < 7) {
                written[transaction].push_back(table.write(transaction));
            } else if (choice == 7) {
                table.abort(transaction);
            } else if (choice == 8 || transaction % 16 != 0) {  // some go on for long
                for (const std::int64_t id : written[transaction]) committed.insert(id);
                table.commit(transaction);
            }
        };
        double seconds = 0;
        const auto look = [&] {
            seconds += 0.05;
            const auto between = [&] {
                for (int steps = table.below(4); steps > 0; --steps) step();
            };
            for (const std::int64_t id : table.read(seconds, table.below(8) == 0, between)) read.insert(id);
        };
        for (int round = 0; round < 300; ++round) {
            for (int steps = table.below(5); steps > 0; --steps) step();
            look();
        }
        for (const std::uint64_t transaction : table.running()) table.abort(transaction);
        for (int round = 0; round < 300; ++round)
            for (const std::int64_t id : table.read(seconds)) read.insert(id);
        ASSERT_EQ(read, committed) << "seed " << seed;
        ASSERT_LT(seconds, 60);
        ASSERT_GT(read.size(), 100U);
    }
}

TEST(Frontier, ReadsASnapshotAsPostgresWritesIt) {
    const Snapshot busy = read_snapshot("10:20:10,14,15");
    EXPECT_EQ(busy.next, 20U);
    EXPECT_EQ(busy.running, (std::vector<std::uint64_t>{10, 14, 15}));
    EXPECT_TRUE(busy.ended(9));
    EXPECT_FALSE(busy.ended(10));
    EXPECT_TRUE(busy.ended(11));
    EXPECT_FALSE(busy.ended(20));
    EXPECT_TRUE(read_snapshot("20:20:").running.empty());
    EXPECT_THROW(read_snapshot("nonsense"), std::invalid_argument);
}

}  // namespace
}  // namespace hil

// The frontier: where whoever reads rows in the order of their ids must begin so as to miss none, although
// ids become visible in another order than they are drawn.
//
// A row that is done with is deleted, but as long as some transaction could still see it, it lies there dead,
// and reading from the start would step over all of them. So the reader keeps an id in memory up to which
// nothing is to be expected any more. It follows from two facts: a transaction has its own id before it draws
// one for a row, and a snapshot tells which transactions had not ended.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace hil {

// Which transactions had not ended: those of `running`, and all from `next` on.
struct Snapshot {
    std::uint64_t next = 0;
    std::vector<std::uint64_t> running;  // ascending

    bool ended(std::uint64_t transaction) const;
};

// Reads Postgres's text form of a pg_snapshot, "xmin:xmax:xip,…". std::invalid_argument where it is none.
Snapshot read_snapshot(std::string_view text);

// What a reader saw on one snapshot.
struct Sight {
    std::int64_t newest_id;          // the newest id drawn by anybody, as of the sight or before it
    std::uint64_t next_transaction;  // no transaction had this id when newest_id was read, nor a greater one
    Snapshot snapshot;
    std::optional<std::int64_t> first;  // the smallest id seen beyond where the reader began
    double seconds;                     // by a clock that is never set back
};

class Frontier {
  public:
    // Rows up to this id need not be looked at.
    std::int64_t id() const { return id_; }

    // Whether to look from the very start: at first; when a transaction that lagged behind the frontier has
    // ended; when ids began anew; and once a minute, for rows that came with ids from elsewhere, as a
    // restored dump's do.
    bool must_sweep(const Sight& sight) const;

    // Takes in what was seen beyond id() or, after a sweep, of all.
    void saw(const Sight& sight, bool swept);

  private:
    struct Mark {
        std::int64_t id;
        std::uint64_t before;  // rows up to id are of transactions below this one
        double seconds;
    };

    std::int64_t id_ = 0;
    std::vector<std::uint64_t>
        laggards_;              // what has not ended of the transactions that could have rows up to id_
    std::optional<Mark> mark_;  // the next place for the frontier
    std::optional<double> swept_at_;
};

}  // namespace hil

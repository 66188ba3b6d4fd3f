// How long it takes until an agent comes: observed, not promised.
//
// Whenever an agent takes an entry that has waited, the interval since the take before it, of the same skill
// set, is noted (with the entry's leaving the queue, see positions.hpp). What counts of it is only what the
// entry spent waiting: so an empty queue, a night for instance, does not slow the pace. Folding makes a mean
// of the intervals in which recent ones weigh more.
#pragma once

#include <optional>

#include "engine/conversations.hpp"

namespace hil::engine {

// hil_estimated_wait: the mean interval between takes of the entry's skill set, for each entry of that set
// that stands before it and for itself. Nothing where it does not wait, or where fewer than three takes were
// observed. Flat in the queue's length: of entries with the same priority the nearest hundred are counted;
// where there are more, their number comes from the entry's place among all.
std::optional<Duration> estimated_wait(const Uuid& conversation);

// The part of folding that notes the takes, as a CTE over the deltas `taken`. A take weighs a thirtieth less
// than the one after it. One interval counts for at most eight times the mean, or a minute: a queue that
// stood over night must not spoil the morning.
#define HIL_FOLD_PACES                                                                                     \
    "gaps AS (SELECT t.skill_set_id, t.taken_at, greatest(0, extract(epoch FROM "                          \
    "          least(t.waited, t.taken_at - lag(t.taken_at, 1, p.taken_at) OVER w))::float8) AS seconds, " \
    "         CASE WHEN p.takes >= 3 THEN greatest(8 * p.seconds / p.weight, 60) ELSE 'infinity' END AS "  \
    "most, "                                                                                               \
    "         count(*) OVER (PARTITION BY t.skill_set_id) - row_number() OVER w AS later "                 \
    "         FROM taken t LEFT JOIN hil.skill_set_paces p ON p.skill_set_id = t.skill_set_id "            \
    "         WHERE t.taken_at IS NOT NULL WINDOW w AS (PARTITION BY t.skill_set_id ORDER BY t.taken_at, " \
    "t.id)), "                                                                                             \
    "paces AS (INSERT INTO hil.skill_set_paces AS p (skill_set_id, takes, weight, seconds, taken_at) "     \
    "          SELECT skill_set_id, count(*), sum(power(1 - 1 / 30.0::float8, later)), "                   \
    "          sum(least(seconds, most) * power(1 - 1 / 30.0::float8, later)), max(taken_at) FROM gaps "   \
    "GROUP BY 1 "                                                                                          \
    "          ON CONFLICT (skill_set_id) DO UPDATE SET takes = p.takes + excluded.takes, "                \
    "          weight = p.weight * power(1 - 1 / 30.0::float8, excluded.takes) + excluded.weight, "        \
    "          seconds = p.seconds * power(1 - 1 / 30.0::float8, excluded.takes) + excluded.seconds, "     \
    "          taken_at = greatest(p.taken_at, excluded.taken_at)) "

}  // namespace hil::engine

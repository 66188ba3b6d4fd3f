#include "storm_player.hpp"

#include "patience.hpp"

namespace hil::test {

using std::chrono_literals::operator""s;

Session connect_again(const std::string& database) {
    std::optional<Session> session;
    within_patience([&] {
        try {
            session.emplace(database);
            return true;
        } catch (const SqlError&) {
            return false;
        }
    });
    if (!session) throw std::runtime_error("the server does not come back");
    return *std::move(session);
}

void Tally::add(const Tally& other) {
    for (const auto& [name, count] : other.done) done[name] += count;
    for (const auto& [name, count] : other.refused) refused[name] += count;
    lost += other.lost;
    unexpected.insert(unexpected.end(), other.unexpected.begin(), other.unexpected.end());
    written.insert(written.end(), other.written.begin(), other.written.end());
}

void Player::play() {
    try {
        uncommitted_.clear();
        old_snapshot_ = failed_ = false;
        if (dice_.below(100) == 0)
            act("tick", "SELECT hil_tick()", {});
        else if (dice_.below(10) == 0)
            transaction();
        else
            change();
        tally.written.insert(tally.written.end(), uncommitted_.begin(), uncommitted_.end());
    } catch (const SqlError& error) {
        if (!error.sqlstate.empty()) throw;
        ++tally.lost;
        session_ = connect_again(database_);
    }
}

// One change, undone or not, and then perhaps another; or one that decides on an old snapshot. No more:
// callers that put several into one transaction have to mind the order of their locks. No hil_tick: its
// duties are subtransactions, and whoever waits for a row that one of them changed waits for the whole
// transaction, even after ROLLBACK TO SAVEPOINT has undone the change (XactLockTableWait goes on to the
// topmost transaction when a subtransaction ends).
void Player::transaction() {
    old_snapshot_ = dice_.below(4) == 0;
    session_.query(old_snapshot_ ? "BEGIN ISOLATION LEVEL REPEATABLE READ" : "BEGIN");
    session_.query("SAVEPOINT before");
    change();
    if (failed_ || dice_.below(2) == 0) {
        session_.query("ROLLBACK TO SAVEPOINT before");
        uncommitted_.clear();
        failed_ = false;
        change();
    }
    if (failed_ || dice_.below(3) == 0) {
        session_.query("ROLLBACK");
        uncommitted_.clear();
    } else {
        session_.query("COMMIT");
    }
}

void Player::change() {
    // By turns there is a long queue, and there are free agents.
    const int most_waiting = std::chrono::steady_clock::now().time_since_epoch() / 4s % 2 == 0 ? 60 : 4;
    const int waiting = session_.number("SELECT count(*) FROM hil.agent_queue WHERE status = 'pending'");
    const int choice = dice_.below(100);
    if (choice < 24 && waiting < most_waiting) return begin();
    if (choice < 44) return with_assigned("resolve", "SELECT hil_resolve($1, 'done', $2)");
    if (choice < 50) return with_assigned("decline", "SELECT hil_decline($1, $2, 'not mine')");
    if (choice < 57) return transfer();
    if (choice < 63) return back_to_ai();
    if (choice < 67) return with_waiting("cancel", "SELECT hil_cancel($1, 'gave up')");
    if (choice < 75) return change_agent();
    if (choice < 82) return message(any_conversation(), "Where is my order?");
    if (choice < 87) return reply();
    if (choice < 91) return with_any("handover", "SELECT hil_handover($1, 'again')");
    if (choice < 95) return let_time_pass();
    ask();
}

bool Player::attempt(const std::string& name, const std::string& statement,
                     const std::vector<Value>& values) {
    try {
        session_.query(statement, values);
        ++tally.done[name];
        return true;
    } catch (const SqlError& error) {
        if (error.sqlstate.empty()) throw;
        failed_ = true;
        // Somebody else was first, or what was seen has changed. Nothing else is an excuse, least of all a
        // deadlock.
        if (error.sqlstate == "55000" || error.sqlstate == "42501" ||
            (old_snapshot_ && error.sqlstate == "40001")) {
            ++tally.refused[name];
        } else {
            tally.unexpected.push_back(name + ": " + error.what());
        }
        return false;
    }
}

void Player::act(const std::string& name, const std::string& statement, const std::vector<Value>& values) {
    attempt(name, statement, values);
}

void Player::with(const std::string& name, const std::string& choose, const std::string& statement,
                  const std::vector<Value>& more) {
    const Rows rows = session_.query(choose);
    if (rows.empty()) return;
    std::vector<Value> values = rows[0];
    values.insert(values.end(), more.begin(), more.end());
    act(name, statement, values);
}

void Player::with_assigned(const std::string& name, const std::string& statement,
                           const std::vector<Value>& more) {
    with(name,
         "SELECT conversation_id, assigned_to FROM hil.agent_queue WHERE status = 'assigned' "
         "ORDER BY random() LIMIT 1",
         statement, more);
}

void Player::with_waiting(const std::string& name, const std::string& statement) {
    with(name,
         "SELECT conversation_id FROM hil.agent_queue WHERE status = 'pending' ORDER BY random() LIMIT 1",
         statement);
}

void Player::with_any(const std::string& name, const std::string& statement) {
    if (const std::string id = any_conversation(); !id.empty()) act(name, statement, {id});
}

std::string Player::any_conversation() {
    return session_.one(
        "SELECT id FROM (SELECT id FROM hil.conversations ORDER BY updated_at DESC LIMIT 100) c "
        "ORDER BY random() LIMIT 1");
}

void Player::begin() {
    if (dice_.below(2) == 0) return message(session_.one("SELECT gen_random_uuid()"), "escalate");
    act("begin",
        "SELECT hil_handover(hil_create_conversation(), 'asked for', nullif($1, '{}')::text[], $2::int)",
        {dice_.one_of(storm_skills), std::to_string(1 + dice_.below(10))});
}

void Player::message(const std::string& conversation, const std::string& start) {
    if (conversation.empty()) return;
    const std::string text = start + " " + name_ + "." + std::to_string(++texts_);
    if (attempt("message", "SELECT hil_handle_message($1, $2)", {conversation, text}))
        uncommitted_.emplace_back(conversation, text);
}

void Player::reply() {
    const Rows rows = session_.query(
        "SELECT conversation_id, assigned_to FROM hil.agent_queue WHERE status = 'assigned' "
        "ORDER BY random() LIMIT 1");
    if (rows.empty()) return;
    const std::string text = "Hello " + name_ + "." + std::to_string(++texts_);
    if (attempt("reply", "SELECT hil_handle_message($1, $3, 'agent', $2)", {rows[0][0], rows[0][1], text}))
        uncommitted_.emplace_back(*rows[0][0], text);
}

void Player::transfer() {
    if (dice_.below(2) == 0)
        return with_assigned(
            "transfer to the queue",
            "SELECT hil_transfer($1, $2, 'passed on', NULL, nullif($3, '{}')::text[], $4::int)",
            {dice_.one_of(storm_skills), std::to_string(1 + dice_.below(10))});
    with("transfer to an agent",
         "SELECT q.conversation_id, q.assigned_to, a.id FROM hil.agent_queue q, hil.human_agents a "
         "WHERE q.status = 'assigned' AND a.id <> q.assigned_to AND a.status = 'online' "
         "AND a.current_load < a.max_capacity ORDER BY random() LIMIT 1",
         "SELECT hil_transfer($1, $2, 'passed on', $3)");
}

void Player::back_to_ai() {
    switch (dice_.below(3)) {
        case 0:
            return with_assigned("back to ai", "SELECT hil_back_to_ai($1, 'Tell them.', $2)");
        case 1:
            return with_assigned("back to ai", "SELECT hil_back_to_ai($1, NULL, $2)");
        default:
            return with_waiting("back to ai", "SELECT hil_back_to_ai($1)");
    }
}

void Player::change_agent() {
    const std::string agent = dice_.one_of(agents_);
    const std::vector<std::string> states = {"online", "online", "online", "away", "offline"};
    switch (dice_.below(6)) {
        case 0:
            return act("skills", "SELECT hil_set_agent_skills($1, $2::text[])",
                       {agent, dice_.one_of(storm_skills)});
        case 1:
            return act("capacity", "SELECT hil_set_agent_capacity($1, $2::int)",
                       {agent, std::to_string(2 + dice_.below(3))});
        case 2:
            return act("heartbeat", "SELECT hil_agent_heartbeat($1)", {agent});
        default:
            return act("status", "SELECT hil_set_agent_status($1, $2)", {agent, dice_.one_of(states)});
    }
}

// An hour, for somebody in the queue or for an agent, so that the scheduler has something to do: steps of
// escalation are due, an agent is silent, or is gone for so long that somebody else must take over.
void Player::let_time_pass() {
    if (dice_.below(4) == 0)
        return act("silence",
                   "UPDATE hil.human_agents SET last_active = last_active - interval '1 hour', "
                   "status_since = status_since - interval '1 hour' WHERE id = $1",
                   {dice_.one_of(agents_)});
    with_waiting("time passes",
                 "UPDATE hil.agent_queue SET created_at = created_at - interval '1 hour', "
                 "deadline = deadline - interval '1 hour', next_step_at = next_step_at - interval '1 hour' "
                 "WHERE conversation_id = $1 AND status = 'pending'");
}

void Player::ask() {
    switch (dice_.below(3)) {
        case 0:
            return with_waiting("estimated wait", "SELECT hil_estimated_wait($1)");
        case 1:
            return with_waiting("explain", "SELECT * FROM hil_explain_assignment($1)");
        default:
            return act("inbox", "SELECT * FROM hil_inbox($1)", {dice_.one_of(agents_)});
    }
}

}  // namespace hil::test

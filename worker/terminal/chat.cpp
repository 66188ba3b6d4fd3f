#include "terminal/chat.hpp"

#include "core/text.hpp"

namespace hil::worker {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr const char* help =
    "Write, and end with Enter.\n"
    "/human     asks for a human agent\n"
    "/rate N    rates the conversation, 1 to 5, once it is closed\n"
    "/new       begins another conversation\n"
    "/quit      leaves; the conversation stays";

// Steps are announced to nobody, so they are asked for while the AI works. All else is notified; the longer
// pause is for notifications that got lost.
constexpr milliseconds while_busy{200}, while_idle{2'000};

constexpr milliseconds until_worker_is_missed{5'000};

bool has_no_right(const DatabaseError& error) {
    return error.sqlstate() == "42501" || error.sqlstate() == "42883";
}

}  // namespace

void Chat::connected(Connection& database) {
    database_ = &database;
    if (id_.empty())
        begin(options_.conversation);
    else
        listen();
}

void Chat::begin(const std::optional<std::string>& id) {
    bool is_new = !id;
    std::string found = id.value_or("");
    if (id) {
        try {
            database_->execute("SELECT hil_customer_view($1::uuid, 0)", {*id});
        } catch (const DatabaseError& error) {
            is_new = error.sqlstate() == "P0002";
            if (!is_new) throw;
        }
    }
    if (is_new)
        found =
            database_->execute("SELECT hil_create_conversation($1::uuid, $2::text)", {id, options_.workflow})
                .text(0, 0);
    // As the server writes it: the channel's name is case-sensitive.
    id_ = database_->execute("SELECT $1::uuid::text", {found}).text(0, 0);
    is_left_ = false;
    story_ = CustomerStory();
    last_step_.reset();
    page_.note((is_new ? "conversation " : "going on with conversation ") + id_);
    listen();
}

void Chat::listen() {
    database_->execute("UNLISTEN *");
    database_->execute(("LISTEN \"hil_conversation_" + id_ + "\"").c_str());
}

void Chat::obey(const std::string& line, const std::string& key) {
    const bool is_message = !line.starts_with('/');
    const std::string command = line.substr(0, line.find(' '));
    const std::string rest(trimmed(line.substr(command.size())));
    if (is_left_ && (is_message || command == "/human" || command == "/rate")) {
        page_.error("no conversation is open, so nobody got this: /new begins one");
    } else if (is_message) {
        send(line, key);
    } else if (command == "/new") {
        // Where it is refused, what follows was not typed for the one before either.
        is_left_ = true;
        begin(std::nullopt);
    } else if (command == "/human") {
        ask_for_human();
    } else if (command == "/rate") {
        rate(rest);
    } else {
        if (command != "/help") page_.error("there is no " + command);
        page_.note(help);
    }
}

void Chat::ask_for_human() {
    try {
        database_->execute("SELECT hil_handover($1::uuid, 'The customer asked for a human agent')", {id_});
    } catch (const DatabaseError& error) {
        // People have it already, also where this line is done again after a lost connection.
        const std::string place = error.sqlstate() == "55000" ? place_of(view("0")) : "";
        if (place.empty()) throw;
        page_.note(place + "; they will read what you write");
    }
}

// What the customer may see, with this many messages.
Json Chat::view(const char* last_messages) {
    return Json::parse(
        database_->execute("SELECT hil_customer_view($1::uuid, $2::int)", {id_, last_messages}).text(0, 0));
}

void Chat::rate(const std::string& number) {
    if (number.size() != 1 || number < "1" || number > "5")
        return page_.error("/rate takes a number from 1 to 5");
    database_->execute("SELECT hil_rate($1::uuid, $2::float8)", {id_, number});
    page_.note("thank you");
}

void Chat::send(const std::string& text, const std::string& key) {
    const Result result = database_->execute(
        "SELECT hil_handle_message($1::uuid, $2::text, idempotency_key => $3::text)", {id_, text, key});
    const Json answer = Json::parse(result.text(0, 0));
    story_.typed(answer.value("message_id", Json()));
    const std::string status = answer.value("status", "");
    // What is said to the customer here stands in no message.
    if (status == "handover" || status == "pending_human" || status == "human_active")
        if (const auto said = answer.find("message"); said != answer.end() && said->is_string())
            page_.note(said->get<std::string>());
}

milliseconds Chat::look() {
    const Json view = this->view("1000");
    const Json& run = view.at("live_run");
    ai_is_busy_ = !run.is_null();
    // Asked for after the view, and told before it: a step comes before the answer that it led to.
    if (steps_are_shown_) tell_steps();
    for (const Line& line : story_.news(view)) page_.say(line.voice, line.who, line.text);
    tell_waiting(run);
    return ai_is_busy_ ? while_busy : while_idle;
}

// The likeliest mistake of somebody who tries hil out.
void Chat::tell_waiting(const Json& run) {
    const bool waits = ai_is_busy_ && run.at("status") == "queued" && run.at("attempt") == 0;
    const Json id = waits ? run.at("run_id") : Json();
    const auto now = std::chrono::steady_clock::now();
    if (id != waiting_run_) waiting_since_ = now;
    waiting_run_ = id;
    if (!waits || now - waiting_since_ < until_worker_is_missed) return;
    waiting_since_ = Clock::time_point::max();
    page_.note("the AI has not begun: is a worker running (hil-worker run)?");
}

void Chat::tell_steps() {
    try {
        const Result rows = database_->execute(
            "SELECT node, output, usage, verdict, calls, at FROM hil_run_steps($1::uuid, $2::timestamptz)",
            {id_, last_step_});
        for (int row = 0; row < rows.rows(); ++row) {
            const auto json_at = [&](int column) {
                return rows.is_null(row, column) ? Json() : Json::parse(rows.text(row, column));
            };
            const StepRow step{std::string(rows.text(row, 0)), json_at(1), json_at(2),
                               std::string(rows.text(row, 3)), json_at(4)};
            for (const Line& line : lines_of(step)) page_.say(line.voice, line.who, line.text);
            last_step_ = rows.text(row, 5);
        }
    } catch (const DatabaseError& error) {
        if (!has_no_right(error)) throw;
        steps_are_shown_ = false;
        page_.note("the steps of the AI are not shown: they need a role with the profile reader");
    }
}

}  // namespace hil::worker

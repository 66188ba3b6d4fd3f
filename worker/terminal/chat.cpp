#include "terminal/chat.hpp"

#include <chrono>

#include "core/json.hpp"
#include "core/text.hpp"

namespace hil::worker {
namespace {

constexpr const char* help =
    "Write, and end with Enter.\n"
    "/human     asks for a human agent\n"
    "/rate N    rates the conversation, 1 to 5, once it is closed\n"
    "/new       begins another conversation\n"
    "/quit      leaves; the conversation stays";

// Steps are announced to nobody, so they are asked for while the AI works. All else is notified; the longer
// pause is for notifications that got lost.
constexpr std::chrono::milliseconds while_busy{200}, while_idle{2'000};

bool has_no_right(const DatabaseError& error) {
    return error.sqlstate() == "42501" || error.sqlstate() == "42883";
}

}  // namespace

void Chat::run() {
    begin(options_.conversation);
    page_.note("/help lists the commands");
    for (;;) {
        while (!quit_) {
            const std::optional<std::string> line = input_.line();
            if (!line) break;
            if (is_blank(*line)) continue;
            try {
                obey(std::string(trimmed(*line)));
            } catch (const DatabaseError& error) {
                if (error.connection_lost()) throw;
                page_.error(error.what());
            }
        }
        look();
        if (quit_ || (input_.ended() && !ai_is_busy_)) return;
        database_.wait(ai_is_busy_ ? while_busy : while_idle, input_.fd());
    }
}

void Chat::begin(const std::optional<std::string>& id) {
    story_ = Story(Story::Reader::customer);
    last_step_.reset();
    bool is_new = !id;
    if (id) {
        try {
            database_.execute("SELECT hil_conversation($1::uuid, 0)", {*id});
            id_ = *id;
        } catch (const DatabaseError& error) {
            is_new = error.sqlstate() == "P0002";
            if (!is_new) throw;
        }
    }
    if (is_new)
        id_ = database_.execute("SELECT hil_create_conversation($1::uuid, $2::text)", {id, options_.workflow})
                  .text(0, 0);
    // As the server writes it: the channel's name is case-sensitive.
    id_ = database_.execute("SELECT $1::uuid::text", {id_}).text(0, 0);
    database_.execute("UNLISTEN *");
    database_.execute(("LISTEN \"hil_conversation_" + id_ + "\"").c_str());
    page_.note((is_new ? "conversation " : "going on with conversation ") + id_);
}

void Chat::obey(const std::string& line) {
    if (!line.starts_with('/')) return send(line);
    const std::string command = line.substr(0, line.find(' '));
    const std::string rest(trimmed(line.substr(command.size())));
    if (command == "/quit") {
        quit_ = true;
    } else if (command == "/new") {
        begin(std::nullopt);
    } else if (command == "/human") {
        database_.execute("SELECT hil_handover($1::uuid, 'The customer asked for a human agent')", {id_});
    } else if (command == "/rate") {
        rate(rest);
    } else {
        if (command != "/help") page_.error("there is no " + command);
        page_.note(help);
    }
}

void Chat::rate(const std::string& number) {
    if (number.size() != 1 || number < "1" || number > "5")
        return page_.error("/rate takes a number from 1 to 5");
    database_.execute("SELECT hil_rate($1::uuid, $2::float8)", {id_, number});
    page_.note("thank you");
}

void Chat::send(const std::string& text) {
    const Result result = database_.execute("SELECT hil_handle_message($1::uuid, $2::text)", {id_, text});
    const Json answer = Json::parse(result.text(0, 0));
    story_.typed(answer.value("message_id", Json()));
    const std::string status = answer.value("status", "");
    // What is said to the customer here stands in no message.
    if (status == "handover" || status == "pending_human" || status == "human_active")
        if (const auto said = answer.find("message"); said != answer.end() && said->is_string())
            page_.note(said->get<std::string>());
}

void Chat::look() {
    const Result row = database_.execute(
        "SELECT c, CASE WHEN c ->> 'status' = 'pending_human' THEN hil_queue_position($1::uuid) ELSE 0 END "
        "FROM hil_conversation($1::uuid, 1000) AS c",
        {id_});
    const Json conversation = Json::parse(row.text(0, 0));
    const long long position = Json::parse(row.text(0, 1)).get<long long>();
    ai_is_busy_ = !conversation.at("live_run").is_null();
    // Asked for after the conversation, and told before it: a step comes before the answer that it led to.
    if (steps_are_shown_) tell_steps();
    for (const Line& line : story_.news(conversation, position)) page_.say(line.voice, line.who, line.text);
}

void Chat::tell_steps() {
    try {
        const Result rows = database_.execute(
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

#include "terminal/desk.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "core/json.hpp"
#include "core/text.hpp"

namespace hil::worker {
namespace {

constexpr const char* help =
    "Write, and end with Enter: the customer of the open conversation gets it.\n"
    "/inbox              the conversations that you have\n"
    "/open N             opens one of them; nothing but this opens another one\n"
    "/resolve NOTES      closes the open one; notes are for colleagues\n"
    "/back INSTRUCTIONS  gives it back to the AI; without instructions the AI waits for the customer\n"
    "/transfer REASON    passes it on to another agent\n"
    "/decline [REASON]   turns it down; it is not offered to you again\n"
    "/away, /online      whether you get new ones\n"
    "/quit               leaves; you are offline then";

constexpr std::chrono::seconds between_beats{60};
// Everything is notified; this is for notifications that got lost.
constexpr std::chrono::milliseconds pause{2'000};

constexpr std::size_t max_preview = 80;

}  // namespace

void Desk::connected(Connection& database) {
    database_ = &database;
    if (id_.empty()) id_ = database.execute("SELECT hil_find_agent($1::text)", {email_}).text(0, 0);
    database.execute(("LISTEN \"hil_agent_" + id_ + "\"").c_str());
    // Also after a connection was lost: without it nobody gave a sign of life.
    set_status(status_);
}

void Desk::set_status(const std::string& status) {
    database_->execute("SELECT hil_set_agent_status($1::uuid, $2::text)", {id_, status});
    page_.note("you are " + status);
}

void Desk::beat() {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_beat_ < between_beats) return;
    last_beat_ = now;
    database_->execute("SELECT hil_agent_heartbeat($1::uuid)", {id_});
}

// What is new: conversations that came or went, and messages.
std::chrono::milliseconds Desk::look() {
    beat();
    const Result rows =
        database_->execute("SELECT conversation_id, last_message FROM hil_inbox($1::uuid)", {id_});
    std::set<std::string> mine;
    std::size_t most_urgent = 0;
    for (int row = 0; row < rows.rows(); ++row) {
        const std::string conversation(rows.text(row, 0)), last_message(rows.text(row, 1));
        mine.insert(conversation);
        const std::size_t number = number_of(conversation);
        if (most_urgent == 0) most_urgent = number;
        Entry& entry = entries_[number - 1];
        const bool is_new = !entry.is_mine;
        const bool has_news = entry.last_message != last_message;
        entry.is_mine = true;
        entry.last_message = last_message;
        if (is_new)
            page_.note("new: " + std::to_string(number) + ". " + one_line(last_message, max_preview));
        else if (has_news && number != open_)
            page_.note("in " + std::to_string(number) + ". " + one_line(last_message, max_preview));
    }
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        Entry& entry = entries_[i];
        if (!entry.is_mine || mine.contains(entry.conversation)) continue;
        entry.is_mine = false;
        page_.note(std::to_string(i + 1) + ". is not yours any more");
        if (open_ == i + 1) open_ = 0;
    }
    if (open_ == 0 && most_urgent != 0) {
        // Nothing was typed before the first look.
        if (has_looked_)
            offer(most_urgent);
        else
            open(most_urgent);
    }
    if (!has_looked_ && most_urgent == 0) page_.note("your inbox is empty");
    has_looked_ = true;
    show_open();
    return pause;
}

std::size_t Desk::number_of(const std::string& conversation) {
    const auto known = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const Entry& entry) { return entry.conversation == conversation; });
    const auto number = static_cast<std::size_t>(known - entries_.begin()) + 1;
    if (known == entries_.end()) entries_.push_back({conversation, AgentStory(), false, ""});
    return number;
}

void Desk::list() {
    const Result rows = database_->execute(
        "SELECT conversation_id, priority, coalesce(extract(epoch FROM now() - waiting_since)::int, 0), "
        "last_message FROM hil_inbox($1::uuid)",
        {id_});
    if (rows.rows() == 0) page_.note("your inbox is empty");
    for (int row = 0; row < rows.rows(); ++row) {
        const std::size_t number = number_of(std::string(rows.text(row, 0)));
        const std::string waiting(rows.text(row, 2));
        page_.note(std::to_string(number) + ". priority " + std::string(rows.text(row, 1)) +
                   (waiting == "0" ? "" : ", waits for " + waiting + " s") +
                   (number == open_ ? ", open: " : ": ") + one_line(rows.text(row, 3), max_preview));
    }
}

void Desk::open_named(const std::string& text) {
    std::size_t number = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    const bool known = read.ec == std::errc() && read.ptr == end && number >= 1 &&
                       number <= entries_.size() && entries_[number - 1].is_mine;
    if (known) return open(number);
    // The lines that follow were typed for another customer than the one who was there before.
    open_ = 0;
    offered_ = 0;
    page_.error((text.empty() ? "/open takes the number of one of your conversations"
                              : "you have no conversation " + text) +
                "; no conversation is open now");
    list();
}

// Says once that none is open, and which could be.
void Desk::offer(std::size_t number) {
    if (offered_ == number) return;
    offered_ = number;
    page_.note("no conversation is open: /open " + std::to_string(number) + " opens " +
               std::to_string(number) + ". " + one_line(entries_[number - 1].last_message, max_preview));
}

void Desk::open(std::size_t number) {
    open_ = number;
    offered_ = 0;
    Entry& entry = entries_[number - 1];
    entry.story = AgentStory();
    page_.note("--- " + std::to_string(number) +
               ". is open, what you write goes to its customer: conversation " + entry.conversation);
    const Result row = database_->execute("SELECT hil_conversation($1::uuid, 0) -> 'handover_context'",
                                          {entry.conversation});
    const Json context = row.is_null(0, 0) ? Json() : Json::parse(row.text(0, 0));
    if (context.is_object())
        for (const auto& [key, value] : context.items()) {
            const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
            if (!is_blank(text)) page_.say(Voice::system, key, text);
        }
    show_open();
}

void Desk::show_open() {
    if (open_ == 0) return;
    Entry& entry = entries_[open_ - 1];
    const Result row = database_->execute("SELECT hil_conversation($1::uuid, 50)", {entry.conversation});
    for (const Line& line : entry.story.news(Json::parse(row.text(0, 0))))
        page_.say(line.voice, line.who, line.text);
}

const std::string& Desk::opened() { return entries_[open_ - 1].conversation; }

void Desk::obey(const std::string& line, const std::string& key) {
    if (!line.starts_with('/')) return reply(line, key);
    const std::string command = line.substr(0, line.find(' '));
    const std::string rest(trimmed(line.substr(command.size())));
    if (command == "/inbox") {
        list();
    } else if (command == "/away" || command == "/online") {
        set_status(command.substr(1));
        status_ = command.substr(1);
    } else if (command == "/open") {
        open_named(rest);
    } else if (command == "/resolve" || command == "/back" || command == "/decline" ||
               command == "/transfer") {
        act(command, rest);
    } else {
        if (command != "/help") page_.error("there is no " + command);
        page_.note(help);
    }
}

void Desk::reply(const std::string& text, const std::string& key) {
    if (open_ == 0)
        return page_.error(
            "no conversation is open, so nobody got this: /inbox lists yours, /open N opens one");
    const Result result = database_->execute(
        "SELECT hil_handle_message($1::uuid, $2::text, 'agent', $3::uuid, $4::text) -> 'message_id'",
        {opened(), text, id_, key});
    if (!result.is_null(0, 0)) entries_[open_ - 1].story.typed(Json::parse(result.text(0, 0)));
}

void Desk::act(const std::string& command, const std::string& text) {
    if (open_ == 0) return page_.error("no conversation is open: /inbox lists yours, /open N opens one");
    if (text.empty() && (command == "/resolve" || command == "/transfer"))
        return page_.error(
            command + (command == "/resolve" ? " takes notes on how it was resolved" : " takes the reason"));
    const Parameter words = text.empty() ? Parameter() : Parameter(text);
    const char* done = "";
    if (command == "/resolve") {
        database_->execute("SELECT hil_resolve($1::uuid, $2::text, $3::uuid)", {opened(), words, id_});
        done = " is resolved";
    } else if (command == "/back") {
        database_->execute("SELECT hil_back_to_ai($1::uuid, $2::text, $3::uuid)", {opened(), words, id_});
        done = " is back with the AI";
    } else if (command == "/transfer") {
        database_->execute("SELECT hil_transfer($1::uuid, $3::uuid, $2::text)", {opened(), words, id_});
        done = " is passed on";
    } else {
        database_->execute("SELECT hil_decline($1::uuid, $3::uuid, $2::text)", {opened(), words, id_});
        done = " is declined";
    }
    page_.note(std::to_string(open_) + "." + done);
    entries_[open_ - 1].is_mine = false;
    open_ = 0;
}

void Desk::leave() {
    set_status("offline");
    const auto left = static_cast<std::size_t>(
        std::count_if(entries_.begin(), entries_.end(), [](const Entry& entry) { return entry.is_mine; }));
    if (left > 0)
        page_.note("you still have " + std::to_string(left) +
                   (left == 1 ? " conversation; it returns" : " conversations; they return") +
                   " to the queue after a while (hil.requeue_after)");
}

std::string Desk::missed() const { return "you are " + status_ + " until hil.agent_timeout is over"; }

}  // namespace hil::worker

#include "ours.hpp"

#include <memory>
#include <stdexcept>

#include "figures.hpp"
#include "server.hpp"

namespace hil::bench {
namespace {

std::shared_ptr<Supply> new_conversations(Client& client) {
    return std::make_shared<Supply>(list(client, "SELECT id FROM hil.conversations WHERE status = 'new'"));
}

std::shared_ptr<const std::vector<std::string>> shared(std::vector<std::string> values) {
    return std::make_shared<const std::vector<std::string>>(std::move(values));
}

// Each transaction takes ten, and is rolled back, so that all contestants always find the same queue.
constexpr int takes = 10;

}  // namespace

Contestant our_handover(const std::string& database) {
    const auto client = std::make_shared<Client>(database);
    const auto supply = new_conversations(*client);
    const auto skills =
        shared(list(*client, "SELECT DISTINCT skills FROM hil.human_agents WHERE max_capacity > 0"));
    return {.name = "hil",
            .database = database,
            .work =
                [=](Client& with, Dice& dice) {
                    with.run("SELECT hil_handover($1, 'asked for a human', $2)",
                             {supply->next(), dice.one_of(*skills)});
                },
            .settle = [=] { await_relay(*client); }};
}

Contestant our_message(const std::string& database) {
    const auto client = std::make_shared<Client>(database);
    const auto supply = new_conversations(*client);
    return {.name = "hil",
            .database = database,
            .work =
                [=](Client& with, Dice&) {
                    with.run("SELECT hil_handle_message($1, $2)", {supply->next(), message_text});
                },
            .settle = [=] { await_relay(*client); }};
}

Contestant our_position(const std::string& database) {
    Client client(database);
    const auto ids = shared(waiting_ids(client));
    return {.name = "hil", .database = database, .work = [=](Client& with, Dice& dice) {
                if (with.one("SELECT hil_queue_position($1)", {dice.one_of(*ids)}) == "0")
                    throw std::runtime_error("who waits has no position");
            }};
}

Contestant take_by(const std::string& database, const std::string& sql, const std::vector<Value>& more) {
    struct Slots {
        Value agent;
        int capacity = 0;
    };
    Client client(database);
    const auto agents = shared(list(client, "SELECT id FROM hil.human_agents WHERE skills @> '{t0}'"));
    const auto slots = std::make_shared<Slots>();
    return {.name = "hil",
            .database = database,
            .work =
                [=](Client& with, Dice&) {
                    std::vector<Value> values = {slots->agent, std::to_string(++slots->capacity)};
                    values.insert(values.end(), more.begin(), more.end());
                    if (with.one(sql, values).empty()) throw std::runtime_error("nothing was taken");
                },
            .group = takes,
            .open =
                [=](Client& with, Dice& dice) {
                    *slots = {dice.one_of(*agents), 0};
                    with.run("BEGIN");
                },
            .close = [](Client& with) { with.run("ROLLBACK"); }};
}

Contestant our_take(const std::string& database) {
    return take_by(database, "SELECT hil_set_agent_capacity($1, $2) -> 'assigned' ->> 0");
}

}  // namespace hil::bench

#include "db/report_sender.hpp"

#include <spdlog/spdlog.h>

#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <utility>

#include "db/protocol.hpp"
#include "elsewhere.hpp"
#include "watch/log.hpp"

namespace hil::worker {
namespace {

using std::chrono::milliseconds;

constexpr const char* report_runs = "SELECT hil_report_runs($1::jsonb)";
constexpr const char* report_one = "SELECT hil_report_runs($1::jsonb) -> 0";
constexpr const char* record_calls = "SELECT hil_record_calls($1::bigint, $2::int, $3::text, $4::jsonb)";
constexpr const char* record_step =
    "SELECT hil_record_step($1::bigint, $2::int, $3::text, $4::jsonb, $5::jsonb)";
constexpr const char* complete_run = "SELECT hil_complete_run($1::bigint, $2::int, $3::jsonb)";
// What is sent together waits for nothing but locks that are held for a moment, so it is soon told who is in
// the way.
constexpr milliseconds together_limit{2'000};
constexpr milliseconds alone_limit{10'000};

constexpr asio::steady_timer::time_point never = asio::steady_timer::time_point::max();

// Waits until the timer is cancelled or over.
Task<> rest(asio::steady_timer& timer) {
    std::error_code woken;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
}

// Whoever holds a conversation for long holds up the reports of this one only: waiting for a lock ends soon,
// and makes room for others.
constexpr const char* not_waiting_long =
    "WITH patience AS MATERIALIZED (SELECT set_config('lock_timeout', '1s', true)) ";

// What the database says to one report, or to a part of one.
Task<std::optional<Answer>> ask(AsyncConnection& connection, std::string sql,
                                std::vector<Parameter> parameters) {
    const std::string all = not_waiting_long + sql + " FROM patience";
    const Result result = co_await connection.execute(all, std::move(parameters), alone_limit);
    co_return answer_of(Json::parse(result.text(0, 0)));
}

Answer refusal(const DatabaseError& error) {
    return {Answer::Action::refused, "", error.what(), error.sqlstate()};
}

}  // namespace

struct ReportSender::Lane {
    Lane(Threads& threads, const std::string& url, bool lone)
        : connection(threads, url), idle(threads.io(), never), lone(lone) {}

    AsyncConnection connection;
    asio::steady_timer idle;  // cancelled when there is something to do
    const bool lone;
    bool sleeping = false;
    Backoff backoff;
    Complaint complaint{"reporting to the database"};
};

// A report, and the timer on which its sender waits.
struct ReportSender::Delivery : WaitingReport {
    Delivery(Report report, asio::io_context& io) : WaitingReport(std::move(report)), answered(io, never) {}
    asio::steady_timer answered;
};

ReportSender::ReportSender(Threads& threads, const std::string& url, int connections, Metrics& metrics)
    : threads_(threads), metrics_(metrics) {
    for (int i = 0; i < connections; ++i)
        lanes_.push_back(std::make_unique<Lane>(threads, url, /*lone=*/2 * i >= connections));
}

ReportSender::~ReportSender() = default;

Task<Answer> ReportSender::send(Report report) {
    // Written out on the caller's strand, which is not the I/O thread.
    auto delivery = std::make_shared<Delivery>(std::move(report), threads_.io());
    Task<> task = deliver(delivery);
    co_await elsewhere(asio::any_io_executor(threads_.io().get_executor()), std::move(task));
    co_return *delivery->answer;
}

Task<> ReportSender::deliver(std::shared_ptr<Delivery> delivery) {
    struct Forget {
        WaitingReport& report;
        ~Forget() { report.unwanted = true; }
    } forget{*delivery};
    queue_.add(delivery, /*alone=*/false);
    wake(/*for_lone=*/delivery->in_parts);
    while (!delivery->answer) {
        co_await rest(delivery->answered);
        const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none)
            throw std::system_error(asio::error::operation_aborted);
    }
}

void ReportSender::wake(bool for_lone) {
    for (const auto& lane : lanes_) {
        if (lane->lone != for_lone || !lane->sleeping) continue;
        lane->sleeping = false;
        lane->idle.cancel();
        return;
    }
}

void ReportSender::start(std::function<void()> all_stopped) {
    all_stopped_ = std::move(all_stopped);
    for (const auto& lane : lanes_) {
        ++lanes_running_;
        asio::co_spawn(threads_.io(), serve(*lane), [this](const std::exception_ptr&) {
            if (--lanes_running_ == 0) all_stopped_();
        });
    }
}

void ReportSender::stop() {
    stopping_ = true;
    for (const auto& lane : lanes_) {
        lane->connection.interrupt();
        lane->idle.cancel();
    }
}

Task<> ReportSender::serve(Lane& lane) {
    while (!stopping_) {
        if (lane.lone) {
            if (WaitingReportPtr report = queue_.take_alone(ReportQueue::Clock::now())) {
                co_await send_alone(lane, std::move(report));
                continue;
            }
        } else if (std::vector<WaitingReportPtr> reports = queue_.take_together(); !reports.empty()) {
            co_await send_together(lane, std::move(reports));
            continue;
        }
        lane.sleeping = true;
        lane.idle.expires_at(lane.lone ? queue_.next_alone() : never);
        co_await rest(lane.idle);
        lane.sleeping = false;
    }
    lane.connection.close();
}

void ReportSender::put_back(const std::vector<WaitingReportPtr>& reports, bool alone) {
    for (const WaitingReportPtr& report : reports) {
        queue_.add(report, alone);
        wake(alone || report->in_parts);
    }
}

// Nothing: all went well.
Task<std::optional<DatabaseError>> ReportSender::tried(Lane& lane, Task<> sending) {
    std::optional<DatabaseError> failure;
    try {
        co_await std::move(sending);
        lane.backoff.reset();
        lane.complaint.is_over();
    } catch (const DatabaseError& error) {
        failure = error;
    } catch (const std::exception& error) {
        lane.connection.close();
        failure = DatabaseError(error.what(), "", /*connection_lost=*/true);
    }
    co_return failure;
}

// One that is here by itself does everything; several never wait for a conversation, and hand over nothing.
Task<> ReportSender::ask_together(Lane& lane, const std::vector<WaitingReportPtr>& reports) {
    std::vector<Parameter> parameters = {argument_of(reports)};
    const Result result =
        co_await lane.connection.execute(report_runs, std::move(parameters), together_limit);
    const Json answers = Json::parse(result.text(0, 0));
    metrics_.reported(reports.size() > 1 ? "together" : "alone", reports.size());
    for (std::size_t i = 0; i < reports.size(); ++i) {
        reports[i]->answer = answer_of(answers.at(i));
        if (reports[i]->answer) {
            static_cast<Delivery&>(*reports[i]).answered.cancel();
        } else {
            put_back({reports[i]}, /*alone=*/true);
        }
    }
}

Task<> ReportSender::send_together(Lane& lane, std::vector<WaitingReportPtr> reports) {
    Task<> asking = ask_together(lane, reports);
    const std::optional<DatabaseError> failure = co_await tried(lane, std::move(asking));
    if (!failure) co_return;
    if (failure->connection_lost()) {
        put_back(reports, /*alone=*/false);
        co_await pause(lane, failure->what());
    } else {
        // Whose it was is told when each goes by itself.
        put_back(reports, /*alone=*/true);
    }
}

Task<> ReportSender::ask_alone(Lane& lane, const WaitingReportPtr& report) {
    if (report->in_parts) {
        report->answer = co_await in_parts(lane.connection, report->report);
    } else {
        std::vector<Parameter> parameters = {argument_of({report})};
        report->answer = co_await ask(lane.connection, report_one, std::move(parameters));
    }
    metrics_.reported(report->in_parts ? "in_parts" : "alone", 1);
}

Task<> ReportSender::send_alone(Lane& lane, WaitingReportPtr report) {
    Task<> asking = ask_alone(lane, report);
    const std::optional<DatabaseError> failure = co_await tried(lane, std::move(asking));
    if (failure && !failure->worth_retrying()) report->answer = refusal(*failure);
    if (report->answer) {
        static_cast<Delivery&>(*report).answered.cancel();
        co_return;
    }
    const bool lost = failure && failure->connection_lost();
    if (failure && !lost) put_off(*report, failure->what());
    put_back({report}, /*alone=*/true);
    if (lost) co_await pause(lane, failure->what());
}

// What went wrong is the report's own, as where somebody holds its conversation.
void ReportSender::put_off(WaitingReport& report, const std::string& error) {
    const bool first = report.not_before == ReportQueue::Clock::time_point();
    report.not_before = ReportQueue::Clock::now() + report.backoff.next();
    const About about = {report.report.run_id, report.report.attempt, report.report.conversation_id, {}};
    note(first ? spdlog::level::info : spdlog::level::debug, "report_delayed",
         "the database does not take a report yet: " + error, about);
}

// For what is too much for one argument. The fence makes it safe to repeat the parts.
Task<std::optional<Answer>> ReportSender::in_parts(AsyncConnection& connection, const Report& report) {
    const std::string run = std::to_string(report.run_id), attempt = std::to_string(report.attempt);
    std::optional<Answer> answer = Answer{Answer::Action::proceed, "", "", ""};
    const auto stops = [&] { return answer.value_or(Answer{}).action != Answer::Action::proceed; };
    for (const Json& call : report.body.value("calls", Json::array())) {
        Json calls = Json::array({call});
        calls[0].erase("node");
        std::vector<Parameter> parameters = {run, attempt, call.value("node", ""), text_of(calls)};
        answer = co_await ask(connection, record_calls, std::move(parameters));
        if (stops()) co_return answer;
    }
    for (const Json& step : report.body.value("steps", Json::array())) {
        std::vector<Parameter> parameters = {run, attempt, step.value("node", ""), text_of(step.at("output")),
                                             text_of(step.at("usage"))};
        answer = co_await ask(connection, record_step, std::move(parameters));
        if (stops()) co_return answer;
    }
    Json rest = {
        {"run_id", report.run_id}, {"attempt", report.attempt}, {"conversation_id", report.conversation_id}};
    for (const char* key : {"handover", "failure", "postponed"})
        if (report.body.contains(key)) rest[key] = report.body.at(key);
    if (report.body.contains("result")) {
        std::vector<Parameter> parameters = {run, attempt, text_of(report.body.at("result"))};
        answer = co_await ask(connection, complete_run, std::move(parameters));
    } else if (rest.size() > 3) {
        const Json only = Json::array({std::move(rest)});
        std::vector<Parameter> parameters = {text_of(only)};
        answer = co_await ask(connection, report_one, std::move(parameters));
    }
    co_return answer;
}

Task<> ReportSender::pause(Lane& lane, const std::string& error) {
    if (stopping_) co_return;
    const milliseconds delay = lane.backoff.next();
    lane.complaint.is(fmt::format("the database took no report, next try in {} ms: ", delay.count()), error);
    lane.idle.expires_after(delay);
    co_await rest(lane.idle);
}

}  // namespace hil::worker

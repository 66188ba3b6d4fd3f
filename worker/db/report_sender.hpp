// Sends reports over connections of its own, as many together as are there.
#pragma once

#include <asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backoff.hpp"
#include "complaint.hpp"
#include "db/async_connection.hpp"
#include "db/report_batch.hpp"
#include "threads.hpp"
#include "watch/metrics.hpp"

namespace hil::worker {

// One half of the connections (at least one) sends what is there, together; what has to wait inside the
// database goes alone over the other half, and never stops the flow. Connections are opened when they are
// first needed. send() may be called on any strand, the rest on the I/O thread.
class ReportSender : public Reports {
  public:
    // Of `url` see Connection. connections >= 2.
    ReportSender(Threads& threads, const std::string& url, int connections, Metrics& metrics);
    ~ReportSender() override;

    Task<Answer> send(Report report) override;

    // `all_stopped` is called when everything has ended after stop().
    void start(std::function<void()> all_stopped);

    // Cancels what waits in the database, and takes nothing any more.
    void stop();
    bool stopped() const { return lanes_running_ == 0; }

  private:
    struct Lane;
    struct Delivery;

    Task<> deliver(std::shared_ptr<Delivery> delivery);
    Task<> serve(Lane& lane);
    Task<std::optional<DatabaseError>> tried(Lane& lane, Task<> sending);
    Task<> ask_together(Lane& lane, const std::vector<WaitingReportPtr>& reports);
    Task<> ask_alone(Lane& lane, const WaitingReportPtr& report);
    Task<> send_together(Lane& lane, std::vector<WaitingReportPtr> reports);
    Task<> send_alone(Lane& lane, WaitingReportPtr report);
    Task<std::optional<Answer>> in_parts(AsyncConnection& connection, const Report& report);
    Task<> pause(Lane& lane, const std::string& error);
    void put_off(WaitingReport& report, const std::string& error);
    void put_back(const std::vector<WaitingReportPtr>& reports, bool alone);
    void wake(bool for_lone);

    Threads& threads_;
    Metrics& metrics_;
    ReportQueue queue_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    std::function<void()> all_stopped_;
    int lanes_running_ = 0;
    bool stopping_ = false;
};

}  // namespace hil::worker

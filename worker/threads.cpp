#include "threads.hpp"

#include <asio/executor_work_guard.hpp>
#include <asio/strand.hpp>
#include <utility>

#include "elsewhere.hpp"

namespace hil::worker {
namespace {

Task<> call(std::function<void()> blocking, std::atomic<int>& count) {
    struct Counted {
        std::atomic<int>& count;
        explicit Counted(std::atomic<int>& all) : count(all) { ++count; }
        ~Counted() { --count; }
    } counted(count);
    blocking();
    co_return;
}

}  // namespace

Threads::Threads(int work_threads) : work_(static_cast<std::size_t>(work_threads)) {}

Threads::~Threads() {
    io_.stop();
    work_.stop();
    helpers_.stop();
    lease_helper_.stop();
    work_.join();
    helpers_.join();
    lease_helper_.join();
    io_.shutdown();
    work_.shutdown();
    helpers_.shutdown();
    lease_helper_.shutdown();
}

asio::any_io_executor Threads::new_strand() { return asio::make_strand(work_.get_executor()); }

Task<> Threads::to_helper(std::function<void()> blocking, Helper helper) {
    Task<> task = call(std::move(blocking), blocking_);
    asio::thread_pool& pool = helper == Helper::leases ? lease_helper_ : helpers_;
    co_await elsewhere(asio::make_strand(pool.get_executor()), std::move(task));
}

void Threads::run() {
    const auto stay = asio::make_work_guard(io_);
    io_.run();
}

}  // namespace hil::worker

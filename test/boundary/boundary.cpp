// SQL-callable functions that go wrong in every way that the C++/Postgres boundary must survive.
// sql/boundary.sql calls them and says what is expected; the extension never contains them. For others it
// sets when the server was started.
#include <malloc.h>

#include "core/refusal.hpp"
#include "pg/function.hpp"
#include "pg/session.hpp"
#include "pg/subtransaction.hpp"

using namespace hil;

extern "C" {
PG_MODULE_MAGIC;
}

namespace {

int living_witnesses = 0;
int dead_witnesses = 0;

// Counts its destructions; stands for whatever a frame holds that must be destroyed.
class Witness {
  public:
    Witness() { ++living_witnesses; }
    ~Witness() {
        --living_witnesses;
        ++dead_witnesses;
    }
    Witness(const Witness&) = delete;
    Witness& operator=(const Witness&) = delete;

  private:
    std::string owned_ = std::string(100, 'x');
};

void raise_check_violation() {
    ereport(ERROR, (errcode(ERRCODE_CHECK_VIOLATION), errmsg("the shelf holds %d books", 7),
                    errdetail("It has room for %d.", 5), errhint("Take two away."),
                    err_generic_string(PG_DIAG_SCHEMA_NAME, "library"),
                    err_generic_string(PG_DIAG_TABLE_NAME, "shelves"),
                    err_generic_string(PG_DIAG_COLUMN_NAME, "books"),
                    err_generic_string(PG_DIAG_DATATYPE_NAME, "integer"),
                    err_generic_string(PG_DIAG_CONSTRAINT_NAME, "shelves_room")));
}

// An allocation that no machine can grant; volatile, or the compiler sees it coming.
void exhaust_memory() {
    volatile std::size_t bytes = std::size_t{1} << 62;
    ::operator delete(::operator new(bytes));
}

const pg::Statement<std::int32_t> divide_hundred{"SELECT 100 / $1"};
const pg::Statement<std::string> long_nap{"SELECT pg_catalog.pg_sleep(600), $1"};
const pg::Statement<std::int32_t> end_own_session{
    "SELECT pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid()), pg_catalog.pg_sleep(600), $1"};

void go_wrong(const std::string& how) {
    if (how == "not at all") return;
    if (how == "postgres error") pg::call(raise_check_violation);
    if (how == "statement") divide_hundred(0);
    if (how == "throw 42") throw 42;
    if (how == "throw text") throw "a text";
    if (how == "runtime_error") throw std::runtime_error("100% of %s went wrong at %n");
    if (how == "bad_alloc") throw std::bad_alloc();
    if (how == "out of memory") exhaust_memory();
    if (how == "palloc") pg::call([] { palloc(MaxAllocSize + 1); });
    if (how == "invalid_argument")
        throw Refusal(Reason::invalid_argument, "refused %s", "The hint.", "The detail.");
    if (how == "not_found") throw Refusal(Reason::not_found, "refused %s", "The hint.", "The detail.");
    if (how == "wrong_state") throw Refusal(Reason::wrong_state, "refused %s", "The hint.", "The detail.");
    if (how == "not_allowed") throw Refusal(Reason::not_allowed, "refused %s", "The hint.", "The detail.");
    if (how == "no detail") throw Refusal(Reason::wrong_state, "refused %s", "The hint.");
    throw std::logic_error("this test knows no way to go wrong called " + how);
}

// Goes down `frames` frames, each with something to destroy, before it goes wrong.
void descend(int frames, const std::string& how) {
    const Witness witness;
    const std::string owned = how + std::string(frames, '.');
    if (frames > 1)
        descend(frames - 1, owned.substr(0, how.size()));
    else
        go_wrong(how);
}

void descend_and_run(int frames, const std::string& sql) {
    const Witness witness;
    if (frames > 1)
        descend_and_run(frames - 1, sql);
    else
        pg::run_command(sql);
}

}  // namespace

// boundary_fail(frames int, how text): goes wrong below that many frames.
HIL_FUNCTION(boundary_fail) {
    descend(arguments.required<std::int32_t>(0, "frames"), arguments.required<std::string>(1, "how"));
    return pg::nothing();
}

// boundary_run(frames int, sql text): runs a command below that many frames.
HIL_FUNCTION(boundary_run) {
    descend_and_run(arguments.required<std::int32_t>(0, "frames"), arguments.required<std::string>(1, "sql"));
    return pg::nothing();
}

// boundary_divide(by int) → int: one kept statement, which fails for 0.
HIL_FUNCTION(boundary_divide) {
    const Witness witness;
    return pg::Value(divide_hundred(arguments.required<std::int32_t>(0, "by")).front().get<std::int32_t>(0));
}

// boundary_nap(): a kept statement that takes ten minutes.
HIL_FUNCTION(boundary_nap) {
    const Witness witness;
    long_nap("still asleep");
    return pg::nothing();
}

// boundary_loop(): C++ that never ends, and asks whether it should.
HIL_FUNCTION(boundary_loop) {
    const Witness witness;
    for (;;) pg::let_interrupts_through();
}

// boundary_end_session(): the administrator ends the session inside a kept statement.
HIL_FUNCTION(boundary_end_session) {
    const Witness witness;
    end_own_session(1);
    return pg::nothing();
}

// boundary_seen(how text) → jsonb: the error as C++ sees it. Its statement is rolled back by the ERROR that
// carries it.
HIL_FUNCTION(boundary_seen) {
    try {
        descend(3, arguments.required<std::string>(0, "how"));
    } catch (const pg::Error& error) {
        throw Refusal(Reason::wrong_state, "C++ saw " + error.sqlstate() + " " + error.what(), error.hint(),
                      error.detail());
    }
    return pg::nothing();
}

// boundary_try(sql text, how text) → jsonb: in a subtransaction runs a command and then goes wrong; the
// failure.
HIL_FUNCTION(boundary_try) {
    const auto failure = pg::subtransaction([&] {
        descend_and_run(2, arguments.required<std::string>(0, "sql"));
        descend(3, arguments.required<std::string>(1, "how"));
    });
    if (!failure) return Json("no failure");
    return Json::array({failure->sqlstate, failure->message, failure->detail, failure->hint});
}

// boundary_bad_result(how text) → jsonb: goes wrong after the function's body, when its result becomes a
// jsonb.
HIL_FUNCTION(boundary_bad_result) {
    if (arguments.required<std::string>(0, "how") == "no json") return pg::Value(pg::JsonText{"{\"open"});
    return Json{{"text", "not UTF-8: \xff"}};
}

// boundary_rows(good int) → setof (int, int): that many rows, and then one with a column too many.
HIL_FUNCTION(boundary_rows) {
    pg::Rows rows;
    for (int i = 0; i < arguments.required<std::int32_t>(0, "good"); ++i)
        rows.rows.emplace_back(std::vector<pg::Value>{i, i});
    rows.rows.emplace_back(std::vector<pg::Value>{1, 2, 3});
    return rows;
}

// boundary_witnesses(): {living, dead}; the dead are counted since the last call.
HIL_FUNCTION(boundary_witnesses) {
    Json seen = {{"living", living_witnesses}, {"dead", dead_witnesses}};
    dead_witnesses = 0;
    return seen;
}

// boundary_heap() → bigint: bytes in use that came from malloc, C++'s and Postgres's.
HIL_FUNCTION(boundary_heap) {
    const struct mallinfo2 heap = mallinfo2();
    return pg::Value(static_cast<std::int64_t>(heap.uordblks + heap.hblkhd));
}

// boundary_server_start(timestamptz): this session takes the server to have been started then.
HIL_FUNCTION(boundary_server_start) {
    PgStartTime = arguments.required<pg::Timestamp>(0, "at").microseconds;
    return pg::Value();
}

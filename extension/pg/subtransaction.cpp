#include "pg/subtransaction.hpp"

#include "pg/guard.hpp"

namespace hil::pg {
namespace {

constexpr const char* query_canceled = "57014";

void report(int level, const std::string& what, const Failure& failure) {
    call(
        [](int elevel, const char* opening, const Failure* seen) {
            const auto present = [](const std::string& text) { return !text.empty(); };
            ereport(elevel, (errcode(MAKE_SQLSTATE(seen->sqlstate[0], seen->sqlstate[1], seen->sqlstate[2],
                                                   seen->sqlstate[3], seen->sqlstate[4])),
                             errmsg_internal("%s: %s", opening, seen->message.c_str()),
                             present(seen->detail) ? errdetail_internal("%s", seen->detail.c_str()) : 0,
                             present(seen->hint) ? errhint("%s", seen->hint.c_str()) : 0));
        },
        level, what.c_str(), &failure);
}

}  // namespace

std::optional<Failure> subtransaction(const std::function<void()>& body) {
    MemoryContext memory = CurrentMemoryContext;
    ResourceOwner owner = CurrentResourceOwner;
    const auto come_back = [=] {
        MemoryContextSwitchTo(memory);
        CurrentResourceOwner = owner;
    };
    call([=] {
        BeginInternalSubTransaction(nullptr);
        MemoryContextSwitchTo(memory);
    });
    const std::exception_ptr thrown = caught([&] {
        body();
        call([=] {
            ReleaseCurrentSubTransaction();
            come_back();
        });
    });
    if (!thrown) return std::nullopt;
    call([=] {
        RollbackAndReleaseCurrentSubTransaction();
        come_back();
    });
    const Failure failure = failure_of(thrown);
    if (failure.sqlstate == query_canceled) std::rethrow_exception(thrown);
    return failure;
}

void warn(const std::string& what, const Failure& failure) { report(WARNING, what, failure); }

void raise(const std::string& what, const Failure& failure) { report(ERROR, what, failure); }

}  // namespace hil::pg

#include "background/commands.hpp"

#include <cstring>

#include "background/shared_state.hpp"
#include "background/transactions.hpp"
#include "pg/guard.hpp"

extern "C" {
#include <catalog/pg_authid.h>
}

namespace hil::background {
namespace {

ProcessUtility_hook_type next_hook = nullptr;

// The arguments of ProcessUtility, passed on as they came.
struct Command {
    PlannedStmt* statement;
    const char* text;
    bool read_only_tree;
    ProcessUtilityContext context;
    ParamListInfo parameters;
    QueryEnvironment* environment;
    DestReceiver* destination;
    QueryCompletion* completion;

    void run() const {
        (next_hook != nullptr ? next_hook : standard_ProcessUtility)(
            statement, text, read_only_tree, context, parameters, environment, destination, completion);
    }
};

const DefElem* option(const List* options, const char* name) {
    ListCell* cell;
    foreach (cell, options) {
        const DefElem* found = lfirst_node(DefElem, cell);
        if (std::strcmp(found->defname, name) == 0) return found;
    }
    return nullptr;
}

const char* template_of(const CreatedbStmt* create) {
    const DefElem* named = option(create->options, "template");
    return named != nullptr && named->arg != nullptr ? defGetString(const_cast<DefElem*>(named))
                                                     : "template1";
}

// What a command means for schedulers.
struct Meaning {
    const char* empties = nullptr;  // the database in which nobody may work meanwhile
    bool drops = false;             // ... and which is gone afterwards
    bool copies = false;            // ... and which is copied
    const char* changes = nullptr;  // the database at which the launcher looks afterwards
    bool changes_hil =
        false;  // ... is this session's own, since its extension hil is new, or another version
    bool commits_prepared = false;  // a transaction of this session's database, perhaps with work in it
};

Meaning meaning_of(Node* node) {
    Meaning meaning;
    switch (nodeTag(node)) {
        case T_CreateExtensionStmt:
            meaning.changes_hil = std::strcmp(castNode(CreateExtensionStmt, node)->extname, "hil") == 0;
            break;
        case T_AlterExtensionStmt:
            meaning.changes_hil = std::strcmp(castNode(AlterExtensionStmt, node)->extname, "hil") == 0;
            break;
        case T_DropdbStmt:
            meaning.empties = castNode(DropdbStmt, node)->dbname;
            meaning.drops = true;
            break;
        case T_CreatedbStmt:
            meaning.empties = template_of(castNode(CreatedbStmt, node));
            meaning.copies = true;
            meaning.changes = castNode(CreatedbStmt, node)->dbname;
            break;
        case T_AlterDatabaseStmt: {
            const auto* alter = castNode(AlterDatabaseStmt, node);
            if (option(alter->options, "tablespace") != nullptr) meaning.empties = alter->dbname;
            meaning.changes = alter->dbname;
            break;
        }
        case T_RenameStmt:
            if (castNode(RenameStmt, node)->renameType == OBJECT_DATABASE)
                meaning.empties = castNode(RenameStmt, node)->subname;
            break;
        case T_TransactionStmt:
            meaning.commits_prepared = castNode(TransactionStmt, node)->kind == TRANS_STMT_COMMIT_PREPARED;
            break;
        default:
            break;
    }
    return meaning;
}

// have_createdb_privilege(), which only later minor releases of PostgreSQL 15 let extensions call.
bool may_create_databases() {
    if (superuser()) return true;
    HeapTuple row = SearchSysCache1(AUTHOID, ObjectIdGetDatum(GetUserId()));
    if (!HeapTupleIsValid(row)) return false;
    const bool may = reinterpret_cast<Form_pg_authid>(GETSTRUCT(row))->rolcreatedb;
    ReleaseSysCache(row);
    return may;
}

// Whether the caller may do to the database what needs it empty; the command itself refuses everybody else,
// and until then nothing may happen to the scheduler.
bool may_empty(Oid database, bool copies) {
    if (pg::owns_database(database, GetUserId())) return true;
    if (!copies || !may_create_databases()) return false;
    HeapTuple row = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(database));
    if (!HeapTupleIsValid(row)) return false;
    const bool is_template = reinterpret_cast<Form_pg_database>(GETSTRUCT(row))->datistemplate;
    ReleaseSysCache(row);
    return is_template;
}

// The database that is to be emptied; none where the caller may not.
Oid database_to_empty(const Meaning& meaning) {
    if (meaning.empties == nullptr) return InvalidOid;
    const Oid database = get_database_oid(meaning.empties, true);
    if (!OidIsValid(database) || !may_empty(database, meaning.copies)) return InvalidOid;
    return database;
}

void run_without_scheduler(const Command& command, Oid database, bool drops) {
    const std::exception_ptr thrown = pg::caught([&] {
        pg::call(hold, database);
        pg::call([&] { command.run(); });
    });
    pg::call(release, database, drops && !thrown);
    if (thrown) std::rethrow_exception(thrown);
}

void run_with_meaning(const Command& command, const Meaning& meaning) {
    const Oid emptied = pg::call(database_to_empty, meaning);
    if (OidIsValid(emptied))
        run_without_scheduler(command, emptied, meaning.drops);
    else
        pg::call([&] { command.run(); });
    if (meaning.changes_hil) ask_at_commit(MyDatabaseId);
    if (meaning.changes == nullptr) return;
    const Oid changed =
        pg::call([](const char* name) { return get_database_oid(name, true); }, meaning.changes);
    if (OidIsValid(changed)) ask_at_commit(changed);
}

void process_utility(PlannedStmt* statement, const char* text, bool read_only_tree,
                     ProcessUtilityContext context, ParamListInfo parameters, QueryEnvironment* environment,
                     DestReceiver* destination, QueryCompletion* completion) {
    const Command command{statement,  text,        read_only_tree, context,
                          parameters, environment, destination,    completion};
    const Meaning meaning = meaning_of(statement->utilityStmt);
    // What such a transaction asked for was forgotten when it was prepared. Where no scheduler serves, the
    // next one begins with a look at everything.
    if (meaning.commits_prepared) {
        command.run();
        if (serves(MyDatabaseId)) wake(MyDatabaseId);
        return;
    }
    // All other commands go their way without another guard.
    if (meaning.empties == nullptr && meaning.changes == nullptr && !meaning.changes_hil)
        return command.run();
    pg::entry([&] { run_with_meaning(command, meaning); });
}

}  // namespace

void watch_commands() {
    next_hook = ProcessUtility_hook;
    ProcessUtility_hook = process_utility;
}

}  // namespace hil::background

// Commands that concern schedulers: a hook on utility commands.
//
// - CREATE and ALTER EXTENSION hil, CREATE and ALTER DATABASE: the launcher looks at the database once the
// command is
//   committed.
// - DROP DATABASE, RENAME, SET TABLESPACE, and CREATE DATABASE for its template: they refuse a database in
// which
//   anybody works, so its scheduler ends before, and comes back after it where the database is still there.
#pragma once

namespace hil::background {

void watch_commands();

}  // namespace hil::background

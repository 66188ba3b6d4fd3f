// The throw-away server of test/with-cluster: databases, and SQL files to fill them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "client.hpp"

namespace hil::bench {

using Variables = std::map<std::string, std::string>;

// Makes an empty database, in the place of one of that name.
void create_database(const std::string& name);

// Makes a copy of a database to which nobody is connected.
void copy_database(const std::string& from, const std::string& to);

// Runs test/bench/sql/FILE of the current folder with psql, where :name stands for a variable.
void run_file(const std::string& database, const std::string& file, const Variables& variables = {});

// The first column.
std::vector<std::string> list(Client& client, const std::string& sql, const std::vector<Value>& values = {});

}  // namespace hil::bench

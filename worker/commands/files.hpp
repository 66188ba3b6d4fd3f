// The files that the commands are given.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>

#include "config/config.hpp"
#include "workflow/loader.hpp"

namespace hil::worker {

// A file with mistakes in it; they have been printed.
class Mistakes : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// The configuration of the file, or the defaults where `path` is empty; HIL_DATABASE_URL wins.
Config configuration(const std::string& path);

// Throws where libpq would not understand the database's URL: its own text would quote it, and the password
// with it.
void require_connection_string(const Config& config);

// The text of the rules file, if there is one.
std::optional<std::string> rules(const Config& config);

// The workflow of a file, with its warnings printed.
LoadedWorkflow workflow(const std::string& path, const Config& config);

}  // namespace hil::worker

// What the environment knows and nobody else may: keys and passwords.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace hil::worker {

// The value of an environment variable, nothing where it is not set or empty. It is remembered as a secret.
// The functions of this file are thread-safe.
std::optional<std::string> secret(const std::string& variable);

// Of a variable that may be a secret or not: its value is remembered where it can be one, which takes 8
// bytes, and no number.
void possible_secret(const std::string& variable);

// The text with each ${NAME} replaced by that variable's value. Names of variables that are not set are added
// to `missing`.
std::string with_secrets(const std::string& text, std::vector<std::string>& missing);

// The text without the secrets that were read so far, also as they stand in a URL or in JSON, and without
// what looks like a key (sk-…). A secret of less than 4 bytes stays, and one of less than 12 where it is a
// part of a longer word.
std::string redact(std::string text);

// Whether it can be the name of a variable. A key that was written where its name belongs cannot.
bool is_variable_name(const std::string& text);

}  // namespace hil::worker

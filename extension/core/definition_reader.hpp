// Reads a definition value by value, and collects what is wrong with it instead of stopping at it.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.hpp"
#include "core/workflow.hpp"

namespace hil {

inline constexpr std::size_t any_length = std::numeric_limits<std::size_t>::max();

// One value of the definition, and where it stands. Whoever asks it for a type that it has not gets nothing,
// and the problem is noted. The definition and the list of problems must outlive it.
class DefinitionReader {
  public:
    DefinitionReader(const Json& value, std::string pointer, std::vector<Problem>& problems);

    const std::string& pointer() const { return pointer_; }
    const Json& value() const { return *value_; }

    // Notes a problem of this value.
    void problem(std::string message) const;

    // Tells whether it is an object; notes a problem if not. The functions for keys below need an object.
    bool object() const;

    // Notes a problem for every key that is not among `keys`, with the one that may have been meant.
    void only_keys(std::initializer_list<std::string_view> keys) const;

    bool has(std::string_view key) const;

    // Returns the value of a key, or nothing; `require` notes that it is missing.
    std::optional<DefinitionReader> find(std::string_view key) const;
    std::optional<DefinitionReader> require(std::string_view key) const;

    // Return the value as what is asked for: a text that is not blank and of at most `max_bytes`, an integer
    // or a number within limits that are allowed themselves, a boolean.
    std::optional<std::string> text(std::size_t max_bytes = any_length) const;
    std::optional<int> integer(int min, int max = std::numeric_limits<int>::max()) const;
    std::optional<double> number(double min, double max) const;
    std::optional<bool> boolean() const;

    // Return the items of a list. No more than `max_items` are allowed; of a longer list none is returned.
    std::vector<DefinitionReader> items(std::size_t max_items = any_length) const;
    std::vector<std::string> texts(std::size_t max_items = any_length,
                                   std::size_t max_bytes = any_length) const;

  private:
    void mismatch(const std::string& expected) const;

    const Json* value_;
    std::string pointer_;
    std::vector<Problem>* problems_;
};

// Returns an integer that JSON may have written as 3 or as 3.0, or nothing.
std::optional<long long> whole_number(const Json& value);

}  // namespace hil

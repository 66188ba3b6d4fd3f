// Reads YAML as JSON and remembers where every value stood.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/json.hpp"
#include "workflow/mistake.hpp"

namespace hil::worker {

// A place in the text, counted from 1; the column in bytes.
struct Place {
    int line = 0;
    int column = 0;
};

// Turns JSON pointers (RFC 6901) into places. What has no place of its own has that of its nearest parent.
class Places {
  public:
    Places() = default;
    explicit Places(const std::string& source);

    void set_key(const std::string& pointer, Place place) { keys_[pointer] = place; }
    void set_value(const std::string& pointer, Place place) { values_[pointer] = place; }

    // Where the key stands whose value is at `pointer`; for an item of a list, where the item starts.
    Place key(const std::string& pointer) const;
    Place value(const std::string& pointer) const;
    // Where byte `offset` of the text `text` at `pointer` stands. Exact for plain, quoted and `|` texts whose
    // bytes stand in the file as they are; else (escapes, folding) the start of the value.
    Place inside(const std::string& pointer, const std::string& text, std::size_t offset) const;

  private:
    Place inside_block(Place start, const std::string& text, std::size_t offset) const;

    std::vector<std::string> lines_;
    std::map<std::string, Place> keys_;
    std::map<std::string, Place> values_;
};

// `value` is set unless the text could not be read to its end. It is only sound while `errors` is empty; with
// errors it serves to look for more of them.
struct YamlResult {
    std::optional<Json> value;
    Places places;
    std::vector<Mistake> errors;
};

// Reads one YAML document by the core schema (YAML 1.2): plain true/false, null, integers and floats are
// typed, quoted scalars are texts. Refused, each with its place: text that is not UTF-8 or holds U+0000,
// syntax errors, duplicate keys, keys that are no plain text, tags other than the core schema's, numbers that
// JSON lacks (.inf, .nan), more than one document, more than hil::max_json_bytes, deeper than
// hil::max_json_depth, and aliases that blow the document up beyond hil::max_json_bytes.
YamlResult read_yaml(const std::string& source);

// Appends one step to a JSON pointer.
std::string pointer_to(const std::string& parent, const std::string& key);
std::string pointer_to(const std::string& parent, std::size_t index);

}  // namespace hil::worker

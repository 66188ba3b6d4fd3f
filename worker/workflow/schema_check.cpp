#include "workflow/schema_check.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "workflow/schema.hpp"
#include "workflow/yaml.hpp"

namespace hil::worker {
namespace {

constexpr std::size_t max_targets = 32;  // of references, each counted once
constexpr std::size_t max_ways = 1'000;  // through the schemas that look at the same value
constexpr std::size_t max_height = 20;   // of such schemas, one in another
constexpr std::size_t max_effort = 4'000'000;

const Json& target_of(const Json& root, const Json& reference, const std::string& at) {
    const std::string target = reference.is_string() ? reference.get<std::string>() : "";
    if (!target.starts_with("#")) throw SchemaError(at, "a `$ref` must lead into the schema itself: #/...");
    try {
        return root.at(Json::json_pointer(target.substr(1)));
    } catch (const Json::exception&) {
        throw SchemaError(at, "nothing is at `" + target + "`");
    }
}

// Calls visit(part, keyword) with each schema that looks at the same value as `schema`. Beside a `$ref`
// nothing else counts.
template <typename Visit>
void for_each_in_place(const Json& root, const Json& schema, const Visit& visit) {
    if (!schema.is_object()) return;
    if (const auto reference = schema.find("$ref"); reference != schema.end())
        return visit(target_of(root, *reference, "/$ref"), "$ref");
    for (const char* keyword : {"allOf", "anyOf", "oneOf", "dependencies"})
        if (const auto parts = schema.find(keyword); parts != schema.end() && parts->is_structured())
            for (const Json& part : *parts) visit(part, keyword);
    for (const char* keyword : {"not", "if", "then", "else"})
        if (const auto part = schema.find(keyword); part != schema.end()) visit(*part, keyword);
}

bool holds_values(std::string_view keyword) {
    return keyword == "enum" || keyword == "const" || keyword == "default" || keyword == "examples";
}

// Below these stand names of the author's, not keywords.
bool holds_names(std::string_view keyword) {
    return keyword == "properties" || keyword == "definitions" || keyword == "$defs" ||
           keyword == "dependencies";
}

class Checker {
  public:
    explicit Checker(const Json& root) : root_(root) {}

    void check() {
        walk(root_, "");
        for (const Json* schema : schemas_) measure(*schema);
    }

  private:
    struct Ways {
        std::size_t count = 0;  // 0: being measured
        std::size_t height = 0;
    };

    // Looks where keywords stand, and where references lead.
    void walk(const Json& schema, const std::string& pointer) {
        if (schema.is_array())
            for (std::size_t i = 0; i < schema.size(); ++i) walk(schema[i], pointer_to(pointer, i));
        if (!schema.is_object() || !pointers_.emplace(&schema, pointer).second) return;
        schemas_.push_back(&schema);
        for (const auto& [keyword, value] : schema.items()) {
            const std::string at = pointer_to(pointer, keyword);
            check_keyword(keyword, value, at);
            if (holds_values(keyword)) continue;
            if (holds_names(keyword) && value.is_object())
                for (const auto& [name, part] : value.items()) walk(part, pointer_to(at, name));
            else
                walk(value, at);
        }
    }

    void check_keyword(const std::string& keyword, const Json& value, const std::string& at) {
        if (keyword == "pattern" || keyword == "patternProperties")
            throw SchemaError(at, "`" + keyword + "` is not supported; use enum, or check in a condition");
        if (keyword == "format" && (value == "date" || value == "time" || value == "date-time"))
            throw SchemaError(at, "`format` of dates and times is not supported; say it in a description");
        if (keyword == "multipleOf") {
            const bool fits =
                value.is_number() && value.get<double>() > 0 &&
                value.get<double>() < static_cast<double>(std::numeric_limits<std::int64_t>::max());
            if (!fits) throw SchemaError(at, "`multipleOf` must be a number above 0");
        }
        if (keyword != "$ref") return;
        const Json& target = target_of(root_, value, at);
        targets_.insert(&target);
        if (targets_.size() > max_targets)
            throw SchemaError(at, "references lead to more than " + std::to_string(max_targets) + " schemas");
        walk(target, value.get<std::string>().substr(1));
    }

    // How many ways valijson takes through the schemas that look at the same value.
    Ways measure(const Json& schema) {
        if (!schema.is_object()) return {1, 1};
        const auto [known, first] = ways_.try_emplace(&schema);
        Ways& ways = known->second;
        if (!first) return ways;
        std::size_t count = 1, height = 1;
        for_each_in_place(root_, schema, [&](const Json& part, const char* keyword) {
            const std::string at = pointers_[&schema] + "/" + keyword;
            const Ways inner = measure(part);
            if (inner.count == 0)
                throw SchemaError(at, "this leads back to the same schema without a step into the output");
            count += inner.count;
            height = std::max(height, inner.height + 1);
            if (count > max_ways)
                throw SchemaError(at, "more than " + std::to_string(max_ways) + " ways to check one value");
            if (height > max_height)
                throw SchemaError(at, "more than " + std::to_string(max_height) +
                                          " schemas within one another for one value");
        });
        ways = {count, height};
        return ways;
    }

    const Json& root_;
    std::vector<const Json*> schemas_;  // in the order in which they were met
    std::map<const Json*, std::string> pointers_;
    std::set<const Json*> targets_;
    std::map<const Json*, Ways> ways_;
};

// Counts the pairs of schema and value that valijson looks at, as often as it does.
class Effort {
  public:
    explicit Effort(const Json& root) : root_(root) {}

    std::size_t of(const Json& schema, const Json& value) {
        if (!schema.is_object()) return 1;
        if (!value.is_structured()) return here(schema, value);
        const auto [known, first] = known_.try_emplace({&schema, &value});
        if (first) known->second = std::min(here(schema, value) + below(schema, value), max_effort + 1);
        return known->second;
    }

  private:
    std::size_t here(const Json& schema, const Json& value) {
        std::size_t effort = 1;
        // Each item is compared with each other; so many comparisons take the time of one step.
        if (value.is_array() && schema.contains("uniqueItems")) effort += value.size() * value.size() / 60;
        for_each_in_place(root_, schema, [&](const Json& part, const char*) {
            if (effort <= max_effort) effort += of(part, value);
        });
        return effort;
    }

    std::size_t below(const Json& schema, const Json& value) {
        if (schema.contains("$ref")) return 0;
        std::size_t effort = 0;
        const auto add = [&](const Json& part, const Json& item) {
            if (effort <= max_effort) effort += of(part, item);
        };
        for (const char* keyword : {"items", "additionalItems", "contains", "additionalProperties"})
            if (const auto part = schema.find(keyword); part != schema.end() && part->is_object())
                for (const Json& item : value) add(*part, item);
        if (const auto parts = schema.find("items"); parts != schema.end() && parts->is_array())
            for (std::size_t i = 0; value.is_array() && i < std::min(parts->size(), value.size()); ++i)
                add((*parts)[i], value[i]);
        if (const auto parts = schema.find("properties"); parts != schema.end() && value.is_object())
            for (const auto& [name, part] : parts->items())
                if (const auto item = value.find(name); item != value.end()) add(part, *item);
        return effort;
    }

    const Json& root_;
    std::map<std::pair<const Json*, const Json*>, std::size_t> known_;
};

}  // namespace

void check_schema(const Json& root) { Checker(root).check(); }

bool is_laborious(const Json& root, const Json& output) { return Effort(root).of(root, output) > max_effort; }

}  // namespace hil::worker

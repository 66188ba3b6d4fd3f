#include "core/definition_reader.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/spelling.hpp"
#include "core/text.hpp"

namespace hil {

namespace {

// Returns the pointer to a key of the object at `pointer`, escaped as RFC 6901 says.
std::string pointer_to(const std::string& pointer, std::string_view key) {
    std::string result = pointer + "/";
    for (const char c : key) {
        if (c == '~') {
            result += "~0";
        } else if (c == '/') {
            result += "~1";
        } else {
            result += c;
        }
    }
    return result;
}

}  // namespace

DefinitionReader::DefinitionReader(const Json& value, std::string pointer, std::vector<Problem>& problems)
    : value_(&value), pointer_(std::move(pointer)), problems_(&problems) {}

void DefinitionReader::problem(std::string message) const {
    problems_->push_back({pointer_, std::move(message)});
}

void DefinitionReader::mismatch(const std::string& expected) const {
    problem("must be " + expected + ", got " + shown(*value_));
}

bool DefinitionReader::object() const {
    if (value_->is_object()) return true;
    mismatch("an object");
    return false;
}

void DefinitionReader::only_keys(std::initializer_list<std::string_view> keys) const {
    for (const auto& [key, value] : value_->items()) {
        if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
        std::string message = "unknown key " + in_quotes(key) + "; known here are ";
        for (const std::string_view& known : keys) {
            if (&known != keys.begin()) message += ", ";
            message += known;
        }
        message += did_you_mean(key, keys);
        problems_->push_back({pointer_to(pointer_, key), std::move(message)});
    }
}

bool DefinitionReader::has(std::string_view key) const { return value_->contains(key); }

std::optional<DefinitionReader> DefinitionReader::find(std::string_view key) const {
    const auto found = value_->find(key);
    if (found == value_->end()) return std::nullopt;
    return DefinitionReader(*found, pointer_to(pointer_, key), *problems_);
}

std::optional<DefinitionReader> DefinitionReader::require(std::string_view key) const {
    auto found = find(key);
    if (!found) problem("lacks the key " + in_quotes(key));
    return found;
}

std::optional<std::string> DefinitionReader::text(std::size_t max_bytes) const {
    if (!value_->is_string()) {
        mismatch("a text");
        return std::nullopt;
    }
    const auto& text = value_->get_ref<const std::string&>();
    if (is_blank(text)) {
        problem("must not be blank");
        return std::nullopt;
    }
    if (text.size() > max_bytes) {
        problem("must be a text of at most " + std::to_string(max_bytes) + " bytes, got " +
                std::to_string(text.size()) + " bytes");
        return std::nullopt;
    }
    return text;
}

std::optional<int> DefinitionReader::integer(int min, int max) const {
    const auto number = whole_number(*value_);
    if (number && *number >= min && *number <= max) return static_cast<int>(*number);
    const bool bounded = max != std::numeric_limits<int>::max();
    const std::string limits = bounded ? " between " + std::to_string(min) + " and " + std::to_string(max)
                                       : " of at least " + std::to_string(min);
    mismatch("an integer" + limits);
    return std::nullopt;
}

std::optional<double> DefinitionReader::number(double min, double max) const {
    if (value_->is_number()) {
        const auto number = value_->get<double>();
        if (number >= min && number <= max) return number;
    }
    mismatch("a number between " + number_text(min) + " and " + number_text(max));
    return std::nullopt;
}

std::optional<bool> DefinitionReader::boolean() const {
    if (value_->is_boolean()) return value_->get<bool>();
    mismatch("true or false");
    return std::nullopt;
}

std::vector<DefinitionReader> DefinitionReader::items(std::size_t max_items) const {
    std::vector<DefinitionReader> items;
    if (!value_->is_array()) {
        mismatch("a list");
        return items;
    }
    if (value_->size() > max_items) {
        problem("must have at most " + std::to_string(max_items) + " items, got " +
                std::to_string(value_->size()));
        return items;
    }
    for (std::size_t i = 0; i < value_->size(); ++i) {
        items.emplace_back((*value_)[i], pointer_ + "/" + std::to_string(i), *problems_);
    }
    return items;
}

std::vector<std::string> DefinitionReader::texts(std::size_t max_items, std::size_t max_bytes) const {
    std::vector<std::string> texts;
    for (const DefinitionReader& item : items(max_items)) {
        if (auto text = item.text(max_bytes)) texts.push_back(std::move(*text));
    }
    return texts;
}

std::optional<long long> whole_number(const Json& value) {
    // 2^63: the first number that a long long cannot hold
    constexpr double limit = 9223372036854775808.0;
    if (value.is_number_unsigned()) {
        const auto number = value.get<unsigned long long>();
        if (number > static_cast<unsigned long long>(std::numeric_limits<long long>::max()))
            return std::nullopt;
        return static_cast<long long>(number);
    }
    if (value.is_number_integer()) return value.get<long long>();
    if (!value.is_number_float()) return std::nullopt;
    const auto number = value.get<double>();
    if (number != std::floor(number) || number < -limit || number >= limit) return std::nullopt;
    return static_cast<long long>(number);
}

}  // namespace hil

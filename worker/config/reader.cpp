#include "config/reader.hpp"

#include <algorithm>
#include <utility>

#include "core/spelling.hpp"
#include "core/text.hpp"
#include "workflow/schema.hpp"

namespace hil::worker {

std::string listed(const std::vector<std::string>& names) {
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    return list;
}

void Reader::object(const Json& value, const std::string& pointer, const Keys& keys) {
    if (!is_object(value, pointer)) return;
    for (const auto& [key, member] : value.items()) {
        const std::string at = pointer_to(pointer, key);
        if (const auto known = keys.find(key); known != keys.end()) {
            known->second(member, at);
        } else {
            std::vector<std::string> names;
            for (const auto& entry : keys) names.push_back(entry.first);
            mistake_at_key(at, "unknown key " + in_quotes(key) + "; known here: " + listed(names) +
                                   did_you_mean(key, names));
        }
    }
}

void Reader::named(const Json& value, const std::string& pointer,
                   const std::function<void(const std::string&, const Json&, const std::string&)>& take) {
    if (!is_object(value, pointer)) return;
    for (const auto& [name, member] : value.items()) take(name, member, pointer_to(pointer, name));
}

Reader::Take Reader::text(std::string& into, std::size_t max_bytes) {
    return [this, &into, max_bytes](const Json& value, const std::string& pointer) {
        if (!value.is_string() || is_blank(value.get_ref<const std::string&>())) {
            expected("a text that is not empty", value, pointer);
        } else if (value.get_ref<const std::string&>().size() > max_bytes) {
            expected("a text of at most " + std::to_string(max_bytes) + " bytes", value, pointer);
        } else {
            into = value.get<std::string>();
        }
    };
}

Reader::Take Reader::texts(std::vector<std::string>& into) {
    return [this, &into](const Json& value, const std::string& pointer) {
        if (!value.is_array()) return expected("a list of texts", value, pointer);
        std::vector<std::string> read;
        for (std::size_t i = 0; i < value.size(); ++i)
            text(read.emplace_back())(value[i], pointer_to(pointer, i));
        into = std::move(read);
    };
}

Reader::Take Reader::one_of(std::string& into, std::vector<std::string> names) {
    return [this, &into, names = std::move(names)](const Json& value, const std::string& pointer) {
        const std::string given = value.is_string() ? value.get<std::string>() : value.dump();
        if (std::find(names.begin(), names.end(), given) != names.end()) {
            into = given;
        } else {
            mistake(pointer,
                    "expected one of " + listed(names) + ", got " + given + did_you_mean(given, names));
        }
    };
}

Reader::Take Reader::boolean(bool& into) {
    return [this, &into](const Json& value, const std::string& pointer) {
        if (value.is_boolean()) {
            into = value.get<bool>();
        } else {
            expected("true or false", value, pointer);
        }
    };
}

Reader::Take Reader::integer(int& into, int least, int most) {
    return [=, this, &into](const Json& value, const std::string& pointer) {
        if (value.is_number_integer() && value >= least && value <= most) {
            into = value.get<int>();
        } else {
            expected("an integer from " + std::to_string(least) + " to " + std::to_string(most), value,
                     pointer);
        }
    };
}

Reader::Take Reader::number(double& into, double least, double most) {
    return [=, this, &into](const Json& value, const std::string& pointer) {
        if (value.is_number() && value >= least && value <= most) {
            into = value.get<double>();
        } else {
            expected("a number from " + number_text(least) + " to " + number_text(most), value, pointer);
        }
    };
}

Reader::Take Reader::seconds(std::chrono::milliseconds& into, double least, double most) {
    return [=, this, &into](const Json& value, const std::string& pointer) {
        if (value.is_number() && value >= least && value <= most) {
            into = std::chrono::round<std::chrono::milliseconds>(
                std::chrono::duration<double>(value.get<double>()));
        } else {
            expected("a number of seconds from " + number_text(least) + " to " + number_text(most), value,
                     pointer);
        }
    };
}

Reader::Take Reader::json_object(Json& into) {
    return [this, &into](const Json& value, const std::string& pointer) {
        if (is_object(value, pointer)) into = value;
    };
}

Reader::Take Reader::output_schema(Json& into) {
    return [this, &into](const Json& value, const std::string& pointer) {
        if (!is_object(value, pointer)) return;
        try {
            const OutputSchema checked(value);
            into = value;
        } catch (const SchemaError& error) {
            mistake(pointer + error.pointer(), error.what());
        }
    };
}

void Reader::expected(const std::string& what, const Json& value, const std::string& pointer) {
    std::string got = value.dump();
    if (value.is_string()) got = is_blank(value.get_ref<const std::string&>()) ? "an empty text" : "a text";
    if (value.is_array()) got = "a list";
    if (value.is_object()) got = "keys with values";
    mistake(pointer, "expected " + what + ", got " + got);
}

void Reader::mistake(const std::string& pointer, const std::string& message) {
    add(places_.value(pointer), message);
}

void Reader::mistake_at_key(const std::string& pointer, const std::string& message) {
    add(places_.key(pointer), message);
}

bool Reader::is_object(const Json& value, const std::string& pointer) {
    if (!value.is_object()) expected("keys with values", value, pointer);
    return value.is_object();
}

void Reader::add(Place place, const std::string& message) {
    errors_.push_back({place.line, place.column, message});
}

}  // namespace hil::worker

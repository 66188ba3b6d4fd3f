#include "workflow/template_functions.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <limits>
#include <optional>
#include <set>
#include <vector>

#include "workflow/template.hpp"
#include "workflow/text_methods.hpp"

namespace hil::worker {
namespace {

using minja::ArgumentsValue;
using minja::Value;
using OrderedJson = nlohmann::ordered_json;

constexpr std::int64_t max_range = 10'000;
constexpr std::size_t max_text_bytes = 1 << 20;
constexpr std::size_t max_value_bytes = 4 << 20;
constexpr std::int64_t max_indent = 100;

// Takes what the value weighs when it is written out from `left`, with `indent` bytes before each item for
// each level. Stops where nothing is left: a small list can hold the same list over and over.
void weigh(Value value, std::size_t indent, std::size_t level, std::size_t& left) {
    const std::size_t own = 8 + indent * level + (value.is_string() ? value.size() : 0);
    if (own > left) throw TemplateError("a list, a map or a text is too large");
    left -= own;
    if (value.is_array())
        for (std::size_t i = 0; i < value.size(); ++i) weigh(value.at(i), indent, level + 1, left);
    if (value.is_object())
        for (const Value& key : value.keys()) {
            weigh(key, 0, 0, left);
            weigh(value.get(key), indent, level + 1, left);
        }
}

void require_small(const Value& value, std::size_t indent = 0) {
    std::size_t left = max_value_bytes;
    weigh(value, indent, 0, left);
}

// A value as {{ }} prints it.
std::string text_of(const Value& value) {
    if (value.is_null()) return "";
    if (value.is_string()) return value.get<std::string>();
    if (value.is_boolean()) return value.get<bool>() ? "True" : "False";
    require_small(value);
    return value.dump();
}

std::string joined(const std::string& a, const std::string& b) {
    if (a.size() + b.size() > max_text_bytes) throw TemplateError("the joined text is too long");
    return a + b;
}

Value joined_lists(const Value& a, const Value& b) {
    std::size_t left = max_value_bytes;
    weigh(a, 0, 0, left);
    weigh(b, 0, 0, left);
    return a + b;
}

// The characters of a UTF-8 text.
std::vector<std::string> characters(const std::string& text) {
    std::vector<std::string> out;
    for (const char c : text) {
        if (out.empty() || (static_cast<unsigned char>(c) & 0xC0) != 0x80)
            out.emplace_back(1, c);
        else
            out.back() += c;
    }
    return out;
}

// Python's indexes of [start:end:step] in a sequence of `size`.
std::vector<std::size_t> slice_indexes(std::size_t size, const Value& start, const Value& end,
                                       const Value& step) {
    for (const Value* bound : {&start, &end, &step})
        if (!bound->is_null() && !bound->is_number_integer())
            throw TemplateError("a slice needs whole numbers");
    const auto length = static_cast<std::int64_t>(size);
    if (!step.is_null() && step.get<std::int64_t>() == 0)
        throw TemplateError("the step of a slice cannot be 0");
    const std::int64_t by =
        step.is_null() ? 1 : std::clamp(step.get<std::int64_t>(), -length - 1, length + 1);
    const auto clamp = [&](const Value& bound, std::int64_t otherwise) {
        if (bound.is_null()) return otherwise;
        std::int64_t at = bound.get<std::int64_t>();
        if (at < 0) at += length;
        const std::int64_t low = by > 0 ? 0 : -1, high = by > 0 ? length : length - 1;
        return at < low ? low : at > high ? high : at;
    };
    const std::int64_t first = clamp(start, by > 0 ? 0 : length - 1), last = clamp(end, by > 0 ? length : -1);
    std::vector<std::size_t> out;
    for (std::int64_t at = first; by > 0 ? at < last : at > last; at += by) out.push_back(at);
    return out;
}

Value slice(const Value& base, const Value& start, const Value& end, const Value& step) {
    if (base.is_string()) {
        const auto parts = characters(base.get<std::string>());
        std::string out;
        for (const std::size_t at : slice_indexes(parts.size(), start, end, step)) out += parts[at];
        return out;
    }
    if (!base.is_array()) return Value();
    Value out = Value::array();
    for (const std::size_t at : slice_indexes(base.size(), start, end, step)) out.push_back(base.at(at));
    return out;
}

Value get(Value base, const Value& key) {
    if (base.is_object()) return key.is_hashable() ? base.get(key) : Value();
    if (!key.is_number_integer() || !(base.is_array() || base.is_string())) return Value();
    if (std::abs(key.get<double>()) > max_text_bytes) return Value();
    const Value found =
        slice(base, key, key.get<std::int64_t>() == -1 ? Value() : key + Value(std::int64_t{1}), Value());
    if (base.is_string()) return found.empty() ? Value() : found;
    return found.empty() ? Value() : found.at(std::size_t{0});
}

bool equal(const Value& a, const Value& b) {
    require_small(a);
    require_small(b);
    return a.get<OrderedJson>() == b.get<OrderedJson>();
}

// By what is told at once: most elements of a list are not what is looked for.
bool may_be_equal(const Value& a, const Value& b) {
    if (a.is_array() != b.is_array() || a.is_object() != b.is_object() || a.is_string() != b.is_string())
        return false;
    const bool has_size = a.is_array() || a.is_object() || a.is_string();
    return !has_size || a.size() == b.size();
}

bool list_contains(const Value& list, const Value& item, Budget& budget) {
    require_small(item);
    const auto wanted = item.get<OrderedJson>();
    for (std::size_t i = 0; i < list.size(); ++i) {
        budget.spend(1);
        const Value& element = list.at(i);
        if (!may_be_equal(element, item)) continue;
        require_small(element);
        if (element.get<OrderedJson>() == wanted) return true;
    }
    return false;
}

bool contains(const Value& container, const Value& item, Budget& budget) {
    if (container.is_string())
        return item.is_string() &&
               find_text(container.get<std::string>(), item.get<std::string>()) != std::string::npos;
    if (container.is_object()) return item.is_hashable() && container.contains(item);
    return container.is_array() && list_contains(container, item, budget);
}

// Values of different kinds have no order: neither is less.
bool less(const Value& a, const Value& b, bool or_equal) {
    const bool comparable = (a.is_number() && b.is_number()) || (a.is_string() && b.is_string());
    if (!comparable) return false;
    const auto left = a.get<OrderedJson>(), right = b.get<OrderedJson>();
    return or_equal ? left <= right : left < right;
}

Value whole_math(std::int64_t a, const std::string& sign, std::int64_t b) {
    std::int64_t out = 0;
    bool beyond = false;
    if (sign == "+")
        beyond = __builtin_add_overflow(a, b, &out);
    else if (sign == "-")
        beyond = __builtin_sub_overflow(a, b, &out);
    else if (sign == "*")
        beyond = __builtin_mul_overflow(a, b, &out);
    else if (b == -1)  // the one quotient that can overflow; its remainder is 0
        beyond = sign == "//" ? __builtin_sub_overflow(std::int64_t{0}, a, &out) : false;
    else if (sign == "//")
        out = a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
    else
        out = a % b + (a % b != 0 && (a < 0) != (b < 0) ? b : 0);
    if (beyond) throw TemplateError("the result of `" + sign + "` is out of range");
    return out;
}

Value real_math(double a, const std::string& sign, double b) {
    if (sign == "+") return a + b;
    if (sign == "-") return a - b;
    if (sign == "*") return a * b;
    if (sign == "/") return a / b;
    if (sign == "//") return std::floor(a / b);
    if (sign == "%") {
        const double rest = std::fmod(a, b);
        return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
    }
    return std::pow(a, b);
}

// Arithmetic as in Python. With something undefined in it the result is undefined.
Value math(const Value& a, const std::string& sign, const Value& b) {
    if (a.is_null() || b.is_null()) return Value();
    if (sign == "+" && (a.is_string() || b.is_string())) return joined(text_of(a), text_of(b));
    if (sign == "+" && a.is_array() && b.is_array()) return joined_lists(a, b);
    if (sign == "*" && a.is_string() && b.is_number_integer()) {
        const std::int64_t times = std::max<std::int64_t>(b.get<std::int64_t>(), 0);
        if (times > 0 && a.size() > max_text_bytes / static_cast<std::size_t>(times))
            throw TemplateError("the repeated text is too long");
        return a * Value(times);
    }
    if (!a.is_number() || !b.is_number())
        throw TemplateError("`" + sign + "` needs two numbers, got " + a.dump() + " and " + b.dump());
    const bool divides = sign == "/" || sign == "//" || sign == "%";
    if (divides && b.get<double>() == 0) throw TemplateError("division by zero");
    if (a.is_number_integer() && b.is_number_integer() && sign != "/" && sign != "**")
        return whole_math(a.get<std::int64_t>(), sign, b.get<std::int64_t>());
    Value result = real_math(a.get<double>(), sign, b.get<double>());
    if (!std::isfinite(result.get<double>()))
        throw TemplateError("the result of `" + sign + "` is out of range");
    return result;
}

Value copy(const Value& value) {
    require_small(value);
    return Value(value.get<OrderedJson>());
}

std::shared_ptr<minja::Expression> literal(const Value& value) {
    return std::make_shared<minja::LiteralExpr>(minja::Location{nullptr, 0}, value);
}

// The methods of texts that minja has slow ways for; nothing for all others, and for wrong arguments.
std::optional<Value> text_method(const std::string& name, const std::string& text,
                                 const std::vector<Value>& arguments) {
    if (arguments.empty() || !arguments[0].is_string()) return std::nullopt;
    const std::string first = arguments[0].get<std::string>();
    if ((name == "split" || name == "replace") && first.empty())
        throw TemplateError("`" + name + "` needs a text that is not empty");
    if (name == "split" && arguments.size() == 1) {
        Value parts = Value::array();
        for (const std::string& part : split_text(text, first)) parts.push_back(Value(part));
        return parts;
    }
    const bool counted = arguments.size() == 3 && arguments[2].is_number_integer();
    if (name == "replace" && (arguments.size() == 2 || counted) && arguments[1].is_string()) {
        const std::int64_t times =
            counted ? arguments[2].get<std::int64_t>() : std::numeric_limits<std::int64_t>::max();
        return Value(replaced_text(text, first, arguments[1].get<std::string>(), times, max_text_bytes));
    }
    return std::nullopt;
}

// Calls a method, as minja does it, on values that are there already.
Value call_method(const std::shared_ptr<minja::Context>& context, const std::string& name,
                  const Value& object, const ArgumentsValue& arguments) {
    if (object.is_null()) return Value();
    if (object.is_string() && arguments.kwargs.empty())
        if (std::optional<Value> done = text_method(name, object.get<std::string>(), arguments.args))
            return *done;
    const bool strips = name == "strip" || name == "lstrip" || name == "rstrip";
    const bool keeps = name == "append" || name == "insert";  // a copy: a list must not come to hold itself
    minja::ArgumentsExpression given;
    for (const Value& value : arguments.args) {
        const bool is_set = strips && value.is_string();
        given.args.push_back(literal(keeps    ? copy(value)
                                     : is_set ? Value(bytes_in(value.get<std::string>()))
                                              : value));
    }
    for (const auto& [key, value] : arguments.kwargs) given.kwargs.emplace_back(key, literal(value));
    const minja::Location nowhere{nullptr, 0};
    return minja::MethodCallExpr(nowhere, literal(object),
                                 std::make_shared<minja::VariableExpr>(nowhere, name), std::move(given))
        .evaluate(context);
}

Value filter_undefined(const std::string& name) {
    static const std::set<std::string> listing = {"list", "select", "reject",   "selectattr", "rejectattr",
                                                  "map",  "items",  "dictsort", "unique"};
    if (name == "length" || name == "count") return std::int64_t{0};
    return listing.count(name) ? Value::array() : Value();
}

// Of `join`: bounds what the separators add.
void check_separator(const ArgumentsValue& arguments) {
    const auto take = [&](const Value& separator) {
        if (separator.is_string() && separator.size() * arguments.args[0].size() > max_text_bytes)
            throw TemplateError("the joined text is too long");
    };
    if (arguments.args.size() > 1) take(arguments.args[1]);
    for (const auto& [key, value] : arguments.kwargs) take(value);
}

// Of `indent(width)` and `tojson(indent)`: bounds what the spaces add.
void check_indent(const std::string& name, const ArgumentsValue& arguments) {
    const Value& subject = arguments.args[0];
    std::size_t indent = 0;
    const auto take = [&](const Value& given) {
        if (given.is_null()) return;
        const bool fits = given.is_number_integer() && given.get<std::int64_t>() >= 0 &&
                          given.get<std::int64_t>() <= max_indent;
        if (!fits)
            throw TemplateError("`" + name + "` needs a whole number from 0 to " +
                                std::to_string(max_indent));
        indent = static_cast<std::size_t>(given.get<std::int64_t>());
    };
    if (arguments.args.size() > 1) take(arguments.args[1]);
    for (const auto& [key, value] : arguments.kwargs)
        if (key == "width" || key == "indent") take(value);
    if (!subject.is_string()) return require_small(subject, indent);
    const std::string text = subject.get<std::string>();
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    if (text.size() + lines * indent > max_value_bytes) throw TemplateError("the indented text is too long");
}

Value filter(const std::shared_ptr<minja::Context>& builtins, const std::string& name,
             ArgumentsValue& arguments) {
    static const std::set<std::string> of_text = {"lower", "upper", "trim", "e", "escape", "indent"};
    Value& subject = arguments.args[0];
    if (subject.is_null() && name != "default" && name != "tojson") return filter_undefined(name);
    if (name == "string" || name == "safe") return text_of(subject);
    if ((name == "length" || name == "count") && subject.is_string())
        return static_cast<std::int64_t>(characters(subject.get<std::string>()).size());
    if (of_text.count(name) && !subject.is_string()) subject = text_of(subject);
    if (name == "join" && subject.is_array()) {
        check_separator(arguments);
        Value texts = Value::array();
        for (std::size_t i = 0; i < subject.size(); ++i) texts.push_back(text_of(subject.at(i)));
        require_small(texts);
        subject = texts;
    }
    if (name == "indent" || name == "tojson") check_indent(name, arguments);
    if (name == "unique") require_small(subject);  // it looks at all that is in it
    return builtins->get(name).call(builtins, arguments);
}

Value range(const ArgumentsValue& arguments) {
    std::vector<std::int64_t> given;
    for (const Value& value : arguments.args) {
        if (value.is_null()) return Value::array();
        if (!value.is_number_integer()) throw TemplateError("range takes one to three whole numbers");
        given.push_back(value.get<std::int64_t>());
    }
    if (given.empty() || given.size() > 3 || !arguments.kwargs.empty())
        throw TemplateError("range takes one to three whole numbers");
    if (given.size() == 1) given.insert(given.begin(), 0);
    if (given.size() == 2) given.push_back(1);
    const std::int64_t start = given[0], end = given[1], step = given[2];
    if (step == 0) throw TemplateError("the step of a range cannot be 0");
    Value numbers = Value::array();
    std::int64_t next = start;
    for (std::int64_t i = 0; step > 0 ? next < end : next > end; ++i) {
        if (i >= max_range) throw TemplateError("a range of more than 10,000 numbers");
        numbers.push_back(next);
        if (__builtin_add_overflow(next, step, &next)) break;
    }
    return numbers;
}

}  // namespace

void Budget::spend(std::size_t operations) {
    if (operations > operations_) throw TemplateError("the template takes more than 100,000 operations");
    operations_ -= operations;
    if (computed() > deadline_) throw TemplateError("the template takes more than 2 seconds");
}

std::chrono::nanoseconds Budget::computed() {
    timespec used{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

void Budget::print(std::size_t bytes) {
    if (bytes > bytes_) throw TemplateError("the template renders more than 1 MB");
    bytes_ -= bytes;
}

std::shared_ptr<minja::Context> template_functions(const std::shared_ptr<Budget>& budget) {
    auto functions = std::make_shared<minja::Context>(Value::object());
    const auto builtins = minja::Context::builtins();
    const auto define = [&](const std::string& name, auto function) {
        const auto counted = [budget, function](const std::shared_ptr<minja::Context>&,
                                                ArgumentsValue& arguments) {
            budget->spend(1);
            return Value(function(arguments));
        };
        functions->set(std::string(reserved_prefix) + name, Value::callable(counted));
    };
    define("get", [](ArgumentsValue& given) { return get(given.args[0], given.args[1]); });
    define("slice", [](ArgumentsValue& g) { return slice(g.args[0], g.args[1], g.args[2], g.args[3]); });
    define("equal", [](ArgumentsValue& given) { return equal(given.args[0], given.args[1]); });
    define("in", [budget](ArgumentsValue& given) { return contains(given.args[1], given.args[0], *budget); });
    define("less", [](ArgumentsValue& given) { return less(given.args[0], given.args[1], false); });
    define("at_most", [](ArgumentsValue& given) { return less(given.args[0], given.args[1], true); });
    define("copy", [](ArgumentsValue& given) { return copy(given.args[0]); });
    define("tick", [](ArgumentsValue&) { return Value(); });
    define("namespace",
           [builtins](ArgumentsValue& g) { return builtins->get("namespace").call(builtins, g); });
    define("range", [](ArgumentsValue& given) { return range(given); });
    define("math", [](ArgumentsValue& given) {
        Value result = given.args[0];
        for (std::size_t i = 1; i + 1 < given.args.size(); i += 2)
            result = math(result, given.args[i].get<std::string>(), given.args[i + 1]);
        return result;
    });
    define("concat", [](ArgumentsValue& given) {
        std::string out;
        for (const Value& value : given.args) out = joined(out, text_of(value));
        return out;
    });
    define("print", [budget](ArgumentsValue& given) {
        std::string out = text_of(given.args[0]);
        budget->print(out.size());
        return out;
    });
    define("filter", [builtins](ArgumentsValue& given) {
        const std::string name = given.args[0].get<std::string>();
        given.args.erase(given.args.begin());
        return filter(builtins, name, given);
    });
    define("call", [builtins](ArgumentsValue& given) {
        const std::string name = given.args[0].get<std::string>();
        const Value object = given.args[1];
        given.args.erase(given.args.begin(), given.args.begin() + 2);
        return call_method(builtins, name, object, given);
    });
    return functions;
}

}  // namespace hil::worker

#include "workflow/condition.hpp"

#include <algorithm>
#include <jsoncons/json.hpp>
#include <jsoncons_ext/jmespath/jmespath.hpp>
#include <system_error>

#include "workflow/jmespath_literals.hpp"
#include "workflow/jmespath_syntax.hpp"

namespace hil::worker {
namespace {

namespace jmespath = jsoncons::jmespath;
using PathJson = jsoncons::json;

constexpr std::size_t max_expression_bytes = 16'384;

PathJson converted(const Json& value) { return PathJson::parse(value.dump()); }

// What a node's name stands for: its output's fields, and the whole under `output`.
PathJson node_value(const Json& output) {
    PathJson whole = converted(output);
    PathJson value = whole.is_object() ? whole : PathJson(jsoncons::json_object_arg);
    value.insert_or_assign("output", std::move(whole));
    return value;
}

// The truth of a value by the JMESPath standard.
bool is_true(const PathJson& value) {
    if (value.is_null()) return false;
    if (value.is_bool()) return value.as<bool>();
    if (value.is_string()) return !value.as<std::string>().empty();
    if (value.is_array() || value.is_object()) return !value.empty();
    return true;
}

void check_size(const std::string& expression) {
    if (expression.size() > max_expression_bytes)
        throw SyntaxError(0, "the expression has " + std::to_string(expression.size()) +
                                 " bytes, allowed are " + std::to_string(max_expression_bytes));
}

}  // namespace

struct ParsedCondition::Path {
    Path(Jmespath given, jmespath::jmespath_expression<PathJson> compiled)
        : given(std::move(given)), compiled(std::move(compiled)) {}

    Jmespath given;
    jmespath::jmespath_expression<PathJson> compiled;

    // Only what the expression names: a conversation's messages can be long.
    PathJson root(const Scope& scope) const {
        PathJson root(jsoncons::json_object_arg);
        const auto wanted = [this](const std::string& name) {
            return given.whole_root || given.names.count(name);
        };
        for (const auto& [name, value] : scope.variables.items())
            if (wanted(name)) root.insert_or_assign(name, converted(value));
        for (const auto& [name, output] : scope.nodes.items())
            if (wanted(name)) root.insert_or_assign(name, node_value(output));
        if (scope.output) root.insert_or_assign("output", converted(*scope.output));
        return root;
    }
};

ParsedCondition ParsedCondition::parse(const Condition& condition, const std::set<std::string>& nodes) {
    ParsedCondition parsed;
    check_size(condition.expression);
    if (condition.type == "python_expr") {
        parsed.template_ = Template::condition(condition.expression, nodes);
        return parsed;
    }
    Jmespath given = with_literals(condition.expression);
    const auto fail = [&given](std::size_t at, const std::string& message) {
        throw SyntaxError(given.offsets[std::min(at, given.source.size())], message);
    };
    try {
        check_jmespath(given.source);
        auto compiled = jmespath::make_expression<PathJson>(given.source);
        std::error_code ignored;
        compiled.evaluate(PathJson(jsoncons::json_object_arg), ignored);  // throws on `a | 'text'`, for one
        parsed.path_ = std::make_shared<const Path>(std::move(given), std::move(compiled));
    } catch (const SyntaxError& error) {
        fail(error.offset(), error.what());
    } catch (const jmespath::jmespath_error& error) {
        std::size_t line_start = 0;
        for (std::size_t line = 1; line < error.line(); ++line) {
            const std::size_t end = given.source.find('\n', line_start);
            if (end == std::string::npos) break;
            line_start = end + 1;
        }
        fail(line_start + (error.column() > 0 ? error.column() - 1 : 0), error.code().message());
    } catch (const std::exception&) {
        fail(0, "jsoncons cannot evaluate this expression (a literal after a pipe?)");
    }
    return parsed;
}

bool ParsedCondition::holds(const Scope& scope) const {
    if (template_) return template_->holds(scope);
    std::error_code failed;
    const PathJson value = path_->compiled.evaluate(path_->root(scope), failed);
    return !failed && is_true(value);
}

const std::vector<VariableUse>& ParsedCondition::variables() const {
    return template_ ? template_->variables() : path_->given.roots;
}

}  // namespace hil::worker

#include "workflow/template.hpp"

#include <utility>
#include <vector>

#include "workflow/template_functions.hpp"

namespace hil::worker {
namespace {

// minja appends the place in the rewritten template to what it reports; the author never saw that text.
// Nor do the words of the JSON library tell the author anything.
std::string first_words(const std::string& what) {
    if (what.find("[json.exception.") != std::string::npos)
        return "a value is not of the kind that is needed";
    return what.substr(0, what.find(" at row "));
}

std::string valid_utf8(const std::string& text) {
    const Json json = text;
    return Json::parse(json.dump(-1, ' ', false, Json::error_handler_t::replace)).get<std::string>();
}

}  // namespace

struct Template::Parsed {
    Guarded guarded;
    std::vector<std::shared_ptr<minja::TemplateNode>> pieces;
};

Template::Template(Guarded guarded) {
    auto parsed = std::make_shared<Parsed>();
    parsed->guarded = std::move(guarded);
    try {
        for (const std::string& piece : parsed->guarded.pieces)
            parsed->pieces.push_back(minja::Parser::parse(piece, minja::Options{false, false, true}));
    } catch (const std::exception& error) {
        throw SyntaxError(0, first_words(error.what()));
    }
    parsed_ = std::move(parsed);
}

Template Template::text(const std::string& source, const std::set<std::string>& nodes) {
    return Template(guard_template(source, nodes));
}

Template Template::condition(const std::string& expression, const std::set<std::string>& nodes) {
    return Template(guard_condition(expression, nodes));
}

std::string Template::render(const Scope& scope) const {
    auto context =
        minja::Context::make(minja::Value::object(), template_functions(std::make_shared<Budget>()));
    const Guarded& guarded = parsed_->guarded;
    for (std::size_t i = 0; i < guarded.constants.size(); ++i)
        context->set(std::string(reserved_prefix) + "k" + std::to_string(i), guarded.constants[i]);
    for (const VariableUse& use : guarded.variables)
        if (const Json* value = scope.find(use.name))
            context->set(use.name, minja::Value(nlohmann::ordered_json(*value)));
    try {
        std::string out;
        for (const auto& piece : parsed_->pieces) out += piece->render(context);
        return valid_utf8(out);
    } catch (const std::exception& error) {
        throw TemplateError(first_words(error.what()));
    }
}

const std::vector<VariableUse>& Template::variables() const { return parsed_->guarded.variables; }

}  // namespace hil::worker

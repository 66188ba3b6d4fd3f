// Draws workflows. Node ids can be words that the drawing languages reserve, so the drawings number the
// nodes.
#include <map>
#include <string>

#include "core/text.hpp"
#include "workflow/loader.hpp"

namespace hil::worker {
namespace {

constexpr std::size_t max_label = 200;

std::string replaced(const std::string& text, const std::map<char, std::string>& replacements) {
    std::string out;
    for (const char c : text) {
        const auto found = replacements.find(c);
        if (found == replacements.end())
            out += c;
        else
            out += found->second;
    }
    return out;
}

std::string mermaid_text(const std::string& text) {
    static const std::map<char, std::string> entities = {{'"', "#quot;"}, {'#', "#35;"}, {'&', "#amp;"},
                                                         {'<', "#lt;"},   {'>', "#gt;"}, {'|', "#124;"}};
    return replaced(one_line(text, max_label), entities);
}

std::string dot_text(const std::string& text) {
    return replaced(one_line(text, max_label), {{'"', "\\\""}, {'\\', "\\\\"}});
}

std::map<std::string, std::string> numbered(const Workflow& workflow) {
    std::map<std::string, std::string> names;
    for (const Node& node : workflow.nodes) names.emplace(node.id, "n" + std::to_string(names.size()));
    return names;
}

}  // namespace

std::string draw_mermaid(const Workflow& workflow) {
    const auto names = numbered(workflow);
    std::string out = "flowchart TD\n";
    for (const Node& node : workflow.nodes) {
        std::string label =
            mermaid_text(node.id) + "<br/>" + mermaid_text(node.sink ? node.action : node.agent);
        if (node.condition) label += "<br/>if " + mermaid_text(node.condition->expression);
        out += "    " + names.at(node.id) + (node.sink ? "([\"" : "[\"") + label +
               (node.sink ? "\"])" : "\"]") + "\n";
    }
    for (const WorkflowEdge& edge : workflow.edges) {
        const std::string label =
            edge.condition ? "|\"" + mermaid_text(edge.condition->expression) + "\"|" : "";
        out += "    " + names.at(edge.from) + " -->" + label + " " + names.at(edge.to) + "\n";
    }
    return out;
}

std::string draw_dot(const Workflow& workflow) {
    const auto names = numbered(workflow);
    std::string out = "digraph \"" + dot_text(workflow.name) + "\" {\n    node [shape=box]\n";
    for (const Node& node : workflow.nodes) {
        std::string label = dot_text(node.id) + "\\n" + dot_text(node.sink ? node.action : node.agent);
        if (node.condition) label += "\\nif " + dot_text(node.condition->expression);
        out += "    " + names.at(node.id) + " [label=\"" + label + "\"" +
               (node.sink ? ", style=rounded" : "") + "]\n";
    }
    for (const WorkflowEdge& edge : workflow.edges) {
        out += "    " + names.at(edge.from) + " -> " + names.at(edge.to);
        if (edge.condition) out += " [label=\"" + dot_text(edge.condition->expression) + "\"]";
        out += "\n";
    }
    return out + "}\n";
}

}  // namespace hil::worker

#include "step/repair.hpp"

#include "core/text.hpp"
#include "workflow/storable.hpp"

namespace hil::worker {
namespace {

constexpr std::size_t max_told_characters = 2000;

}  // namespace

std::string read_answer(const std::string& answer, const OutputSchema& schema, Json& output) {
    std::string problems;
    try {
        output = parse_json(answer, "the output");
        require_storable(output, "the output");
        for (const std::string& mismatch : schema.problems(output))
            problems += (problems.empty() ? "the output does not fit its schema: " : "; ") + mismatch;
    } catch (const std::exception& error) {
        return error.what();
    }
    return problems;
}

void correct(ModelTurn& turn, const std::string& problem) {
    const std::string told = "Your answer does not fit: " + one_line(problem, max_told_characters) +
                             ". Answer again with one JSON object that fits.";
    turn.results.clear();
    for (std::size_t i = 0; i < turn.calls.size(); ++i) turn.results[i] = {told, true};
    turn.correction = turn.calls.empty() ? told : "";
}

}  // namespace hil::worker

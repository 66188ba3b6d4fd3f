// The grammar of JMESPath.
#pragma once

#include <string_view>

namespace hil::worker {

// Throws SyntaxError where the expression does not follow the grammar of JMESPath, or is nested deeper than
// 40 brackets and negations, or could repeat the data that it looks at more than about 100 times: evaluating
// has no bounds of its own. jsoncons 1.3 compiles what is right, but reads beyond its buffers or never ends
// on some of what is wrong; and it evaluates by recursion. What remains to it are the names of functions,
// their number of arguments, and the JSON of literals.
void check_jmespath(std::string_view expression);

}  // namespace hil::worker

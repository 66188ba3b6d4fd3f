// Makes worker/workflows/rules.yaml part of the program. The assembler finds it through the include path.
#include "llm/rules_file.hpp"

asm(R"(
    .pushsection .rodata
hil_rules_begin:
    .incbin "workflows/rules.yaml"
hil_rules_end:
    .byte 0
    .popsection
)");

extern "C" {
extern const char hil_rules_begin[];
extern const char hil_rules_end[];
}

namespace hil::worker::llm {

std::string_view builtin_rules() {
    return {hil_rules_begin, static_cast<std::size_t>(hil_rules_end - hil_rules_begin)};
}

}  // namespace hil::worker::llm

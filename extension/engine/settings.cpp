#include "engine/settings.hpp"

namespace hil::engine::settings {

int max_message_bytes = 65536;
int ai_timeout_seconds = 600;
char* default_workflow = nullptr;
char* general_skill = nullptr;

std::string general() { return general_skill == nullptr ? "general" : general_skill; }

}  // namespace hil::engine::settings

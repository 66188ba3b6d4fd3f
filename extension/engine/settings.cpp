#include "engine/settings.hpp"

namespace hil::engine::settings {

int max_message_bytes = 65536;
int ai_timeout_seconds = 600;
int naptime_milliseconds = 1000;
int retention_seconds = 0;
char* default_workflow = nullptr;
char* general_skill = nullptr;
int assignment_order = least_loaded;
int agent_timeout_seconds = 900;
int requeue_after_seconds = 120;

std::string general() { return general_skill == nullptr ? "general" : general_skill; }

}  // namespace hil::engine::settings

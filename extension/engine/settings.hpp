// The settings hil.*, as plain variables. module.cpp registers them with Postgres, which writes them.
#pragma once

#include <string>

namespace hil::engine::settings {

extern int max_message_bytes;   // hil.max_message_bytes: longest message, in bytes
extern int ai_timeout_seconds;  // hil.ai_timeout: a run without a result hands over after this
extern char* default_workflow;  // hil.default_workflow: "" or NULL where none is set
extern char* general_skill;     // hil.general_skill: the skill that everybody has

std::string general();

}  // namespace hil::engine::settings

// The settings hil.*, as plain variables. module.cpp registers them with Postgres, which writes them.
#pragma once

#include <string>

namespace hil::engine::settings {

extern int max_message_bytes;     // hil.max_message_bytes: longest message, in bytes
extern int ai_timeout_seconds;    // hil.ai_timeout: a run without a result hands over after this
extern int naptime_milliseconds;  // hil.naptime: between two rounds of the scheduler
extern int retention_seconds;   // hil.retention: closed conversations and events older than this go; 0: never
extern char* default_workflow;  // hil.default_workflow: "" or NULL where none is set
extern char* general_skill;     // hil.general_skill: the skill that everybody has

enum AssignmentOrder { least_loaded, least_utilized, longest_idle };
extern int assignment_order;  // hil.assignment_order, an AssignmentOrder

extern int agent_timeout_seconds;  // hil.agent_timeout: a silent agent is marked offline after this; 0 = off
extern int
    requeue_after_seconds;  // hil.requeue_after: who is offline that long loses the conversations; 0 = off

std::string general();

}  // namespace hil::engine::settings

// What --help says besides the options.
#pragma once

namespace hil::worker {

inline constexpr const char* configuration_help =
    "The configuration is one YAML file (--config, or the environment's HIL_CONFIG); all of it is optional:\n"
    "  database_url    where the database is (postgresql://user@host/db, or key=value pairs)\n"
    "  worker          the first part of the worker's name in the runs that it holds; default: the host's\n"
    "                  name. Each process adds an ending of its own\n"
    "  concurrency     runs worked on at once, those not counted that are with their provider; default 100\n"
    "  waiting_runs    how many may wait for each provider; others are put back for a while; default: as\n"
    "                  many as concurrency\n"
    "  parallel_nodes  independent nodes of one run that are executed at once; default 4\n"
    "  work_threads    threads on which all runs share the computing; default 4\n"
    "  report_connections  connections for what the runs report; default 4. The worker uses two more, and\n"
    "                  sql_tool_connections for tools\n"
    "  lease_seconds   a run whose worker is silent for so long goes to another one; default 60\n"
    "  tick_seconds    between two calls of hil_tick(); default 1\n"
    "  poll_seconds    runs are looked for at least this often, also without a notification; default 1\n"
    "  drain_seconds   how long runs may go on after SIGTERM; default 30. Those that are not finished then\n"
    "                  are put back, which counts as no error; the exit code is 0 all the same\n"
    "  rules           file of the intents of the provider \"rules\" (which is no language model), relative\n"
    "                  to the configuration; default: built in\n"
    "  limits          of one run: wall_seconds 300, tokens 200000, cost_usd 1, tool_calls 50; passing one\n"
    "                  hands over\n"
    "  agents          presets to change or add: NAME: {system_prompt: ..., output_schema: ...}\n"
    "  providers       who answers: NAME: {kind: openai, anthropic or rules, base_url: ..., api_key_env: "
    "...}\n"
    "  model_profiles  profiles to change or add: NAME: {provider: rules, model: ..., options: ...}\n"
    "  tools           what the AI can do: NAME: {kind: http, url: ...} or {kind: sql, function: ...}\n"
    "  mcp_servers     servers of tools: NAME: {command: [...]} or {url: ...}\n"
    "  sql_tool_connections  connections for SQL tools; default 2\n"
    "  log_level       trace, debug, info, warn, error, critical, off; default info\n"
    "  log_format      text or json (one object per line); default text\n"
    "  metrics_address where `run --metrics-port` listens; default 127.0.0.1\n"
    "README.md has the keys of providers, profiles and tools.\n";

inline constexpr const char* environment_help =
    "Environment:\n"
    "  HIL_CONFIG      the configuration file, where --config is not given\n";

inline constexpr const char* database_help =
    "  HIL_DATABASE_URL  the database: postgresql://user@host/db, or key=value pairs; goes before the\n"
    "                  configuration's database_url\n"
    "  PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD, ...  libpq's own, for what neither of them says\n";

inline constexpr const char* keys_help =
    "  and the variables that the configuration names: api_key_env of providers, ${NAME} in their headers\n"
    "                  and in those of tools, env of MCP servers\n";

inline constexpr const char* exit_codes_help =
    "Exit codes: 0 done; 1 the workflow, the configuration or the rules have mistakes, each printed as\n"
    "FILE:LINE:COLUMN: error: MESSAGE; 2 the command line is wrong, a file cannot be read, or the database\n"
    "refused.";

}  // namespace hil::worker

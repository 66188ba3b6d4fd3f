// Where the servers of test/mcp are.
#pragma once

#include <filesystem>
#include <string>

namespace hil::test {

// Built with the tests; needs nothing else.
inline const std::string mail_server = HIL_SOURCE_DIR "/build/mail_server";

// Installed by test/check.
inline const std::string mcp_folder = HIL_SOURCE_DIR "/build/mcp";
inline const std::string everything_server =
    mcp_folder + "/node_modules/@modelcontextprotocol/server-everything/dist/index.js";
inline const std::string gmail_server = mcp_folder + "/gmail.js";
inline const std::string modern_server = mcp_folder + "/modern.mjs";

// Why the installed servers cannot be started; empty where they can.
inline std::string mcp_is_missing() {
    if (std::filesystem::exists(everything_server) && std::filesystem::exists(gmail_server)) return "";
    return "the servers of test/mcp are not installed in build/mcp (test/install-mcp does it; it needs npm)";
}

}  // namespace hil::test

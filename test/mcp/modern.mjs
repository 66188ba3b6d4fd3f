// A server that takes no handshake (protocol version 2026-07-28 and later), with the tool repeat.
import { McpServer } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { z } from "zod";

function made() {
    const server = new McpServer({ name: "modern", version: "1.0.0" });
    server.registerTool(
        "repeat",
        { description: "Says it again.", inputSchema: z.object({ text: z.string() }) },
        async ({ text }) => ({ content: [{ type: "text", text: `Again: ${text}` }] }),
    );
    return server;
}

serveStdio(made, { legacy: "reject" });

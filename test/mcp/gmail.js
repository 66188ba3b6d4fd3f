// A server with the tool send_email. It writes each mail as a line of JSON to the file that GMAIL_OUTBOX names, and
// sends none twice that has the same idempotency key.
const fs = require("fs");
const { McpServer } = require("@modelcontextprotocol/sdk/server/mcp.js");
const { StdioServerTransport } = require("@modelcontextprotocol/sdk/server/stdio.js");
const { z } = require("zod");

const outbox = process.env.GMAIL_OUTBOX;

function sent() {
    if (!fs.existsSync(outbox)) return [];
    return fs.readFileSync(outbox, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

const server = new McpServer({ name: "gmail", version: "1.0.0" });

server.registerTool(
    "send_email",
    {
        description: "Sends an e-mail.",
        inputSchema: { to: z.string().max(200), subject: z.string(), body: z.string() },
    },
    async (mail, { _meta }) => {
        const key = _meta?.["hil/idempotency-key"];
        if (!sent().some((earlier) => earlier.key === key)) {
            fs.appendFileSync(outbox, JSON.stringify({ key, ...mail }) + "\n");
        }
        return { content: [{ type: "text", text: `Sent to ${mail.to}.` }] };
    },
);

server.connect(new StdioServerTransport());

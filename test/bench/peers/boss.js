// pg-boss: eight loops that fetch and complete one job at a time, and a worker that polls as often as it can (0.5 s).
import PgBoss from "pg-boss";
import { concurrency, obey, pickup } from "./commands.js";

const { PGHOST: host, PGPORT: port, PGUSER: user, PGDATABASE: database } = process.env;
const boss = new PgBoss({ host, port: Number(port), user, database, max: concurrency + 2 });
boss.on("error", (error) => console.error(error));
await boss.start();
await boss.createQueue("nothing");
await boss.createQueue("ping");

let started = () => {};
await boss.work("ping", { pollingIntervalSeconds: 0.5 }, async () => started());

await obey({
    jobs: async (count) => {
        await boss.insert(Array.from({ length: count }, () => ({ name: "nothing" })));
        const begin = performance.now();
        const loop = async () => {
            for (;;) {
                const [job] = await boss.fetch("nothing");
                if (!job) return;
                await boss.complete("nothing", job.id);
            }
        };
        await Promise.all(Array.from({ length: concurrency }, loop));
        return (1000 * count) / (performance.now() - begin);
    },
    pickup: (count) =>
        pickup(count, async () => {
            const start = new Promise((resolve) => (started = resolve));
            await boss.send("ping", {});
            await start;
        }),
});
await boss.stop({ graceful: false });

// graphile-worker, one job at a time in each of eight places, in this process. Where the jobs come from is its default: each
// is fetched by itself, and LISTEN tells it of new ones.
import { makeWorkerUtils, run, Logger } from "graphile-worker";
import pg from "pg";
import { concurrency, obey, pickup } from "./commands.js";

const quiet = new Logger(() => () => {});
const pgPool = new pg.Pool({ max: concurrency + 2 });
const utils = await makeWorkerUtils({ pgPool, logger: quiet });
await utils.migrate();

let done = 0;
let expected = 0;
let finished = () => {};
let started = () => {};
const runner = await run({
    pgPool,
    logger: quiet,
    concurrency,
    noHandleSignals: true,
    taskList: {
        nothing: () => {
            if (++done === expected) finished();
        },
        ping: () => started(),
    },
});

await obey({
    jobs: async (count) => {
        done = 0;
        expected = count;
        const end = new Promise((resolve) => (finished = resolve));
        const add = "SELECT count(graphile_worker.add_job('nothing')) FROM generate_series(1, $1)";
        await pgPool.query(add, [count]);
        const begin = performance.now();
        await end;
        return (1000 * count) / (performance.now() - begin);
    },
    pickup: (count) =>
        pickup(count, async () => {
            const start = new Promise((resolve) => (started = resolve));
            await utils.addJob("ping");
            await start;
        }),
});
await runner.stop();
await pgPool.end();

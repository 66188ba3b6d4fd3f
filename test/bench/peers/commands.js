// Obeys the lines of standard input: `jobs N` adds N jobs that do nothing and prints how many were done per second;
// `pickup N` prints the median of the milliseconds from the call that adds a job to its start, with nothing else to do.
import { createInterface } from "node:readline";

export const concurrency = 8;

export function median(values) {
    return values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

// `add` and `started` belong to one job at a time: a promise of its start.
export async function pickup(count, addOne) {
    const latencies = [];
    for (let number = 0; number < count; ++number) {
        const begin = performance.now();
        await addOne();
        latencies.push(performance.now() - begin);
        await new Promise((resolve) => setTimeout(resolve, 20 + 20 * Math.random()));
    }
    return median(latencies);
}

export async function obey(commands) {
    console.log("ready");
    for await (const line of createInterface({ input: process.stdin })) {
        const [name, count] = line.split(" ");
        console.log(await commands[name](Number(count)));
    }
}

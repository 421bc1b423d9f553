// `node dist/worker.js`: runs workflows and their activities. Exits 2 on a configuration error, before anything is contacted.
import { setFlagsFromString } from 'node:v8';
import { problemLines } from './contracts/problems.js';
import { loadWorkerConfiguration } from './worker/configuration.js';
import { startWorker } from './worker/process.js';

// Pages of a thousand rows are rubbish as soon as they are written. V8 would let its heap grow fourfold before it looks, most of all where
// its collector has to share its cores: the worker of a campaign of 1,000,000 assets took 650 MiB.
setFlagsFromString('--heap-growing-percent=30');
// Of the thread that runs the workflows, which starts later: what they leave behind is small, and 16 MB, kept three times, are never full.
setFlagsFromString('--max-semi-space-size=4');

async function main(): Promise<void> {
  const configuration = await loadWorkerConfiguration(process.env);
  if (!configuration.ok) {
    const lines = problemLines(configuration.problems).map((line) => `${line}\n`);
    process.stderr.write(`The worker cannot start: its configuration has ${lines.length} problem(s).\n${lines.join('')}`);
    process.exitCode = 2;
    return;
  }
  const worker = startWorker(configuration.value);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => worker.stop(signal));
  await worker.ended;
}

await main();

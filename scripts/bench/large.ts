// `npm run bench:large`: 100,000 assets, caps off, output none. The worker is the built one, in a process of its own, whose peak
// memory is read from the kernel. `npm run bench:memory`: 20,000 assets, 40 executions in flight, every output stored. ASSETS=… for
// another size, WORKER_FLAGS=… for node. Needs `npm run build`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunReport } from '../../src/domain/run/outcome.js';
import { startSimulator } from '../../src/simulator/index.js';
import { openLab } from './lab.js';
import { memoryMiB } from './process-usage.js';

const IN_FLIGHT = Number(process.env['IN_FLIGHT'] ?? 400);
const OUTPUT = process.env['OUTPUT'] ?? 'none';
const ASSETS = Number(process.env['ASSETS'] ?? 100_000);
const WORKER = fileURLToPath(new URL('../../dist/worker.js', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'overhaul-large-'));
const lab = await openLab();
const simulator = await startSimulator({ assets: ASSETS, speed: 60, executionMs: { min: 60_000, max: 300_000 } });
const config = join(folder, 'overhaul.yaml');
await writeFile(config, 'policy: { caps: { callsPerHour: 100000000, executionsPerDay: 100000000, concurrency: 16 } }\n');
const worker = spawn(process.execPath, [...(process.env['WORKER_FLAGS']?.split(' ') ?? []), WORKER], {
  env: {
    ...process.env,
    QUALYS_URL: simulator.url,
    QUALYS_USERNAME: 'demo',
    QUALYS_PASSWORD: 'demo',
    TEMPORAL_ADDRESS: lab.address,
    OVERHAUL_DATABASE_URL: `sqlite:${join(folder, 'ledger.db')}`,
    OVERHAUL_CONFIG: config,
    OVERHAUL_TASK_QUEUE: 'bench-large',
    OVERHAUL_LOG_LEVEL: 'warn',
  },
  stdio: ['ignore', 'inherit', 'inherit'],
});
const exited = once(worker, 'exit');
try {
  const startedAt = performance.now();
  const handle = await lab.client.workflow.start('remediationRun', {
    workflowId: 'bench-large',
    taskQueue: 'bench-large',
    args: [
      { script: 72648, targets: { assetTagIds: [7001] }, maxInFlight: IN_FLIGHT, poll: { interval: '1s' }, output: OUTPUT, deadline: '1h' },
    ],
  });
  const report = (await handle.result()) as RunReport;
  const seconds = (performance.now() - startedAt) / 1_000;
  const history = await lab.historyOf('bench-large');
  const twice = [...simulator.state.executionsPerAsset().values()].filter((times) => times > 1).length;
  console.log(
    JSON.stringify({
      assets: ASSETS,
      status: report.status,
      counts: report.counts,
      executions: report.executions,
      callsPerExecution: Number((report.apiCalls / report.executions).toFixed(2)),
      twice,
      workerPeakMiB: memoryMiB(worker.pid).peak,
      seconds: Math.round(seconds),
      eventsPerExecution: Number((history.events / report.executions).toFixed(2)),
      ...history,
    }),
  );
} finally {
  worker.kill('SIGTERM');
  await exited;
  await simulator.close();
  await lab.close();
  await rm(folder, { recursive: true, force: true });
}

// `npm run bench:limits`: ten disjoint runs of 250 assets at once, under 300 calls an hour and 2 at a time.
import { openLab } from './lab.js';

const RUNS = 10;
const ASSETS = 250;
const first = 20_452_610;
const speed = Number(process.env['SPEED'] ?? 6);
const longestMs = 300_000 * 1.05;
const lab = await openLab();
try {
  for (const maxInFlight of (process.env['IN_FLIGHT'] ?? '10,4').split(',').map(Number)) {
    const product = await lab.product({
      simulator: {
        assets: RUNS * ASSETS,
        speed,
        seed: 3,
        keepAllCalls: true,
        latencyMs: 5,
        limits: { perWindow: 300, windowSec: 3_600, concurrency: 2 },
      },
      policy: { caps: { callsPerHour: 300, executionsPerDay: 1_000, concurrency: 2 } },
    });
    const startedAt = performance.now();
    const reports = await Promise.all(
      Array.from({ length: RUNS }, async (_, index) => {
        const run = await product.start(`bench-limits-${maxInFlight}-${index}`, {
          script: 72648,
          targets: { assetIds: Array.from({ length: ASSETS }, (__, asset) => first + index * ASSETS + asset) },
          maxInFlight,
          poll: { interval: '1s' },
          deadline: '1h',
        });
        return run.result();
      }),
    );
    const wallMs = performance.now() - startedAt;
    const executions = reports.reduce((sum, report) => sum + report.executions, 0);
    const calls = reports.reduce((sum, report) => sum + report.apiCalls, 0);
    const windows = Math.floor((1.5 * executions) / 300);
    const expectedMs = (windows * 3_600_000 + longestMs) / speed;
    const { refused, againstAnnouncement, callsByPath } = product.simulator.stats();
    console.log(
      JSON.stringify({
        maxInFlight,
        speed,
        succeeded: reports.filter(({ status }) => status === 'succeeded').length,
        executions,
        calls,
        callsPerExecution: Number((calls / executions).toFixed(2)),
        refused,
        againstAnnouncement,
        wallSeconds: Math.round(wallMs / 1_000),
        expectedSeconds: Math.round(expectedMs / 1_000),
        ratio: Number((wallMs / expectedMs).toFixed(2)),
        callsByPath,
      }),
    );
  }
} finally {
  await lab.close();
}

// `npm run bench:run`: what one run of 1,000 assets in 40 executions costs, with 40 and with 4 in flight.
import { openLab } from './lab.js';

const ASSETS = 1_000;
const first = 20_452_610;
const lab = await openLab();
try {
  for (const maxInFlight of [40, 4]) {
    const product = await lab.product({ simulator: { assets: ASSETS, speed: 60, seed: 7, keepAllCalls: true } });
    const workflowId = `bench-run-${maxInFlight}`;
    const startedAt = performance.now();
    const run = await product.start(workflowId, {
      script: 72648,
      targets: { assetIds: Array.from({ length: ASSETS }, (_, index) => first + index) },
      maxInFlight,
      poll: { interval: '1s' },
      deadline: '10m',
    });
    const report = await run.result();
    const history = await lab.historyOf(workflowId);
    const hit = [...product.simulator.state.executionsPerAsset().values()];
    const { counts } = report;
    const sum = counts.succeeded + counts.failed + counts.unverified + counts.unreachable + counts.missing + counts.skipped;
    console.log(
      JSON.stringify({
        maxInFlight,
        status: report.status,
        counts,
        countsAddUp: sum === counts.targeted,
        twice: hit.filter((times) => times > 1).length,
        executions: report.executions,
        apiCalls: report.apiCalls,
        callsPerExecution: Number((report.apiCalls / report.executions).toFixed(2)),
        byPath: product.simulator.stats().callsByPath,
        eventsPerExecution: Number((history.events / report.executions).toFixed(2)),
        ...history,
        seconds: Math.round((performance.now() - startedAt) / 1_000),
      }),
    );
  }
} finally {
  await lab.close();
}

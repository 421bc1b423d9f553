// `npm run bench:faults`: the run of 1,000 assets again, with lost answers, failing calls, revoked tokens, and another operator
// running the same script in the same minutes. The worker's deaths are `npm run chaos`.
import { ledgerOf } from '../../test/support/ledger/inspector.js';
import { openLab } from './lab.js';

const ASSETS = 1_000;
const first = 20_452_610;
const seed = Number(process.env['SEED'] ?? 11);
const lab = await openLab();
try {
  const product = await lab.product({
    simulator: {
      assets: ASSETS,
      speed: 60,
      seed,
      keepAllCalls: true,
      faults: { dropAfterEffectRate: 0.05, failRate: 0.05, lostAs: 'mixed', revokeTokensAfterCalls: [30, 60] },
      foreignOperator: { username: 'other', everyMs: 20_000, scriptId: 72648, assetsPerRun: 25, sameTargets: true },
    },
  });
  const startedAt = performance.now();
  const run = await product.start('bench-faults', {
    script: 72648,
    targets: { assetIds: Array.from({ length: ASSETS }, (_, index) => first + index) },
    maxInFlight: Number(process.env['IN_FLIGHT'] ?? 8),
    poll: { interval: '1s' },
    deadline: '10m',
  });
  const report = await run.result();
  const history = await lab.historyOf('bench-faults');
  const ours = [...product.simulator.state.executionsPerAsset('demo').values()];
  const audit = (await product.ledger.audit.of('bench-faults')).map(({ action, detail }) => `${action}: ${detail ?? ''}`);
  const foreign = new Set(
    product.simulator.state.executions.filter(({ user }) => user !== 'demo').map(({ correlationUuid }) => correlationUuid),
  );
  const known = await product.ledger.executions.claimedUuids([...foreign]);
  const taken = await ledgerOf(product.ledger).columns('executions', ['correlationUuid'], { adopted: 1 });
  const adopted = taken.filter(({ correlationUuid }) => foreign.has(correlationUuid ?? '')).length;
  console.log(
    JSON.stringify(
      {
        status: report.status,
        counts: report.counts,
        executions: report.executions,
        executesAtQualys: product.simulator.state.executions.filter(({ user }) => user === 'demo').length,
        assetsExecutedTwice: ours.filter((times) => times > 1).length,
        foreignExecutions: foreign.size,
        foreignAdopted: adopted,
        foreignWatchedBeside: known.size - adopted,
        apiCalls: report.apiCalls,
        callsPerExecution: Number((report.apiCalls / report.executions).toFixed(2)),
        ...history,
        audit,
        seconds: Math.round((performance.now() - startedAt) / 1_000),
      },
      undefined,
      1,
    ),
  );
} finally {
  await lab.close();
}

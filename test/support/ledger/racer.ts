// One of several processes on the same ledger file, for tests of races: claims, permits and calls as fast as it can, and prints what it
// got.
import { openLedger } from '../../../src/ledger/index.js';

const [url, runId, calls] = process.argv.slice(2);
if (!url || !runId) throw new Error('usage: ledger-racer <url> <run> <calls>');

const TERMS = {
  sendWindowMs: 5_000,
  httpTimeoutMs: 30_000,
  settleMs: 5_000,
  executionsPerDay: 15,
  sender: 'demo',
  serverAt: 1_700_000_000_000,
};
const ledger = await openLedger({ url, create: true, caps: { callsPerHour: 40, concurrency: 1_000 } });
const got = { id: ledger.id, assets: [] as string[], permits: 0, calls: 0 };
process.stdout.write('ready\n');
// All start together: opening takes longer than what is raced for.
await new Promise((resolve) => process.stdin.once('data', resolve));

const fence = await ledger.runs.takeFence(runId);
for (;;) {
  const execution = await ledger.executions.claim(runId, fence);
  if (!execution) break;
  const answer = await ledger.executions.permit(runId, execution.executionNo, { fence, terms: TERMS });
  if (answer.kind !== 'granted') continue;
  got.permits += 1;
  got.assets.push(...answer.assetIds);
  await ledger.executions.lost(runId, execution.executionNo, { permit: answer.permit, detail: 'raced', resolveAfterMs: 1_000 });
}
for (let call = 0; call < Number(calls); call += 1) {
  const answer = await ledger.calls.enter({ endpoint: 'jobs', runId, holdMs: 30_000 });
  if (answer.kind === 'go') got.calls += 1;
}
await ledger.close();
process.stdout.write(`${JSON.stringify(got)}\n`);
process.stdin.destroy();

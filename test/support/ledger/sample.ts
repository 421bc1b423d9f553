import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultPolicy } from '../../../src/contracts/policy.js';
import { parseRequest } from '../../../src/contracts/request.js';
import type { RunReport } from '../../../src/domain/run/outcome.js';
import { type Ledger, openLedger } from '../../../src/ledger/index.js';
import { putEmptyLedger } from '../empty-ledger.js';

export interface SampleLedger {
  env: { OVERHAUL_DATABASE_URL: string };
  ledger: Ledger;
}

/** A ledger in a directory of its own, as a worker leaves one that it has just created. */
export async function emptyLedger(): Promise<SampleLedger> {
  const path = join(await mkdtemp(join(tmpdir(), 'ledger-')), 'ledger.db');
  await putEmptyLedger(path);
  const url = `sqlite:${path}`;
  return { env: { OVERHAUL_DATABASE_URL: url }, ledger: await openLedger({ url, create: true, caps: defaultPolicy().caps }) };
}

/** A run whose cohort is frozen and of which nothing is sent yet. */
export async function openSampleRun(ledger: Ledger, runId: string, assetIds: readonly string[]): Promise<void> {
  const parsed = parseRequest({
    script: 72648,
    targets: { assetIds: [...assetIds] },
    requestedBy: 'kim',
    ...(runId === 'live' ? { ticket: { system: 'snow', id: 'CHG0030001' } } : {}),
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { targets: _cohort, ...request } = parsed.value;
  await ledger.runs.open({ id: runId, firstExecutionId: `first-${runId}`, namespace: 'default', request });
  await ledger.runs.setScript(runId, { id: '72648', title: 'Restart agent' });
  await ledger.cohort.add(
    runId,
    assetIds.map((assetId) => ({ assetId, name: `host-${assetId}` })),
  );
  await ledger.cohort.freeze(runId);
  await ledger.runs.setPhase(runId, 'running');
}

/** Closes the run: what was never sent is skipped. */
export function closeSampleRun(ledger: Ledger, runId: string): Promise<RunReport> {
  return ledger.verdicts.closeOpen(runId, 'interrupted').then(() =>
    ledger.runs.close(runId, ({ counts: { pending: _pending, running: _running, ...counts }, executions, apiCalls }) => ({
      runId,
      status: 'failed',
      script: { id: '72648', title: 'Restart agent' },
      counts,
      strays: 0,
      executions,
      apiCalls,
      startedAt: '2026-08-22T09:59:00.000Z',
      finishedAt: '2026-08-22T10:00:00.000Z',
    })),
  );
}

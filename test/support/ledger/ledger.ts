// Ledgers for tests, and what is put into them.

import { parseRequest, type RemediationRequestInput } from '../../../src/contracts/request.js';
import type { ClockReading } from '../../../src/domain/clock/server-time.js';
import type { LiveCounts, RunReport } from '../../../src/domain/run/outcome.js';
import { type Ledgers, useLedgersOf } from '../../../src/ledger/conformance/ledgers.js';
import type { PermitTerms } from '../../../src/ledger/executions/registry.js';
import type { Ledger } from '../../../src/ledger/index.js';
import type { Poll } from '../../../src/ledger/rows/poll.js';
import type { Clocks } from '../../../src/ledger/sqlite/clock.js';
import { add, remove } from './damage.js';
import { ledgerOf } from './inspector.js';

export { giveScript } from './scenario.js';

import { sqliteLedgers } from './sqlite.js';

export { NO_CAPS } from '../../../src/ledger/conformance/ledgers.js';

export const TERMS: PermitTerms = {
  sender: 'demo at the gateway',
  sendWindowMs: 5_000,
  httpTimeoutMs: 30_000,
  settleMs: 5_000,
  executionsPerDay: 1_000,
  serverAt: 1_700_000_000_000,
};

/** Ledgers for the tests of a file that need one and are not about it. */
export function useLedgers(): Ledgers {
  return useLedgersOf(sqliteLedgers());
}

/** A machine whose clock can be set: real time, and how far it was. */
export function settableMachine(startMs = 1_700_000_000_000): { clocks: Clocks; realMs: number; setMs: number } {
  const machine = { realMs: 0, setMs: 0 };
  const clocks: Clocks = {
    wall: () => startMs + machine.realMs + machine.setMs,
    monotonic: () => machine.realMs,
    uptime: () => 7_000 + machine.realMs,
  };
  return Object.assign(machine, { clocks });
}

/** Qualys' clock as the ledger knows it after hours of work with this gateway: what it says now, and how fast it goes. */
export async function knowClock(ledger: Ledger, serverNow: number, rate = 1): Promise<void> {
  const local = await ledger.database.now();
  const samples = Array.from({ length: 31 }, (_, index) => [local - (30 - index) * 1_000, serverNow - (30 - index) * 1_000 * rate]);
  await remove(ledger, 'serverClock');
  await add(ledger, 'serverClock', { id: 1, samples: JSON.stringify(samples), jumps: 0, jumpedAt: local - 36_000_000 });
}

/** A reading of a clock of which nothing was wrong for a day. */
export function steadyReading(now: number): ClockReading {
  return { now, rate: 1, jumps: 0, steadyMs: 86_400_000, latest: now, earliest: now };
}

/** `asset-0001` … */
export function assetIds(count: number, from = 1): string[] {
  return Array.from({ length: count }, (_, index) => `asset-${String(from + index).padStart(4, '0')}`);
}

/** A run of script 7, frozen and running. */
export async function openRun(
  ledger: Ledger,
  id: string,
  assets: readonly string[],
  request: Partial<RemediationRequestInput> = {},
): Promise<number> {
  const parsed = parseRequest({ script: 7, targets: { assetIds: [1] }, maxInFlight: 100, ...request });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { targets: _cohort, ...stored } = parsed.value;
  await ledger.runs.open({ id, firstExecutionId: `first-${id}`, namespace: 'default', request: stored });
  await ledger.runs.setScript(id, { id: '7', title: 'Patch' });
  await ledger.cohort.add(
    id,
    assets.map((assetId) => ({ assetId })),
  );
  await ledger.cohort.freeze(id);
  await ledger.runs.setPhase(id, 'running');
  return ledger.runs.takeFence(id);
}

/** The run's script was read, and is what it was when the run was opened. */
export async function readScript(ledger: Ledger, runId: string): Promise<void> {
  await ledger.scriptReadings.end(runId, await ledger.scriptReadings.begin(runId));
}

/** Claims the next batch and takes a permit for it. */
export async function permitted(ledger: Ledger, runId: string, fence: number): Promise<{ n: number; permit: number; assetIds: string[] }> {
  const execution = await ledger.executions.claim(runId, fence);
  if (!execution) throw new Error('nothing to claim');
  const answer = await ledger.executions.permit(runId, execution.executionNo, { fence, terms: TERMS });
  if (answer.kind !== 'granted') throw new Error(JSON.stringify(answer));
  return { n: execution.executionNo, permit: answer.permit, assetIds: answer.assetIds };
}

/** The same, accepted by Qualys as `uuid-<run>-<n>`. */
export async function accepted(ledger: Ledger, runId: string, fence: number): Promise<{ n: number; assetIds: string[] }> {
  const { n, permit, assetIds: assets } = await permitted(ledger, runId, fence);
  await ledger.executions.accept(runId, n, {
    permit,
    correlationUuid: `uuid-${runId}-${n}`,
    serverAt: TERMS.serverAt,
    configuredIntervalMs: 0,
  });
  return { n, assetIds: assets };
}

export type Fate = 'succeeded' | 'failed' | 'missing' | 'running';

/** A poll that found these fates. */
export function poll(executionNo: number, fates: Readonly<Record<string, Fate>>, changes: Partial<Poll> = {}): Poll {
  const entries = Object.entries(fates);
  return {
    executionNo,
    number: 1,
    polledAt: 1,
    serverNow: TERMS.serverAt + 60_000,
    jobs: entries
      .filter(([, fate]) => fate !== 'missing')
      .map(([assetId, fate]) => ({
        assetId,
        jobId: `job-${executionNo}`,
        name: `host of ${assetId}`,
        status: fate === 'running' ? 'MANIFEST ASSIGNED' : fate === 'failed' ? 'EXECUTION FAILED' : 'EXECUTION PASSED',
        ...(fate === 'running'
          ? {}
          : { exitCode: fate === 'failed' ? 3 : 0, startedAt: TERMS.serverAt, finishedAt: TERMS.serverAt + 1_000 }),
      })),
    decisions: entries.map(([assetId, fate]) => ({
      assetId,
      outcome: fate,
      ...(fate === 'missing' ? { reason: 'no-asset-job' } : {}),
      final: fate !== 'running',
      terminal: fate === 'succeeded' || fate === 'failed',
    })),
    settled: entries.every(([, fate]) => fate !== 'running'),
    slotFree: entries.every(([, fate]) => fate !== 'running'),
    outputOf: 'all',
    ...changes,
  };
}

export function allOf(assets: readonly string[], fate: Fate): Record<string, Fate> {
  return Object.fromEntries(assets.map((assetId) => [assetId, fate]));
}

export function close(ledger: Ledger, runId: string): Promise<RunReport> {
  return ledger.runs.close(runId, ({ counts, outOfCohort, executions, apiCalls }) => ({
    runId,
    status: 'partial',
    script: { id: '7', title: 'Patch' },
    counts: finalCounts(counts),
    strays: outOfCohort,
    executions,
    apiCalls,
    startedAt: '2026-01-01T00:00:00.000Z',
    finishedAt: '2026-01-01T01:00:00.000Z',
  }));
}

function finalCounts({ pending: _pending, running: _running, ...counts }: LiveCounts): RunReport['counts'] {
  return counts;
}

/** Every row of every table that a poll can touch, for comparing before and after. */
export async function dump(ledger: Ledger): Promise<Record<string, unknown[]>> {
  const tables = [
    ...(['runs', 'attempts', 'executions', 'sends', 'scripts', 'outputs', 'outOfCohort', 'outOfCohortCopies'] as const),
    ...(['schedules', 'audit', 'orders', 'calls', 'limits'] as const),
  ];
  return Object.fromEntries(await Promise.all(tables.map(async (table) => [table, await ledgerOf(ledger).rows(table)])));
}

// What must be true of a run whatever happened to its workers, checked against Qualys' side and the ledger's.

import { isDeepStrictEqual } from 'node:util';
import type { RunReport } from '../../src/domain/run/outcome.js';
import type { Ledger } from '../../src/ledger/index.js';
import type { Simulator } from '../../src/simulator/index.js';
import { ledgerOf } from '../support/ledger/inspector.js';

export interface Verdict {
  /** `execute` calls that took effect at Qualys, of our user. */
  executes: number;
  /** Assets that got the script more often than attempts were made on them. Must be 0. */
  twice: number;
  counts: RunReport['counts'];
  /** Sentences; none when all is well. */
  problems: string[];
}

/**
 * Twice the 5 s within which a record of either user prevents ruling a job out (`src/domain/in-doubt/attribution.ts`), and what
 * records lag.
 */
const TOLD_APART_MS = 15_000;

const WORD = { passed: 'succeeded', failed: 'failed', offline: 'unreachable', 'result-lost': 'unverified' } as const;

/** `report`: what the workflow returned; `unverified`: of how many assets the fate cannot be known. */
export async function verdictOf(
  facts: { simulator: Simulator; ledger: Ledger; runId: string },
  report: RunReport,
  { size, unverified = 0 }: { size: number; unverified?: number | 'some' | undefined },
): Promise<Verdict> {
  const { simulator, ledger, runId } = facts;
  const problems: string[] = [];
  const expect = (holds: boolean, sentence: string): void => {
    if (!holds) problems.push(sentence);
  };
  const rows = await ledgerOf(ledger).rows('attempts', { runId });
  const last = rows.filter((row) => row.last === 1);
  const ours = simulator.state.executions.filter(({ user }) => user === 'demo');
  const executed = simulator.state.executionsPerAsset('demo');

  const sent = new Map<string, number>();
  for (const row of rows) if (row.executionNo !== null) sent.set(row.assetId, (sent.get(row.assetId) ?? 0) + 1);
  const twice = [...executed].filter(([assetId, times]) => times > (sent.get(assetId) ?? 0));
  expect(twice.length === 0, `${twice.length} assets got the script more often than attempts were made on them`);

  expect(last.length === size && new Set(last.map(({ assetId: id }) => id)).size === size, `${last.length} last rows for ${size} assets`);
  const { targeted, ...outcomes } = report.counts;
  const sum = Object.values(outcomes).reduce((total, count) => total + count, 0);
  expect(targeted === size && sum === size, `the outcomes add up to ${sum}, targeted are ${targeted}, the cohort has ${size}`);
  for (const row of last) {
    if (row.outcome === 'unverified' && unverified !== 0) continue;
    const fate = simulator.state.fateOf(row.assetId, row.attempt);
    const word = fate in WORD ? WORD[fate as keyof typeof WORD] : 'unverified';
    expect(row.outcome === word, `asset ${row.assetId} is ${row.outcome}, without faults it would be ${word}`);
    expect((executed.get(row.assetId) ?? 0) > 0, `asset ${row.assetId} is ${row.outcome} and never got the script`);
  }
  if (unverified !== 'some')
    expect(report.counts.unverified === unverified, `${report.counts.unverified} are unverified, not ${unverified}`);

  expect(!rows.some(({ lease }) => lease === 1), 'leases are left');
  const open = await ledger.executions.inState(runId, ['claimed', 'permitted', 'accepted']);
  expect(open.length === 0, `${open.length} executions are left open`);
  const stored = (await ledger.runs.get(runId))?.report;
  expect(isDeepStrictEqual(stored, report), 'the report of the workflow is not the one of the ledger');

  problems.push(...(await jobProblems(facts)));
  if (unverified === 0) {
    const claimed = await ledger.executions.claimedUuids(ours.map(({ correlationUuid }) => correlationUuid));
    expect(
      claimed.size === ours.length && report.executions === ours.length,
      `${ours.length} jobs are ours, ${claimed.size} of them are known, ${report.executions} are reported`,
    );
  }
  return { executes: ours.length, twice: twice.length, counts: report.counts, problems };
}

/**
 * Whose jobs the executions have: what Qualys answered is ours; what was adopted stands for an answer that was lost, of exactly the same
 * assets, and is another's only where the trail could not tell the two apart; what is watched beside it is on the same assets, too.
 */
async function jobProblems({ simulator, ledger, runId }: { simulator: Simulator; ledger: Ledger; runId: string }): Promise<string[]> {
  const jobs = new Map(simulator.state.executions.map((execution) => [execution.correlationUuid, execution]));
  const isOurs = (uuid: string): boolean => jobs.get(uuid)?.user === 'demo';
  const sends = await ledgerOf(ledger).rows('sends', { runId });
  const taken = (await ledgerOf(ledger).rows('executions', { runId })).flatMap(({ executionNo, correlationUuid, adopted }) =>
    correlationUuid === null
      ? []
      : [{ n: executionNo, correlationUuid, adopted, sends: sends.filter((send) => send.executionNo === executionNo).length }],
  );
  const twins = await ledgerOf(ledger).columns('twins', ['executionNo', 'correlationUuid'], { runId });
  const claimed = new Set([...taken, ...twins].map(({ correlationUuid: uuid }) => uuid));
  const problems: string[] = [];
  for (const { n, correlationUuid: uuid, adopted, sends } of taken) {
    const asked = (await ledger.executions.assetsOf(runId, n)).map(Number).sort();
    const beside = twins.filter((twin) => twin.executionNo === n).map(({ correlationUuid: twin }) => twin);
    if (sends === 0) problems.push(`execution ${n} has a job without a permit`);
    if (adopted === 0 && !isOurs(uuid)) problems.push(`execution ${n} was answered with a job of another user`);
    if (adopted === 0 && beside.length > 0) problems.push(`execution ${n} was answered, and has ${beside.length} jobs beside it`);
    const elsewhere = [uuid, ...beside].filter((job) => !isOn(jobs.get(job), asked));
    if (elsewhere.length > 0) problems.push(`execution ${n} has ${elsewhere.length} jobs on other assets than its own`);
    if (adopted === 1 && !isOurs(uuid) && isToldApart(uuid, beside)) problems.push(`execution ${n} adopted the job of another user`);
    const unseen = simulator.state.executions.filter((job) => job.user === 'demo' && !claimed.has(job.correlationUuid) && isOn(job, asked));
    if (unseen.length > 0) problems.push(`execution ${n} took another job than ours, which nobody watches`);
  }
  return problems;

  function isOn(job: { assetIds: readonly string[] } | undefined, asked: readonly number[]): boolean {
    return isDeepStrictEqual([...(job?.assetIds ?? [])].map(Number).sort(), asked);
  }

  /** Ours is among those beside it, and so far from it that the trail's records of the two cannot be mistaken for each other. */
  function isToldApart(adopted: string, beside: readonly string[]): boolean {
    const at = jobs.get(adopted)?.simulatedAt ?? 0;
    return beside.filter(isOurs).some((uuid) => Math.abs((jobs.get(uuid)?.simulatedAt ?? 0) - at) >= TOLD_APART_MS);
  }
}

/** Assets called `unverified` of which Qualys could say how it went. */
export async function unverifiedThoughKnown({
  simulator,
  ledger,
  runId,
}: {
  simulator: Simulator;
  ledger: Ledger;
  runId: string;
}): Promise<number> {
  const rows = await ledgerOf(ledger).rows('attempts', { runId, last: 1, outcome: 'unverified' });
  return rows.filter(({ assetId, attempt }) => ['passed', 'failed'].includes(simulator.state.fateOf(assetId, attempt))).length;
}

// What must be true of a run whatever happened to its workers, checked against Qualys' side and the ledger's.
import { isDeepStrictEqual } from 'node:util';
import type { RunReport } from '../../src/domain/outcome.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import type { Simulator } from '../../src/simulator/simulator.js';

export interface Verdict {
  /** `execute` calls that took effect at Qualys, of our user. */
  executes: number;
  /** Assets that got the script more often than attempts were made on them. Must be 0. */
  twice: number;
  counts: RunReport['counts'];
  /** Sentences; none when all is well. */
  problems: string[];
}

interface Row {
  asset_id: string;
  attempt: number;
  last: number;
  outcome: string;
  execution_n: number | null;
  correlation_uuid: string | null;
  lease: number | null;
}

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
  const rows = await ledger.database.all<Row>('SELECT * FROM attempts WHERE run_id = ? ORDER BY asset_id, attempt', [runId]);
  const last = rows.filter((row) => row.last === 1);
  const ours = simulator.state.executions.filter(({ user }) => user === 'demo');
  const executed = simulator.state.executionsPerAsset('demo');

  const sent = new Map<string, number>();
  for (const row of rows) if (row.execution_n !== null) sent.set(row.asset_id, (sent.get(row.asset_id) ?? 0) + 1);
  const twice = [...executed].filter(([assetId, times]) => times > (sent.get(assetId) ?? 0));
  expect(twice.length === 0, `${twice.length} assets got the script more often than attempts were made on them`);

  expect(last.length === size && new Set(last.map(({ asset_id: id }) => id)).size === size, `${last.length} last rows for ${size} assets`);
  const { targeted, ...outcomes } = report.counts;
  const sum = Object.values(outcomes).reduce((total, count) => total + count, 0);
  expect(targeted === size && sum === size, `the outcomes add up to ${sum}, targeted are ${targeted}, the cohort has ${size}`);
  for (const row of last) {
    if (row.outcome === 'unverified' && unverified !== 0) continue;
    const fate = simulator.state.fateOf(row.asset_id, row.attempt);
    const word = fate in WORD ? WORD[fate as keyof typeof WORD] : 'unverified';
    expect(row.outcome === word, `asset ${row.asset_id} is ${row.outcome}, without faults it would be ${word}`);
    expect((executed.get(row.asset_id) ?? 0) > 0, `asset ${row.asset_id} is ${row.outcome} and never got the script`);
  }
  if (unverified !== 'some')
    expect(report.counts.unverified === unverified, `${report.counts.unverified} are unverified, not ${unverified}`);

  expect(!rows.some(({ lease }) => lease === 1), 'leases are left');
  const open = await ledger.executions.inState(runId, ['claimed', 'permitted', 'accepted']);
  expect(open.length === 0, `${open.length} executions are left open`);
  const stored = (await ledger.runs.get(runId))?.report;
  expect(isDeepStrictEqual(stored, report), 'the report of the workflow is not the one of the ledger');

  const known = new Set(ours.map(({ correlationUuid }) => correlationUuid));
  const taken = await ledger.executions.claimedUuids(simulator.state.executions.map(({ correlationUuid }) => correlationUuid));
  const foreign = [...taken].filter((uuid) => !known.has(uuid));
  expect(foreign.length === 0, `${foreign.length} jobs of others were adopted`);
  if (unverified === 0)
    expect(taken.size === known.size && report.executions === known.size, `${known.size} jobs are ours, ${report.executions} are reported`);
  return { executes: ours.length, twice: twice.length, counts: report.counts, problems };
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
  const rows = await ledger.database.all<Row>(`SELECT * FROM attempts WHERE run_id = ? AND last = 1 AND outcome = 'unverified'`, [runId]);
  return rows.filter(({ asset_id: assetId, attempt }) => ['passed', 'failed'].includes(simulator.state.fateOf(assetId, attempt))).length;
}

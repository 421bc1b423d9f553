// One asset's attempt as a poll finds it, and as the poll leaves it. Pure: what differs is written, what does not is not.
import { type CopyState, copyAfter } from '../../domain/execution/may-still-run.js';
import type { AssetDecision } from '../../domain/polling/settle.js';
import { heardText } from '../../domain/verdict/judge.js';
import { type SqlValue, storableText } from '../sql/database.js';
import type { Poll, SeenAssetJob } from './poll.js';

export interface AttemptRow {
  seq: number;
  attempt: number;
  asset_id: string;
  name: string | null;
  agent_uuid: string | null;
  outcome: string;
  reason: string | null;
  status: string | null;
  exit_code: number | null;
  started_at: number | null;
  finished_at: number | null;
  ended_at: number | null;
  status_since: number | null;
  disconnected: number | null;
  job_id: string | null;
  lease: number | null;
  copy: CopyState;
  output: string;
  rule: string | null;
  heard: string | null;
  /** The job whose output that is; null of an older ledger, where it is that of the row's job. */
  heard_job: string | null;
  /** When the verdict was written that Qualys' last word gave, by the ledger's clock. */
  decided_at: number | null;
}

/** The columns a poll may change, in the order of `writtenValues`. */
export const WRITTEN_COLUMNS = [
  'name',
  'agent_uuid',
  'outcome',
  'reason',
  'status',
  'exit_code',
  'started_at',
  'finished_at',
  'ended_at',
  'status_since',
  'disconnected',
  'job_id',
  'lease',
  'copy',
  'output',
  'rule',
  'heard',
  'heard_job',
  'decided_at',
] as const satisfies readonly (keyof AttemptRow)[];

export function writtenValues(row: AttemptRow): SqlValue[] {
  return WRITTEN_COLUMNS.map((column) => row[column]);
}

export function isSameRow(one: AttemptRow, other: AttemptRow): boolean {
  return WRITTEN_COLUMNS.every((column) => one[column] === other[column]);
}

/** The row after a poll that found `job` for its asset and came to `decision`. */
export function afterPoll(
  row: AttemptRow,
  seen: { job: SeenAssetJob | undefined; decision: AssetDecision | undefined },
  poll: Pick<Poll, 'serverNow' | 'outputOf'>,
  now: number,
): AttemptRow {
  // Of two watches the one that began later may have read earlier: what it did not see yet does not unsay a verdict.
  if (row.outcome !== 'running' && row.lease === null && !seen.decision?.terminal) return row;
  const known = seen.job ? withJob(row, seen.job, poll.serverNow) : row;
  return seen.decision ? withDecision(known, seen.decision, { outputOf: poll.outputOf, now }) : known;
}

/** What the output said is said once: a look that has missed it is dropped, and the next one goes by it. */
export function hasMissedOutput(
  row: Pick<AttemptRow, 'heard' | 'heard_job' | 'job_id'>,
  { job, decision }: { job: Pick<SeenAssetJob, 'jobId'> | undefined; decision: AssetDecision | undefined },
): boolean {
  const heard = heardOf({ ...row, job_id: job?.jobId ?? row.job_id });
  return heard !== null && decision?.rule !== undefined && heardText(decision.heard) !== heard;
}

/** What the output of the row's own job said: where two jobs have hit an asset, each has its own. */
export function heardOf({ heard, heard_job: job, job_id: own }: Pick<AttemptRow, 'heard' | 'heard_job' | 'job_id'>): string | null {
  return job === null || job === own ? heard : null;
}

function withJob(row: AttemptRow, job: SeenAssetJob, serverNow: number): AttemptRow {
  const status = storableText(job.status);
  return {
    ...row,
    name: job.name === undefined ? row.name : storableText(job.name),
    agent_uuid: job.agentUuid === undefined ? row.agent_uuid : storableText(job.agentUuid),
    status,
    exit_code: job.exitCode ?? null,
    started_at: job.startedAt ?? null,
    finished_at: job.finishedAt ?? null,
    ended_at: job.endedAt ?? null,
    status_since: row.status === status ? (row.status_since ?? serverNow) : serverNow,
    disconnected: job.disconnected === undefined ? null : Number(job.disconnected),
    job_id: job.jobId,
  };
}

/**
 * An asset whose asset job is not terminal, or has not appeared, keeps its lease until the run is closed: the script may yet start there.
 */
function withDecision(row: AttemptRow, decision: AssetDecision, { outputOf, now }: Pick<Poll, 'outputOf'> & { now: number }): AttemptRow {
  const { outcome, reason, rule, heard, final, terminal, awaits } = decision;
  const ended = final && row.status !== null;
  const copied = { ...row, lease: terminal ? null : row.lease, copy: copyAfter(decision) };
  // What its end means is not known yet: it stays what it was, an asset past its deadline among them.
  if (awaits) return copied;
  return {
    ...copied,
    outcome,
    reason: reason === undefined ? null : storableText(reason),
    rule: rule ?? null,
    ...heardAfter(row, heardText(heard)),
    decided_at: terminal ? (outcome === row.outcome ? (row.decided_at ?? now) : now) : row.decided_at,
    output: ended && row.output === 'none' && wantsOutput(outputOf, outcome) ? 'owed' : row.output,
  };
}

function heardAfter(row: AttemptRow, said: string | null): Pick<AttemptRow, 'heard' | 'heard_job'> {
  const { heard, heard_job } = row;
  if (said === null || heardOf(row) !== null) return { heard, heard_job };
  return { heard: said, heard_job: row.job_id };
}

function wantsOutput(outputOf: Poll['outputOf'], outcome: string): boolean {
  if (outputOf === 'none') return false;
  if (outputOf === 'failed') return outcome === 'failed';
  return outcome !== 'unreachable' && outcome !== 'missing';
}

// One asset's attempt as a poll finds it, and as the poll leaves it. Pure: what differs is written, what does not is not.
import { type CopyState, copyAfter } from '../../domain/execution/may-still-run.js';
import type { AssetDecision } from '../../domain/polling/settle.js';
import { heardText } from '../../domain/verdict/judge.js';
import { storableText } from '../sql/database.js';
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
  // One copy a row: a poll of a thousand rows would otherwise spend more on copies than on the disk.
  const after = { ...row };
  if (seen.job) noteJob(after, seen.job, poll.serverNow);
  if (seen.decision) noteDecision(after, seen.decision, { outputOf: poll.outputOf, now });
  return after;
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

function noteJob(row: AttemptRow, job: SeenAssetJob, serverNow: number): void {
  const status = storableText(job.status);
  if (job.name !== undefined) row.name = storableText(job.name);
  if (job.agentUuid !== undefined) row.agent_uuid = storableText(job.agentUuid);
  row.status_since = row.status === status ? (row.status_since ?? serverNow) : serverNow;
  row.status = status;
  row.exit_code = job.exitCode ?? null;
  row.started_at = job.startedAt ?? null;
  row.finished_at = job.finishedAt ?? null;
  row.ended_at = job.endedAt ?? null;
  row.disconnected = job.disconnected === undefined ? null : Number(job.disconnected);
  row.job_id = job.jobId;
}

/**
 * An asset whose asset job is not terminal, or has not appeared, keeps its lease until the run is closed: the script may yet start there.
 */
function noteDecision(row: AttemptRow, decision: AssetDecision, { outputOf, now }: Pick<Poll, 'outputOf'> & { now: number }): void {
  const { outcome, reason, rule, heard, final, terminal, awaits } = decision;
  if (terminal) row.lease = null;
  row.copy = copyAfter(decision);
  // What its end means is not known yet: it stays what it was, an asset past its deadline among them.
  if (awaits) return;
  if (terminal) row.decided_at = outcome === row.outcome ? (row.decided_at ?? now) : now;
  row.outcome = outcome;
  row.reason = reason === undefined ? null : storableText(reason);
  row.rule = rule ?? null;
  const said = heardText(heard);
  if (said !== null && heardOf(row) === null) {
    row.heard = said;
    row.heard_job = row.job_id;
  }
  const ended = final && row.status !== null;
  if (ended && row.output === 'none' && wantsOutput(outputOf, outcome)) row.output = 'owed';
}

function wantsOutput(outputOf: Poll['outputOf'], outcome: string): boolean {
  if (outputOf === 'none') return false;
  if (outputOf === 'failed') return outcome === 'failed';
  return outcome !== 'unreachable' && outcome !== 'missing';
}

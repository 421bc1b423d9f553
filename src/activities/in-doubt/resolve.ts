// Resolves an `execute` whose answer was lost: gathers the evidence, and carries out what follows. The rules are in
// domain/in-doubt/resolve.ts.
import { createHash } from 'node:crypto';
import { type Evidence, type FirstPoll, PROOF_MS, resolve, STABLE_MS, type Twin } from '../../domain/in-doubt/resolve.js';
import type { Execution, PermitInDoubt } from '../../ledger/executions/registry.js';
import type { RunRow } from '../../ledger/rows/run.js';
import { isAccessRefused, isTransient, QualysError } from '../../qualys/errors.js';
import type { ActivityDependencies } from '../dependencies.js';
import { blockedBy, type Wait, waitAfter } from '../failures.js';
import { gatherEvidence, type LostEvidence, type SeenCandidate } from './evidence.js';

const FIRST_POLLS_MS = [2_000, 5_000, 20_000];
const LONGEST_BETWEEN_POLLS_MS = 120_000;
/** Looks that fail for good do not get better: after this long of local time the fate is given up. */
const GIVE_UP_POLLING_MS = 3_600_000;

/** What earlier polls found: kept in the ledger, so that the proof does not start over with each attempt. Server times. */
interface Polls {
  count: number;
  /** How often our reading of Qualys' clock had jumped: times from before a jump say nothing. */
  jumps: number;
  first?: FirstPoll | undefined;
  /** By job: a digest of its asset set, and the end of the first poll that found it. */
  sets: Record<string, { digest: string; since: number }>;
}

/** What to wait for before the next poll, or undefined when the execution is decided. */
export async function resolveInDoubt(dependencies: ActivityDependencies, run: RunRow, execution: Execution): Promise<Wait | undefined> {
  const now = await dependencies.ledger.database.now();
  const overAt = execution.requestOverAt ?? 0;
  if ((execution.resolveAt ?? 0) > now) return { waitMs: (execution.resolveAt ?? 0) - now, doubt: true };
  try {
    return await poll(dependencies, { run, execution, overMs: now - overAt });
  } catch (error) {
    if (!(error instanceof QualysError)) throw error;
    if (!isTransient(error) && !isAccessRefused(error) && now - overAt >= GIVE_UP_POLLING_MS) {
      await dependencies.ledger.executions.giveUp(run.id, execution.executionNo, 'fate-unknown', permitInDoubt(execution));
      return undefined;
    }
    return { waitMs: Math.max(waitAfter(error, 3), 5_000), doubt: true, blocked: blockedBy(error) };
  }
}

interface Polling {
  run: RunRow;
  execution: Execution;
  /** Since when the request can no longer arrive, by the ledger's clock; below 0 while it can. */
  overMs: number;
}

async function poll(dependencies: ActivityDependencies, { run, execution, overMs }: Polling): Promise<Wait | undefined> {
  const { executions, audit } = dependencies.ledger;
  const seen = await gatherEvidence(dependencies, { run, execution });
  const before = pollsBefore(execution, seen);
  const evidence = evidenceOf(seen, before, overMs);
  const resolution = resolve(evidence);
  const inDoubt = permitInDoubt(execution);
  const say = (action: string, what: string): Promise<void> =>
    audit.add(run.id, { action, detail: `execution ${execution.executionNo}: ${what}` });
  switch (resolution.kind) {
    case 'adopt': {
      const adopted = await executions.adopt(run.id, execution.executionNo, resolution);
      await say(
        adopted ? 'adopted' : 'not-adopted',
        `job ${resolution.jobId}, ${resolution.correlationUuid}${beside(resolution.twins)}: ${resolution.why}`,
      );
      return adopted ? undefined : { waitMs: 1_000, doubt: true };
    }
    case 'not-executed':
      await say('proved-not-executed', await executions.provedNotExecuted(run.id, execution.executionNo, inDoubt));
      return undefined;
    case 'unverified':
      await executions.giveUp(run.id, execution.executionNo, 'fate-unknown', inDoubt);
      await say('gave-up', resolution.why);
      return undefined;
    case 'still-in-doubt': {
      const first = before.first ?? (overMs >= 0 ? { at: seen.endedAt, jobs: seen.newestJobs } : undefined);
      const after: Polls = { count: before.count + 1, jumps: seen.jumps, first, sets: setsOf(seen, before) };
      const nextPollMs = await untilNextPoll(dependencies, after, seen);
      await executions.savePolls(run.id, execution.executionNo, { polls: JSON.stringify(after), nextPollMs, inDoubt });
      return { waitMs: nextPollMs, doubt: true };
    }
  }
}

/** Across a jump of Qualys' clock, as we read it, nothing is proved: what earlier polls found starts again. */
function pollsBefore({ polls }: Execution, { jumps }: LostEvidence): Polls {
  const before: Polls = polls === undefined ? { count: 0, jumps, sets: {} } : (JSON.parse(polls) as Polls);
  return before.jumps === jumps ? before : { count: before.count, jumps, sets: {} };
}

/** This look's words against earlier ones: it counts from its beginning, they from their end. */
function evidenceOf(seen: LostEvidence, before: Polls, overMs: number): Evidence {
  const sets = setsOf(seen, before);
  return {
    polledAt: seen.beganAt,
    firstPoll: before.first,
    requestIsOver: overMs >= 0,
    inDoubtMs: overMs,
    complete: seen.complete,
    requested: seen.requested,
    byTags: seen.byTags ?? false,
    unlisted: seen.unlisted,
    candidates: seen.candidates.map((candidate) => ({ ...candidate, sameSince: sets[candidate.jobId]?.since ?? seen.endedAt })),
    newestJobs: seen.newestJobs,
  };
}

function setsOf(seen: LostEvidence, before: Polls): Polls['sets'] {
  return Object.fromEntries(
    seen.candidates.map((candidate) => {
      const digest = setDigest(candidate);
      const known = before.sets[candidate.jobId];
      return [candidate.jobId, known?.digest === digest ? known : { digest, since: seen.endedAt }];
    }),
  );
}

/** Not before anything can be decided that cannot be decided now: a poll costs up to four calls. */
async function untilNextPoll({ ledger }: ActivityDependencies, polls: Polls, seen: LostEvidence): Promise<number> {
  const soon = FIRST_POLLS_MS[polls.count - 1];
  const decides = [
    ...(polls.first === undefined ? [] : [polls.first.at + PROOF_MS]),
    ...seen.candidates.flatMap(({ jobId, createdAt }) => {
      const since = polls.sets[jobId]?.since ?? seen.endedAt;
      return [since + STABLE_MS, since + PROOF_MS, createdAt + PROOF_MS];
    }),
  ].filter((at) => at > seen.endedAt);
  if (decides.length === 0) return soon ?? LONGEST_BETWEEN_POLLS_MS;
  const leftMs = (Math.min(...decides) - seen.endedAt) / (await ledger.serverClock.rate()) + 1_000;
  // Where there is no job yet, it is searched for sooner: the index lags by seconds.
  return Math.min(seen.candidates.length === 0 ? Math.min(leftMs, soon ?? leftMs) : leftMs, LONGEST_BETWEEN_POLLS_MS);
}

/** Jobs on exactly our assets in the same seconds: which of them is ours may stay unknown, so all are named. */
function beside(twins: readonly Twin[]): string {
  if (twins.length === 0) return '';
  return `; ${twins.map(({ jobId }) => `job ${jobId}`).join(', ')} on the same assets ${twins.length === 1 ? 'is' : 'are'} watched with it`;
}

function setDigest(candidate: SeenCandidate): string {
  return createHash('sha256').update(candidate.assetIds.join('\n')).digest('hex').slice(0, 16);
}

function permitInDoubt(execution: Execution): PermitInDoubt {
  return { sends: execution.sends, overAt: execution.requestOverAt ?? 0 };
}

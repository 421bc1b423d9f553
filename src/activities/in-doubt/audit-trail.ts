// The audit trail's records of executing a script, and what they teach about who we are.

import { certainRecords, type TrailedJob, type TrailRecord } from '../../domain/in-doubt/attribution.js';
import { isSameUser, type TrailUser, userByVotes, type Vote } from '../../domain/in-doubt/trail-user.js';
import { term } from '../../domain/targets/qql.js';
import type { TrailVotes } from '../../ledger/executions/trail-votes.js';
import { isTransient, QualysError } from '../../qualys/errors.js';
import type { Qualys } from '../../qualys/types.js';
import type { ActivityDependencies } from '../dependencies.js';

/** Who asks, and what the ledger knows of them. */
export type Asking = Pick<ActivityDependencies, 'schedules' | 'sender'> & {
  ledger: { trailVotes: Pick<TrailVotes, 'of' | 'add' | 'knownOurs'> };
  qualys: Pick<Qualys, 'username' | 'identityHints' | 'activities' | 'searchJobs'>;
};

export interface TrailOf {
  script: { id: string; title?: string | undefined };
  /** Server time. */
  startAt: number;
  endAt?: number | undefined;
  runId?: string | undefined;
}

export interface Trail {
  records: readonly TrailRecord[];
  /** False when a record could not be read: whose it was, and which job's, is not known. */
  complete: boolean;
}

/** A trail that cannot be read, or not understood, has nothing to say. */
export async function executeRecords(
  { qualys }: { qualys: Pick<Qualys, 'activities'> },
  { script, startAt, endAt, runId }: TrailOf,
): Promise<Trail> {
  let complete = true;
  const records: TrailRecord[] = [];
  const until = endAt === undefined ? {} : { endAt };
  try {
    for await (const page of qualys.activities({ filter: term('activity', 'EXECUTE'), startAt, ...until, pageSize: 1_000, runId })) {
      if ((page.unreadable ?? 0) > 0) complete = false;
      for (const record of page.rows) {
        const isThisScript = record.targetId === undefined ? record.targetName === script.title : record.targetId === script.id;
        if (isThisScript && /^execut/i.test(record.action) && record.at >= startAt)
          records.push({ at: record.at, name: record.user, uuid: record.userUuid });
      }
    }
  } catch (error) {
    if (isTransient(error) || !(error instanceof QualysError)) throw error;
    return { records: [], complete: true };
  }
  return { records, complete };
}

/**
 * Who we are in the trail: as the operator says, else as records beside executions that are known to be ours have shown. Undefined
 * where neither is known.
 */
export async function whoWeAre(dependencies: Asking): Promise<TrailUser | undefined> {
  const learned = await learnedUser(dependencies);
  const { userId: uuid = learned?.uuid, userName: name = learned?.name } = dependencies.schedules;
  return uuid === undefined && name === undefined ? undefined : { name, uuid };
}

/** By the trail's own words beside executions of ours; what is configured is a claim, and has no part in it. */
export async function learnedUser({
  ledger,
  qualys,
  sender,
}: Pick<Asking, 'ledger' | 'qualys' | 'sender'>): Promise<TrailUser | undefined> {
  return userByVotes(await ledger.trailVotes.of(sender), [qualys.username, ...qualys.identityHints()]);
}

/** Takes what the trail says beside those of the jobs that are ours by Qualys' own answer. `jobs` are all of the script in that time. */
export async function learnWhoWeAre(
  { ledger, sender }: Pick<Asking, 'ledger' | 'sender'>,
  { jobs, trail, ours }: { jobs: readonly TrailedJob[]; trail: readonly TrailRecord[]; ours: ReadonlyMap<string, string> },
): Promise<void> {
  const votes: Vote[] = [...certainRecords(jobs, trail)].flatMap(([jobId, { name, uuid }]) => {
    const correlationUuid = ours.get(jobId);
    const isNamed = isSameUser({ name, uuid }, { name, uuid });
    return correlationUuid === undefined || !isNamed ? [] : [{ correlationUuid, name, uuid }];
  });
  await ledger.trailVotes.add(sender, votes);
}

/** As many of our latest executions are compared with the trail when it is read for nothing else. */
const LATEST = 20;
const AROUND_MS = 60_000;

/** Asks the trail about our latest executions, two calls a script: for what cannot wait until an answer is lost. */
export async function askWhoWeAre(dependencies: Asking, runId: string): Promise<TrailUser | undefined> {
  const { ledger, qualys, sender } = dependencies;
  const known = await ledger.trailVotes.knownOurs(sender, LATEST);
  const [latest] = known;
  const ours = known.filter(({ scriptId }) => scriptId === latest?.scriptId);
  if (!latest || ours.length === 0) return undefined;
  const times = ours.map(({ createdAt }) => createdAt);
  const span = { startAt: Math.min(...times) - AROUND_MS, endAt: Math.max(...times) + AROUND_MS };
  const trail = await executeRecords(dependencies, { script: { id: latest.scriptId }, ...span, runId });
  if (trail.records.length === 0 || !trail.complete) return undefined;
  const jobs: TrailedJob[] = [];
  for await (const page of qualys.searchJobs({ ...span, pageSize: 1_000, runId })) {
    // Its record would be taken for that of a job beside it.
    if ((page.unreadable ?? 0) > 0) return undefined;
    const ofScript = page.rows.filter(({ scriptId }) => scriptId === '' || scriptId === latest.scriptId);
    jobs.push(...ofScript.map(({ id, createdAt }) => ({ jobId: id, createdAt })));
  }
  await learnWhoWeAre(dependencies, {
    jobs,
    trail: trail.records,
    ours: new Map(ours.map(({ jobId, correlationUuid }) => [jobId, correlationUuid])),
  });
  return whoWeAre(dependencies);
}

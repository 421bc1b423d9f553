// One poll of everything a run has in flight: which jobs there are, what their asset jobs say, and what that means.

import { batchesOf } from '../../domain/basics/batches.js';
import { between, type ClockReading, elapsedMs } from '../../domain/clock/server-time.js';
import { hasEnded } from '../../domain/execution/may-still-run.js';
import { median } from '../../domain/polling/cadence.js';
import { type ExecutionDecision, FAN_OUT_GRACE_MS, isOutputLate, settleExecution, type WatchedAsset } from '../../domain/polling/settle.js';
import { anyOf, idTerm } from '../../domain/targets/qql.js';
import { readAssetJob } from '../../domain/verdict/asset-job.js';
import { type Heard, judge, waitsForOutput } from '../../domain/verdict/judge.js';
import { type Judging, judgingBy } from '../../domain/verdict/rules.js';
import type { Execution } from '../../ledger/executions/registry.js';
import type { AssetInFlight } from '../../ledger/executions/verdicts.js';
import type { Poll } from '../../ledger/rows/poll.js';
import type { RunRow } from '../../ledger/rows/run.js';
import { QualysError } from '../../qualys/errors.js';
import type { AssetJobRow } from '../../qualys/types.js';
import type { PollDependencies } from '../dependencies.js';
import { LARGEST_PAGE } from './asset-jobs.js';
import { type Began, beginLook } from './began.js';
import { type Awaiting, hearOutputs } from './heard.js';
import { findJobs, jobSearchDue, watchedOf } from './jobs.js';
import { type Passenger, passengersOf } from './passengers.js';
import { type Read, readPart } from './read.js';
import { keepOutputs } from './with-output.js';

export interface Polling {
  run: RunRow;
  accepted: readonly Execution[];
}

export interface Polled {
  /** How many assets changed. */
  changed: number;
  /** Some have ended, and their output is still to come: the next look is not to be as late as executions are long. */
  awaitsOutput: boolean;
  /** Other runs of which this look has shown something, and how many of their assets changed. */
  passengers: CarriedAlong[];
}

export interface CarriedAlong extends Omit<Polled, 'passengers'> {
  run: RunRow;
}

export async function pollExecutions(dependencies: PollDependencies, { run, accepted }: Polling): Promise<Polled> {
  const { ledger } = dependencies;
  const began = await beginLook(ledger, run);
  const looker = await lookerOf(ledger, run, began);
  const polled: Polled = { changed: 0, awaitsOutput: false, passengers: [] };
  // As many as fill one page: what is read is written before the next page, so memory does not grow with what is in flight.
  const parts = [
    ...batchesOf(await worthReading(dependencies, { run, executions: accepted, began }), LARGEST_PAGE - 1, ({ size }) => size),
  ];
  for (const [index, executions] of parts.entries()) {
    const isLast = index === parts.length - 1;
    const passengers = isLast ? await passengersOf(dependencies, { run, executions, now: began.polledAt }) : [];
    const seen = await pollPart(dependencies, { looker, executions, passengers });
    polled.changed += seen.changed;
    polled.awaitsOutput ||= seen.awaitsOutput;
    polled.passengers.push(...seen.passengers);
  }
  return polled;
}

/** A run, and by what its executions are decided. */
interface Looker {
  run: RunRow;
  judging: Judging;
  medianMs: number | undefined;
  began: Began;
}

async function lookerOf(ledger: PollDependencies['ledger'], run: RunRow, began: Began): Promise<Looker> {
  const { durations } = await ledger.scripts.memory(run.script?.id ?? '');
  const medianMs = median(durations.map(({ serverMs }) => serverMs));
  return { run, judging: judgingBy(run.request.verdict, run.campaign?.step), medianMs, began };
}

/**
 * Without those by tags whose rows fill more than a page, while the counts of their asset jobs say that there is little news: of k pages
 * the rows are read at most once in k looks, and when all are done.
 */
async function worthReading(
  dependencies: PollDependencies,
  { run, executions, began }: { run: RunRow; executions: readonly Execution[]; began: Began },
): Promise<Execution[]> {
  const wanted: Execution[] = [];
  for (const execution of executions) {
    if (await waitsForOutOfCohort(dependencies.ledger, run, { execution, clock: began.clock })) continue;
    const pages = Math.ceil(execution.size / LARGEST_PAGE);
    const dueAt = (execution.polledAt ?? 0) + pages * run.request.poll.interval;
    const isLate = began.polledAt >= (execution.deadlineAt ?? Number.POSITIVE_INFINITY);
    if (pages <= 1 || execution.jobId === undefined || isLate || began.polledAt >= dueAt) wanted.push(execution);
    else if (await allAreDone(dependencies, run, execution)) wanted.push(execution);
  }
  return wanted;
}

/** All of its own assets have ended, and the last of the grace in which others may still appear has not passed: nothing to see before. */
async function waitsForOutOfCohort(
  ledger: PollDependencies['ledger'],
  run: RunRow,
  { execution, clock }: { execution: Execution; clock: ClockReading },
): Promise<boolean> {
  const { planned, jobId, polledAt, rowsSeen, acceptedServerAt = 0, rowsChangedServerAt = 0, size } = execution;
  if (planned === undefined || jobId === undefined || polledAt === undefined || rowsSeen < size || size <= LARGEST_PAGE) return false;
  if (Math.min(elapsedMs(clock, acceptedServerAt), elapsedMs(clock, rowsChangedServerAt)) >= FAN_OUT_GRACE_MS) return false;
  return !(await ledger.verdicts.anyRunning(run.id, execution.executionNo));
}

/** One call: how many asset jobs of all its jobs there are in each status. A status that nobody knows does not count as an end. */
async function allAreDone({ qualys, ledger }: PollDependencies, run: RunRow, execution: Execution): Promise<boolean> {
  const jobIds = (await watchedOf(ledger, run, [execution])).flatMap((watched) => [...watched.jobIds]);
  const query = anyOf(jobIds.map((jobId) => idTerm('job.id', jobId)));
  const counts = await qualys.countAssetJobs({ query, groupBy: 'status', runId: run.id });
  const done = Object.entries(counts).filter(([status]) => readAssetJob({ status }).kind === 'verdict');
  return done.reduce((sum, [, count]) => sum + count, 0) >= execution.size;
}

async function pollPart(
  dependencies: PollDependencies,
  { looker, executions, passengers }: { looker: Looker; executions: readonly Execution[]; passengers: readonly Passenger[] },
): Promise<Polled> {
  const { ledger } = dependencies;
  const before = await ledger.serverClock.reading();
  const { reads, ofPassengers } = await readPart(dependencies, { run: looker.run, executions, now: looker.began.polledAt, passengers });
  const clock = between(before, await ledger.serverClock.reading());
  const seen = await decideAndWrite(dependencies, { looker, reads, clock, serverNow: before.now });
  const carried: CarriedAlong[] = [];
  for (const { passenger, reads: theirs } of ofPassengers) {
    if (theirs.length === 0) continue;
    try {
      const other = await lookerOf(ledger, passenger.run, passenger.began);
      const found = await decideAndWrite(dependencies, { looker: other, reads: theirs, clock, serverNow: before.now });
      carried.push({ run: passenger.run, ...found });
    } catch (error) {
      // What else its decision takes a call for is for its own look.
      if (!(error instanceof QualysError)) throw error;
    }
  }
  return { ...seen, passengers: carried };
}

async function decideAndWrite(
  dependencies: PollDependencies,
  {
    looker: { run, judging, medianMs, began },
    reads: part,
    clock,
    serverNow,
  }: { looker: Looker; reads: readonly Read[]; clock: Deciding['clock']; serverNow: number },
): Promise<Omit<Polled, 'passengers'>> {
  const { ledger } = dependencies;
  const now = began.polledAt;
  const polls: Poll[] = [];
  const tookMs: number[] = [];
  const reads: Deciding[] = [];
  for (const read of part) {
    const known = await knownAssets(dependencies, { run, ...read });
    reads.push({ ...read, run, judging, known, clock, serverNow, now, medianMs });
  }
  const decided = await hearAll(dependencies, await decideAll(dependencies, reads));
  for (const { execution, jobs, known, decision } of decided) {
    await recordOutOfCohort(dependencies, { run, judging, execution, jobs, known });
    polls.push(pollOf({ run, judging, execution, jobs, known, decision, serverNow, began }));
    const serverMs = decision.settled && now < (execution.deadlineAt ?? Infinity) ? durationOf(execution, jobs) : undefined;
    if (serverMs !== undefined) tookMs.push(serverMs);
  }
  const { failed, after } = run.request.retry;
  const changed = await ledger.verdicts.recordAll(run.id, polls, { failed, afterMs: after });
  await keepOutputs(
    dependencies,
    run,
    decided.flatMap(({ jobs }) => jobs),
  );
  // What the poll found late does not count: the cadence would slow itself down.
  const took = tookMs.map((serverMs) => ({ localMs: serverMs / began.clock.rate, serverMs }));
  if (took.length > 0) await ledger.scripts.addDurations(run.script?.id ?? '', took);
  return { changed, awaitsOutput: decided.some(({ decision }) => decision.assets.some(({ awaits }) => awaits)) };
}

type Decided = Deciding & { jobsAreSought: boolean; decision: ExecutionDecision };

/**
 * Before an asset is `missing` for good, and before anything is sent behind tags, the jobs of the execution are searched for once more: one
 * search for all of them. Where a row of it could not be read it is made again, more and more rarely, and nothing is decided by it.
 */
async function decideAll(dependencies: PollDependencies, reads: readonly Deciding[]): Promise<Decided[]> {
  const decided = (read: Deciding, jobsAreSought: boolean): Decided => ({ ...read, jobsAreSought, decision: decide(read, jobsAreSought) });
  const first = reads.map((read) => decided(read, wasSought(read)));
  const lacking = first.filter(({ decision }) => decision.needsJobSearch).map(({ execution }) => execution);
  const [one] = first;
  if (!one || lacking.length === 0) return first;
  const executions = lacking.filter((execution) => jobSearchDue(execution, one));
  if (executions.length === 0) return first;
  const { found, complete } = await findJobs(dependencies, { run: one.run, executions, now: one.now, seenAt: one.serverNow });
  const inVain = new Set(complete ? executions.map(({ executionNo }) => executionNo).filter((n) => !found.has(n)) : []);
  return first.map((read) => (inVain.has(read.execution.executionNo) ? decided(read, true) : read));
}

/** Where verdicts go by output, that of those that have ended is read now, and they are decided again by what it says. */
async function hearAll(dependencies: PollDependencies, decided: readonly Decided[]): Promise<readonly Decided[]> {
  const awaiting = decided.flatMap(awaitingOf);
  const [one] = decided;
  if (!one || awaiting.length === 0) return decided;
  const rows = decided.flatMap(({ jobs }) => jobs);
  const outputsAreSought = await hearOutputs(dependencies, { run: one.run, judging: one.judging, awaiting, rows });
  const again: Decided[] = [];
  for (const read of decided) {
    if (!read.decision.assets.some(({ awaits }) => awaits)) again.push(read);
    else {
      const known = await dependencies.ledger.verdicts.inFlight(read.run.id, read.execution.executionNo);
      const latest = { ...read, known, outputsAreSought };
      again.push({ ...latest, decision: decide(latest, latest.jobsAreSought) });
    }
  }
  return again;
}

/** By the job whose row was decided by. */
function awaitingOf(decided: Decided): Awaiting[] {
  const { decision, known, judging, clock } = decided;
  const watched = new Map(watchedAssets(decided).map((asset) => [asset.assetId, asset]));
  const awaits = new Set(decision.assets.flatMap((asset) => (asset.awaits ? [asset.assetId] : [])));
  return known.flatMap(({ assetId, attempt }) => {
    const { job, heard } = watched.get(assetId) ?? {};
    if (!awaits.has(assetId) || !waitsForOutput(judging, heard) || job?.jobId === undefined) return [];
    return [{ assetId, attempt, jobId: job.jobId, isLate: isOutputLate(job, clock) }];
  });
}

/**
 * What was found to be missing is not searched for at every later poll, nor is what tags may have hit beside once nothing more is expected.
 */
function wasSought({ execution, known, sought }: Deciding): boolean {
  if (sought) return true;
  if (execution.planned !== undefined && !execution.fannedOut) return false;
  return known.every(({ status, outcome }) => status !== undefined || outcome === 'missing');
}

/** Server milliseconds from acceptance to the last verdict; undefined when no asset job says when it ended. */
function durationOf(execution: Execution, jobs: readonly AssetJobRow[]): number | undefined {
  const lastEnd = Math.max(0, ...jobs.map(({ finishedAt, endedAt }) => endedAt ?? finishedAt ?? 0));
  return lastEnd === 0 || execution.acceptedServerAt === undefined ? undefined : Math.max(0, lastEnd - execution.acceptedServerAt);
}

interface Deciding extends Read {
  run: RunRow;
  judging: Judging;
  /** Those of all that have ended, by this look. */
  outputsAreSought?: boolean;
  known: readonly AssetInFlight[];
  clock: Pick<ClockReading, 'now' | 'steadyMs'>;
  /** What is seen for the first time is stamped so. */
  serverNow: number;
  now: number;
  medianMs: number | undefined;
}

type Seeing = WatchedAsset & { job?: (NonNullable<WatchedAsset['job']> & { jobId?: string | undefined }) | undefined };

function watchedAssets({ outputsAreSought, jobs, twins, twinIds, known, serverNow }: Deciding): Seeing[] {
  const byAsset = standing(jobs);
  const beside = standing(twins);
  return known.map((asset): Seeing => {
    const job = byAsset.get(asset.assetId);
    const { assetId } = asset;
    const seen = { assetId, twin: twinOf(beside.get(assetId), twinIds), outputSought: outputsAreSought };
    if (job) {
      const statusSince = job.status === asset.status ? (asset.statusSince ?? serverNow) : serverNow;
      return { ...seen, heard: heardOf(asset, job.jobId), job: { ...job, statusSince } };
    }
    // A row seen before and missing now (index, tag scope) is still what we know.
    if (asset.status !== undefined) {
      const statusSince = asset.statusSince ?? serverNow;
      return { ...seen, heard: heardOf(asset, asset.jobId), job: { ...asset, status: asset.status, statusSince } };
    }
    return { assetId };
  });
}

/** What the output of this job said: that of another one of the execution on the same asset is not its word. */
function heardOf({ heard, heardJobId }: AssetInFlight, jobId: string | undefined): Heard {
  return heardJobId === undefined || heardJobId === jobId ? heard : undefined;
}

function decide(deciding: Deciding, jobsAreSought: boolean): ExecutionDecision {
  const { run, judging, execution, jobs, complete, clock, serverNow, now, medianMs } = deciding;
  const assets = watchedAssets(deciding);
  const deadlineAt = execution.deadlineAt ?? Number.POSITIVE_INFINITY;
  return settleExecution({
    byTags: execution.planned !== undefined,
    assets,
    judging,
    jobIsKnown: execution.jobId !== undefined,
    jobsAreSought,
    rowsAreComplete: complete,
    fannedOut: execution.fannedOut,
    acceptedAt: execution.acceptedServerAt ?? serverNow,
    rowsChangedAt: jobs.length > execution.rowsSeen ? serverNow : (execution.rowsChangedServerAt ?? serverNow),
    clock,
    medianMs,
    pastDeadline: now >= deadlineAt,
    pastLateWatch: now >= deadlineAt + run.request.unreachable.wait,
  });
}

/** By asset. Where several jobs of an execution name one, the row that has not ended stands, and of those that have the one that ended last. */
function standing(rows: readonly AssetJobRow[]): Map<string, AssetJobRow> {
  const byAsset = new Map<string, AssetJobRow>();
  for (const row of rows) {
    const other = byAsset.get(row.assetId);
    if (!other || isBehind(row, other)) byAsset.set(row.assetId, row);
  }
  return byAsset;
}

function isBehind(row: AssetJobRow, other: AssetJobRow): boolean {
  const [ended, otherEnded] = [row, other].map((job) => readAssetJob(job).kind === 'verdict');
  if (ended !== otherEnded) return otherEnded === true;
  return ended === true && endOf(row) >= endOf(other);
}

function endOf({ endedAt, finishedAt, createdAt }: AssetJobRow): number {
  return endedAt ?? finishedAt ?? createdAt ?? 0;
}

/** A row that a poll does not show says nothing: until it does, the script may be running. */
function twinOf(row: AssetJobRow | undefined, twinIds: readonly string[]): WatchedAsset['twin'] {
  const [jobId = row?.jobId] = twinIds;
  if (jobId === undefined) return undefined;
  return { jobId: twinIds.join(', ') || jobId, ended: row !== undefined && hasEnded(row) };
}

interface Seen {
  run: RunRow;
  judging: Judging;
  execution: Execution;
  jobs: readonly AssetJobRow[];
  known: readonly AssetInFlight[];
}

/** The assets of the execution, those of the cohort among them that its job hit although they were meant for others. */
async function knownAssets(
  dependencies: PollDependencies,
  { run, execution, jobs }: { run: RunRow; execution: Execution; jobs: readonly AssetJobRow[] },
): Promise<AssetInFlight[]> {
  const { verdicts } = dependencies.ledger;
  const known = await verdicts.inFlight(run.id, execution.executionNo);
  if (execution.planned === undefined) return known;
  const own = new Set(known.map(({ assetId }) => assetId));
  const others = new Set(jobs.map(({ assetId }) => assetId).filter((assetId) => !own.has(assetId)));
  if (others.size === 0) return known;
  await claimUnplannedHits(dependencies, { run, execution, assetIds: [...others] });
  return verdicts.inFlight(run.id, execution.executionNo);
}

/**
 * A tag that changed between our last look at it and Qualys' own may have hit assets of the cohort that were meant for another
 * execution. Those not yet sent belong to this one from now on: else the other would run the script there a second time.
 */
async function claimUnplannedHits(
  { ledger }: PollDependencies,
  { run, execution, assetIds }: { run: RunRow; execution: Execution; assetIds: readonly string[] },
): Promise<void> {
  const taken = await ledger.planned.claimUnplannedHits(run.id, execution.executionNo, assetIds);
  const say = (action: string, assetIds: readonly string[], what: string): Promise<void> => {
    if (assetIds.length === 0) return Promise.resolve();
    const named = `${assetIds.slice(0, 20).join(', ')}${assetIds.length > 20 ? ` and ${assetIds.length - 20} more` : ''}`;
    return ledger.audit.addOnce(run.id, {
      action,
      detail: `execution ${execution.executionNo}: its tags changed while it was sent. ${what}: ${named}`,
    });
  };
  await say('tags-hit-elsewhere', taken.moved, 'It hit assets of other executions, which leave them out now');
  await say('tags-hit-twice', taken.twice, 'It hit assets that another execution was sent to');
  await say('tags-hit-skipped', taken.skipped, 'It hit assets that must never get the script');
  // Nobody approved of these: they are out of the cohort, though they have a line in the cohort.
  // Those with a row of this execution have their copy there; of the others `recordOutOfCohort` remembers it.
  await ledger.verdicts.addOutOfCohort(
    run.id,
    execution.executionNo,
    taken.skipped.map((assetId) => ({ jobId: execution.jobId ?? '', assetId, ended: true })),
  );
}

/** Beside those that it was asked for nobody reads an output. */
function verdictOf(job: AssetJobRow, judging: Judging): { outcome: string; status: string; exitCode?: number | undefined } | undefined {
  const reading = readAssetJob(job);
  if (reading.kind !== 'verdict') return undefined;
  return { outcome: judge(job, reading.verdict, judging, 'absent').outcome, status: job.status, exitCode: job.exitCode };
}

async function recordOutOfCohort({ ledger }: PollDependencies, { run, judging, execution, jobs, known }: Seen): Promise<void> {
  const asked = new Set(known.map(({ assetId }) => assetId));
  const outOfCohort = jobs.filter(({ assetId }) => !asked.has(assetId));
  await ledger.verdicts.addOutOfCohort(
    run.id,
    execution.executionNo,
    outOfCohort.map((job) => ({
      ...{ jobId: job.jobId, assetId: job.assetId, name: job.assetName, status: job.status },
      ...{ ended: hasEnded(job), verdict: verdictOf(job, judging) },
    })),
  );
  if (!run.campaign || outOfCohort.length === 0) return;
  const assetIds = [...new Set(outOfCohort.map(({ assetId }) => assetId))];
  const marked = await ledger.campaigns.markHit(run.campaign.id, run.id, { assetIds, correlationUuid: execution.correlationUuid });
  if (marked === 0) return;
  const detail = `execution ${execution.executionNo} of ${run.id} hit ${marked} asset(s) of other waves. Nothing more is sent to them`;
  await ledger.audit.add(run.campaign.id, { action: 'tags-hit-elsewhere', detail });
}

type Settled = Seen & { decision: ExecutionDecision; serverNow: number; began: Began };

function pollOf({ run, execution, jobs, known, decision, serverNow, began }: Settled): Poll {
  const asked = new Set(known.map(({ assetId }) => assetId));
  return {
    executionNo: execution.executionNo,
    number: began.poll,
    polledAt: began.polledAt,
    serverNow,
    // What is remembered is the row that was decided by.
    jobs: [...standing(jobs).values()].filter(({ assetId }) => asked.has(assetId)).map((job) => ({ ...job, name: job.assetName })),
    decisions: decision.assets,
    rowsSeen: jobs.length,
    fannedOut: decision.fannedOut,
    settled: decision.settled,
    slotFree: decision.slotFree,
    outputOf: run.request.output,
  };
}

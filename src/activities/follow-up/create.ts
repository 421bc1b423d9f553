import { activityInfo, heartbeat } from '@temporalio/activity';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { type FollowUp, MAX_EXPLICIT_TARGETS } from '../../contracts/request.js';
import type { Blocked } from '../../domain/run/blocked.js';
import type { FinalOutcome } from '../../domain/run/outcome.js';
import { type Issued, issuedIn, mostIssued } from '../../domain/run/snapshot.js';
import { QqlUnsafe } from '../../domain/targets/qql.js';
import { assetsEndedAs } from '../../ledger/reads/cohort-by-outcome.js';
import type { RunRow } from '../../ledger/rows/run.js';
import { QualysError } from '../../qualys/errors.js';
import type { ActivityDependencies } from '../dependencies.js';
import { blockedBy, NotReady, retryLater, type Wait, waitAfter } from '../failures.js';
import { keptFrom } from '../policy/keep.js';
import { whyStale } from '../stale-ledger.js';
import { recheckTicket } from '../tickets/recheck.js';
import { type FollowUpReporting, reportingSchedules } from './reporting.js';
import { createSchedules } from './schedules.js';
import { FollowUpRefused, followUpScript } from './script.js';
import type { Following, FollowUpTarget } from './terms.js';

const HALTED_WAIT_MS = 2_500;

export interface FollowUpInput {
  runId: string;
  /** What the workflow knows to have been issued: a ledger that knows less may have forgotten a schedule. */
  issued?: Issued | undefined;
  reported?: Blocked | undefined;
}

export interface FollowUpResult {
  /** What the ledger has by now: the heartbeats of this activity are gone with it. */
  issued?: Issued | undefined;
  blocked?: Blocked | undefined;
}

/** Schedules what the request asks to follow the outcome. Each schedule is written down before it is asked for, and asked for once. */
export function createScheduleFollowUp(dependencies: ActivityDependencies) {
  return {
    async scheduleFollowUp({ runId, issued, reported }: FollowUpInput): Promise<FollowUpResult> {
      const { ledger } = dependencies;
      const run = await ledger.runs.get(runId);
      const followUp = run?.request.followUp;
      if (!run || !followUp) return {};
      const known = mostIssued(issued, issuedIn(activityInfo().heartbeatDetails));
      const waitFor = async ({ blocked, waitMs }: { blocked: Blocked; waitMs: number }): Promise<FollowUpResult> => {
        if (reported?.kind !== blocked.kind) return { blocked, issued: mostIssued(known, await ledger.runs.issued(runId)) };
        throw retryLater(waitMs, blocked.why);
      };
      const stale = await whyStale(ledger, { runId, known });
      if (stale) {
        heartbeat(known);
        return waitFor(stale);
      }
      // A schedule is an execution to come: the kill switch holds it, too.
      const halt = await ledger.killSwitch.state();
      if (halt) {
        const why = `all executions are halted${halt.reason ? `: ${halt.reason}` : ''}`;
        return waitFor({ blocked: { kind: 'halted', why }, waitMs: HALTED_WAIT_MS });
      }
      try {
        const wait = await follow(dependencies, { run, followUp, reporting: reportingSchedules(dependencies, runId, known) });
        if (!wait) return {};
        if (wait.blocked) return await waitFor({ blocked: wait.blocked, waitMs: wait.waitMs });
        throw retryLater(wait.waitMs, 'the policy must be read first');
      } catch (error) {
        if (isHopeless(error)) {
          await ledger.audit.addOnce(runId, { action: 'follow-up-refused', detail: error.message });
          return {};
        }
        if (error instanceof NotReady) return waitFor(error);
        if (!(error instanceof QualysError)) throw error;
        return waitFor({ blocked: blockedBy(error), waitMs: waitAfter(error, activityInfo().attempt) });
      }
    },
  };
}

/** What to wait for, with nothing done; undefined when it is. */
async function follow(
  dependencies: ActivityDependencies,
  { run, followUp, reporting }: { run: RunRow; followUp: FollowUp; reporting: FollowUpReporting },
): Promise<Wait | undefined> {
  // Most runs leave nothing to follow: they need not ask for the script.
  const anything = await targetsOf(dependencies, run, { on: followUp.on, isOtherScript: followUp.script !== undefined });
  if (anything.length === 0) return undefined;
  const script = await followUpScript(dependencies, run, followUp);
  // By id: the request may name the same script by its title, or by digits that are written otherwise.
  const targets = await targetsOf(dependencies, run, { on: followUp.on, isOtherScript: script.id !== run.script?.id });
  if (targets.length === 0) return undefined;
  const unapproved = await ticketWait(dependencies, run);
  if (unapproved) return unapproved;
  const kept = await keptFrom(dependencies, { run, beat: reporting.beat }, targets);
  if ('waitMs' in kept) return kept;
  if (kept.size > 0) {
    const detail = `${kept.size} of ${targets.length} assets are left out: policy excludes them from all scripts`;
    await dependencies.ledger.audit.addOnce(run.id, { action: 'follow-up-cut', detail });
  }
  await (followUp.kind === 'schedule'
    ? createSchedules(dependencies, { run, followUp, script, targets, kept, reporting })
    : startRecheck(dependencies, { run, followUp, script, targets, kept, reporting }));
  return undefined;
}

/** What was never sent was never read again either, and what follows from it executes all the same. */
async function ticketWait(dependencies: ActivityDependencies, run: RunRow): Promise<Wait | undefined> {
  if ((await dependencies.ledger.ticketReadings.whyUnread(run)) === undefined) return undefined;
  const wait = await recheckTicket(dependencies, run);
  if (wait === 'withdrawn') throw new FollowUpRefused('The ticket is not approved any more: nothing follows.');
  return wait;
}

/** Waiting does not make such a follow-up possible: the run ends without it. */
function isHopeless(error: unknown): error is Error {
  if (error instanceof FollowUpRefused || error instanceof QqlUnsafe) return true;
  return error instanceof QualysError && (error.kind === 'not-found' || error.kind === 'invalid');
}

/** Everything, or what is unresolved: failed, and with another script than the run's also what may still be running. */
function targetsOf(
  { ledger }: ActivityDependencies,
  run: RunRow,
  { on, isOtherScript }: { on: FollowUp['on']; isOtherScript: boolean },
): Promise<FollowUpTarget[]> {
  const unresolved: FinalOutcome[] = isOtherScript ? ['failed', 'unverified', 'unreachable'] : ['failed'];
  const outcomes: FinalOutcome[] = on === 'always' ? ['succeeded', 'missing', ...unresolved] : unresolved;
  return assetsEndedAs(ledger.database, run.id, outcomes);
}

/** A recheck is a run of its own, linked by its id; Temporal starts it when it is due. */
async function startRecheck(
  { client, ledger, taskQueue }: ActivityDependencies,
  { run, followUp, script, targets: all, kept }: Following<'recheck'>,
): Promise<void> {
  const targets = all.filter(({ assetId }) => !kept.has(assetId));
  if (targets.length === 0) return;
  const workflowId = `${run.id}/recheck`;
  if (targets.length > MAX_EXPLICIT_TARGETS) {
    const detail = `${targets.length - MAX_EXPLICIT_TARGETS} of ${targets.length} assets are left out of the recheck: a request names at most ${MAX_EXPLICIT_TARGETS}`;
    await ledger.audit.addOnce(run.id, { action: 'follow-up-cut', detail });
  }
  const {
    followUp: _followUp,
    errorBudget: _errorBudget,
    scriptSha256: _pin,
    maxAssets: _max,
    waitFor: _waitFor,
    verdict,
    ...request
  } = run.request;
  // What its end means is known of the script that ran, not of another.
  const rules = verdict && script.id === run.script?.id ? { verdict } : {};
  // What was approved was this content: another one is not what the operator asked to see again.
  const pin = script.sha256 === undefined ? {} : { scriptSha256: script.sha256 };
  try {
    await client.workflow.start('remediationRun', {
      workflowId,
      taskQueue,
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      startDelay: followUp.after,
      args: [
        {
          ...request,
          ...rules,
          ...pin,
          script: script.id,
          targets: { assetIds: targets.slice(0, MAX_EXPLICIT_TARGETS).map(({ assetId }) => assetId) },
          reason: `recheck of ${run.id}`,
        },
      ],
      memo: { recheckOf: run.id, ...(run.approval ? { approval: run.approval } : {}) },
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
  await ledger.schedules.set(run.id, { title: workflowId, state: 'created' });
}

import type { Blocked } from '../../domain/run/blocked.js';
import type { Execution, PermitAnswer } from '../../ledger/executions/registry.js';
import type { RunRow } from '../../ledger/rows/run.js';
import { isTransient, QualysError } from '../../qualys/errors.js';
import type { ExecuteAnswer } from '../../qualys/types.js';
import type { ActivityDependencies } from '../dependencies.js';
import { blockedBy, type Wait, waitAfter } from '../failures.js';
import { keepPolicy } from '../policy/keep.js';
import type { Reported } from '../report-permit.js';
import { giveUpTags, verifyTags } from '../tags/verify.js';
import { recheckTicket } from '../tickets/recheck.js';
import { recheckScript } from './recheck-script.js';

export type Sent =
  | { kind: 'accepted' }
  /** It may have run; its job has to be searched for. */
  | { kind: 'in-doubt' }
  /** Nothing was sent: its tags are not what they were, and its assets go by ids. */
  | { kind: 'given-up' }
  /** Nothing was sent, and nothing may be sent for the run at present. */
  | { kind: 'over' }
  | { kind: 'wait'; wait: Wait }
  /** Qualys refuses it for good; `type` is the contract's word should nothing have been sent yet. */
  | { kind: 'rejected'; type: string; blocked: Blocked };

/** How soon the job of a lost answer is searched for: the index lags by seconds. */
const RESOLVE_AFTER_MS = 2_000;
const CONNECTION_WAIT_MS = 5_000;
const READ_AGAIN_MS = 500;
/** Refused credentials are an operator's to fix, or an outage; the same password is not tried more often than this. */
const ACCESS_WAIT_MS = 60_000;
/** A token refused twice in a row is not cured by a third one at once. */
const TOKEN_WAIT_MS = 15_000;

interface Sending {
  run: RunRow;
  execution: Execution;
  fence: number;
  /** Told while tags are read, so that a dead worker is noticed. */
  beat: () => void;
  /** Lets Temporal know of every permit that was granted so far, within this time. */
  report: (limitMs: number) => Promise<Reported>;
}

/** Sends one execution under one permit, and writes down what happened to it. This is the only place that executes. */
export async function sendExecution(dependencies: ActivityDependencies, sending: Sending): Promise<Sent> {
  const { run, execution } = sending;
  // Both clocks start before the permit is asked for: one of them may stand still while the machine sleeps.
  let startedAt = { monotonic: performance.now(), wall: Date.now() };
  let permit = await askPermit(dependencies, sending);
  const read = new Set<keyof typeof READINGS>();
  while (permit.kind === 'refused' && isReading(permit.why) && !read.has(permit.why)) {
    read.add(permit.why);
    const instead = await READINGS[permit.why](dependencies, sending);
    if (instead) return instead;
    startedAt = { monotonic: performance.now(), wall: Date.now() };
    permit = await askPermit(dependencies, sending);
  }
  if (permit.kind === 'refused' && permit.why === 'policy') return withoutForbidden(dependencies, sending, permit);
  if (permit.kind === 'refused' && permit.why === 'wave-over') {
    await dependencies.ledger.campaigns.withdrawUnsent(run.id);
    return { kind: 'given-up' };
  }
  if (permit.kind === 'refused' && permit.why === 'strict') return standDown(dependencies, sending);
  if (permit.kind === 'refused' && permit.why === 'tags') {
    const why = 'reading the members of its tags took longer than one minute, so they are out of date';
    await giveUpTags(dependencies.ledger, { runId: run.id, executionNo: execution.executionNo, why });
    return { kind: 'given-up' };
  }
  if (permit.kind === 'refused' && permit.why === 'open-copy') {
    if (execution.planned !== undefined)
      await giveUpTags(dependencies.ledger, { runId: run.id, executionNo: execution.executionNo, why: permit.detail });
    return { kind: 'given-up' };
  }
  if (permit.kind === 'refused') return afterRefusedPermit(permit);

  const windowMs = permit.sendBy - permit.grantedAt;
  const report = await sending.report(windowMs - (performance.now() - startedAt.monotonic));
  if (report.kind !== 'reported')
    return unreported(dependencies, { runId: run.id, executionNo: execution.executionNo, permit: permit.permit }, report);
  const answer = await dependencies.qualys.execute({
    scriptId: execution.scriptId,
    assetIds: permit.assetIds,
    assetTagIds: permit.tagIds,
    excludedAssetIds: permit.excludedAssetIds,
    runId: run.id,
    // A ledger that is put in the place of this one may be read by others from then on: they learn of this permit from Temporal alone.
    mayStart: () =>
      performance.now() - startedAt.monotonic < windowMs && Date.now() - startedAt.wall < windowMs && dependencies.ledger.isInPlace(),
  });
  return writeDown(dependencies, { runId: run.id, executionNo: execution.executionNo, permit: permit.permit }, answer);
}

function isReading(why: string): why is keyof typeof READINGS {
  return Object.hasOwn(READINGS, why);
}

/** Temporal does not know of the permit: its request must not leave. */
async function unreported(
  { ledger }: ActivityDependencies,
  { runId, executionNo, permit }: { runId: string; executionNo: number; permit: number },
  report: Exclude<Reported, { kind: 'reported' }>,
): Promise<Sent> {
  const why =
    report.kind === 'unreachable' ? `Temporal did not acknowledge the permit: ${report.why}` : 'Temporal has given up this attempt';
  await ledger.executions.notSent(runId, executionNo, { permit, why: 'unreported', detail: why });
  if (report.kind === 'gone') return { kind: 'over' };
  return { kind: 'wait', wait: { waitMs: CONNECTION_WAIT_MS, ...(report.kind === 'held' ? {} : { blocked: { kind: 'temporal', why } }) } };
}

async function askPermit(dependencies: ActivityDependencies, { run, execution, fence }: Sending): Promise<PermitAnswer> {
  const { ledger, timings } = dependencies;
  const { policy } = await ledger.policies.inForce(dependencies.policy);
  return ledger.executions.permit(run.id, execution.executionNo, {
    fence,
    terms: {
      ...timings,
      executionsPerDay: policy.caps.executionsPerDay,
      configuredIntervalMs: policy.executeIntervalMs,
      serverAt: (await ledger.serverClock.reading()).earliest,
      sender: dependencies.sender,
    },
  });
}

/** A strict budget admits fewer assets than were claimed: they go back, to be claimed again in smaller parts. */
async function standDown({ ledger }: ActivityDependencies, { run, execution }: Sending): Promise<Sent> {
  if (execution.planned === undefined) await ledger.executions.release(run.id, execution.executionNo);
  else
    await giveUpTags(ledger, {
      runId: run.id,
      executionNo: execution.executionNo,
      why: 'the error budget is now strict and admits only a few assets at a time',
    });
  return { kind: 'given-up' };
}

/** Undefined when the script is what was approved. */
async function readScript(dependencies: ActivityDependencies, { run }: Sending): Promise<Sent | undefined> {
  const wait = await recheckScript(dependencies, run);
  return wait && { kind: 'wait', wait };
}

/** Undefined when the ticket is still approved. */
async function readTicket(dependencies: ActivityDependencies, { run }: Sending): Promise<Sent | undefined> {
  const wait = await recheckTicket(dependencies, run);
  if (wait === 'withdrawn') return { kind: 'over' };
  return wait && { kind: 'wait', wait };
}

/** Policy was changed since the batch was made, or something was queued again in the run: the batch is made again without it. */
async function withoutForbidden(
  dependencies: ActivityDependencies,
  { run, beat }: Sending,
  permit: Extract<PermitAnswer, { kind: 'refused' }>,
): Promise<Sent> {
  const kept = await keepPolicy(dependencies, { run, beat, again: true });
  if (kept === 'changed') return { kind: 'given-up' };
  return kept === 'kept' ? afterRefusedPermit(permit) : { kind: 'wait', wait: kept };
}

/** Undefined when the tags hit what they are meant to. */
async function readTags(dependencies: ActivityDependencies, { run, execution, beat }: Sending): Promise<Sent | undefined> {
  try {
    const verified = await verifyTags(dependencies, { runId: run.id, execution, beat });
    if (verified === 'ready') return undefined;
    return verified === 'by-ids' ? { kind: 'given-up' } : { kind: 'over' };
  } catch (error) {
    if (!(error instanceof QualysError)) throw error;
    if (!isTransient(error)) {
      await giveUpTags(dependencies.ledger, {
        runId: run.id,
        executionNo: execution.executionNo,
        why: `its tags cannot be read: ${error.message}`,
      });
      return { kind: 'given-up' };
    }
    return { kind: 'wait', wait: { waitMs: waitAfter(error, 3), blocked: blockedBy(error) } };
  }
}

/** What a permit may ask for first; each gives undefined when it may be asked again. */
const READINGS = { script: readScript, ticket: readTicket, tags: readTags } as const;

function afterRefusedPermit({ why, waitMs, detail }: Extract<PermitAnswer, { kind: 'refused' }>): Sent {
  switch (why) {
    case 'fence':
    case 'stopped':
    case 'paused':
    case 'tags':
    case 'open-copy':
    case 'sends':
    case 'wave-over':
      return { kind: 'over' };
    // Another run has its assets by now, or a later look has decided: the next one may be sent.
    case 'state':
      return { kind: 'given-up' };
    // Found out since this attempt began: without a wait nothing would ask again, nor anybody be told.
    case 'stale-ledger':
      return { kind: 'wait', wait: { waitMs, blocked: { kind: 'ledger', why: detail } } };
    // It was needed again while it was read.
    case 'script':
    case 'ticket':
      return { kind: 'wait', wait: { waitMs: READ_AGAIN_MS } };
    case 'serialised':
      return { kind: 'wait', wait: { waitMs, inLine: true } };
    case 'strict':
    case 'wave-held':
      return { kind: 'wait', wait: { waitMs } };
    case 'policy':
      return { kind: 'wait', wait: { waitMs, blocked: { kind: 'policy', why: detail } } };
    case 'fan-out':
      return { kind: 'wait', wait: { waitMs, blocked: { kind: 'interval', why: detail } } };
    case 'halted':
      return { kind: 'wait', wait: { waitMs: Math.max(waitMs, 2_500), blocked: { kind: 'halted', why: detail } } };
    case 'window':
      return { kind: 'wait', wait: { waitMs, blocked: { kind: 'window', why: detail } } };
    case 'interval':
      return { kind: 'wait', wait: { waitMs, blocked: { kind: 'interval', why: detail } } };
    case 'daily-quota':
      return { kind: 'wait', wait: { waitMs, blocked: { kind: 'quota', why: detail } } };
  }
}

async function writeDown(
  dependencies: ActivityDependencies,
  key: { runId: string; executionNo: number; permit: number },
  answer: ExecuteAnswer,
): Promise<Sent> {
  const { runId, executionNo, permit } = key;
  const { ledger } = dependencies;
  const { policy } = await ledger.policies.inForce(dependencies.policy);
  const { executions } = ledger;
  const configuredIntervalMs = policy.executeIntervalMs;
  switch (answer.kind) {
    case 'accepted': {
      const serverAt = await ledger.serverClock.now();
      if (await executions.accept(runId, executionNo, { permit, correlationUuid: answer.correlationUuid, serverAt, configuredIntervalMs }))
        return { kind: 'accepted' };
      await ledger.audit.add(runId, {
        action: 'late-answer',
        detail: `execution ${executionNo}: Qualys accepted it as ${answer.correlationUuid} after its outcome was decided`,
      });
      return { kind: 'in-doubt' };
    }
    case 'refused': {
      const { why } = answer;
      const isPaced = why === 'interval' || why === 'day' || why === 'unexplained';
      const paced = isPaced ? { reason: why, requestedMs: answer.waitMs, configuredMs: configuredIntervalMs } : undefined;
      await executions.notSent(runId, executionNo, { permit, why, detail: answer.message, paced });
      if (answer.why === 'token') return { kind: 'wait', wait: accessWait(answer, TOKEN_WAIT_MS) };
      // How long a script waits is the ledger's to tell, with the next permit.
      return {
        kind: 'wait',
        wait: isPaced ? { waitMs: 1 } : { waitMs: answer.waitMs ?? 1_000, blocked: { kind: 'limit', why: answer.message } },
      };
    }
    case 'not-sent':
      await executions.notSent(runId, executionNo, { permit, why: 'not-sent', detail: answer.message });
      if (answer.why === 'connection')
        return { kind: 'wait', wait: { waitMs: CONNECTION_WAIT_MS, blocked: { kind: 'unavailable', why: answer.message } } };
      if (answer.why === 'access') return { kind: 'wait', wait: accessWait(answer, ACCESS_WAIT_MS) };
      return { kind: 'wait', wait: { waitMs: answer.waitMs ?? 50, blocked: { kind: 'limit', why: answer.message } } };
    case 'rejected':
      await executions.notSent(runId, executionNo, { permit, why: `rejected ${answer.status}`, detail: answer.message });
      return {
        kind: 'rejected',
        type: REJECTED_TYPE[answer.why],
        blocked: { kind: answer.why === 'invalid' || answer.why === 'not-found' ? 'rejected' : 'access', why: answer.message },
      };
    case 'unknown':
      await executions.lost(runId, executionNo, { permit, detail: answer.message, resolveAfterMs: RESOLVE_AFTER_MS });
      return { kind: 'in-doubt' };
  }
}

function accessWait({ waitMs, message }: { waitMs?: number; message: string }, elseMs: number): Wait {
  return { waitMs: waitMs ?? elseMs, blocked: { kind: 'access', why: message } };
}

const REJECTED_TYPE = {
  permission: 'PermissionDenied',
  'not-found': 'ScriptNotFound',
  invalid: 'ScriptNotRunnable',
} as const satisfies Record<Extract<ExecuteAnswer, { kind: 'rejected' }>['why'], string>;

import { ApplicationFailure, currentUpdateInfo, setHandler } from '@temporalio/workflow';
import type { z } from 'zod';
import type { ControlResult } from '../../activities/run/control.js';
import { AdjustmentSchema, DecisionSchema, parsedMessage, RejectionSchema, RetryOrderSchema, WhoSchema } from '../../contracts/messages.js';
import type { ErrorBudget } from '../../contracts/request.js';
import { type ApprovalAsk, askedAgain, includesPerson, refusedApproval } from '../../domain/run/approval.js';
import type { Command } from '../../domain/run/command.js';
import type { RunActivities } from '../shared/activity-proxies.js';
import { refusedUpdate } from '../shared/failures.js';
import { adjust, approve, pause, progress, reject, resume, retryUnresolved } from '../shared/messages.js';
import { progressOf, type RunState, takeSnapshot } from '../shared/state.js';

/** What the handlers need of the run they belong to. */
export interface Handled {
  runId: string;
  state: RunState;
  /** Undefined until the run knows its ledger. */
  activities: () => RunActivities | undefined;
  /** Told when something may have become possible. */
  wake: () => void;
  /** Told what would be approved now, after an adjustment about which nobody is asked. */
  digestIs?: (digest: string) => void;
  /** Why this person may not resume now; without it everybody may, where the run is paused or blocked. */
  refusedResume?: (by: string) => string | undefined;
}

/** Their ids, of up to 1,000 characters, travel in a payload that must stay under 16 KiB. */
const REMEMBERED_UPDATES = 150;
const REMEMBERED_LENGTH = 8_000;

/** Sets every handler of a run. Called before anything else, so that no message finds the run without them. */
export function handleMessages(run: Handled): void {
  setHandler(progress, () => progressOf(run.state, Date.now()));
  setHandler(pause, (argument) => order(run, WhoSchema, argument, () => ({ kind: 'pause' })), { validator: valid(run, WhoSchema) });
  setHandler(resume, (argument) => order(run, WhoSchema, argument, () => ({ kind: 'resume' })), {
    validator: (argument) => {
      valid(run, WhoSchema)(argument);
      const refusal = run.refusedResume ? run.refusedResume(parsedMessage(WhoSchema, argument).by) : notPaused(run.state);
      if (refusal !== undefined) throw refusedUpdate(refusal);
    },
  });
  setHandler(approve, (argument) => decide(run, 'approve', argument), { validator: validDecision(run, 'approve') });
  setHandler(reject, (argument) => decide(run, 'reject', argument), { validator: validDecision(run, 'reject') });
  setHandler(
    adjust,
    (argument) =>
      order(run, AdjustmentSchema, argument, ({ maxInFlight, deadline, errorBudget }) => ({
        kind: 'adjust',
        maxInFlight,
        deadlineMs: deadline,
        errorBudget,
      })),
    { validator: valid(run, AdjustmentSchema) },
  );
  setHandler(retryUnresolved, (argument) => retry(run, argument), { validator: valid(run, RetryOrderSchema) });
}

const NOT_PAUSED = 'The run is not paused. Nothing to resume.';

/**
 * The ledger has the last word; what the run knows for certain needs no event. What is blocked looks again at once what blocks it when an
 * operator resumes it.
 */
function notPaused({ snapshot, blocked }: RunState): string | undefined {
  return snapshot && !snapshot.paused && !blocked ? NOT_PAUSED : undefined;
}

type Named = { by: string; reason?: string | undefined };

/** Limits are part of what is approved: adjusted, they are asked about again. */
function takeDigest({ state, digestIs }: Handled, digest: string | undefined): void {
  if (digest === undefined) return;
  if (state.ask) state.ask = askedAgain(state.ask, digest);
  else digestIs?.(digest);
}

async function order<T extends Named>(
  run: Handled,
  schema: z.ZodType<T>,
  argument: unknown,
  commandOf: (parsed: T) => Command<ErrorBudget>,
): Promise<void> {
  await once(run, async () => {
    const parsed = parsedMessage(schema, argument);
    const command = commandOf(parsed);
    const waits = run.state.blocked !== undefined;
    const { digest, refused } = await control(run, parsed, command);
    if (command.kind === 'resume' && refused && !waits) throw ApplicationFailure.nonRetryable(NOT_PAUSED, 'NotPaused');
    if (command.kind === 'adjust') takeDigest(run, digest);
    return null;
  });
}

async function retry(run: Handled, argument: unknown): Promise<number> {
  const result = await once(run, async () => {
    const parsed = parsedMessage(RetryOrderSchema, argument);
    return (await control(run, parsed, { kind: 'retry', outcomes: parsed.outcomes })).assets;
  });
  return result ?? 0;
}

async function decide(run: Handled, kind: 'approve' | 'reject', argument: unknown): Promise<void> {
  await once(run, async () => {
    const { by, reason } = parsedMessage(SCHEMAS[kind], argument);
    const { ask } = run.state;
    if (!ask) return null;
    const { refused } = await control(run, { by, reason }, { kind, digest: ask.digest });
    if (kind === 'reject') {
      run.state.rejectedBy = by;
      return null;
    }
    const { ask: now } = run.state;
    if (refused || (now && now.digest !== ask.digest))
      throw ApplicationFailure.nonRetryable('What is pending has just changed. Review what you approve.', 'OtherDigest');
    if (now && !includesPerson(now.approvals, by)) run.state.ask = { ...now, approvals: [...now.approvals, by] };
    return null;
  });
}

async function control(run: Handled, { by, reason }: Named, command: Command<ErrorBudget>): Promise<ControlResult> {
  const { runId, state } = run;
  const orderId = currentUpdateInfo()?.id;
  // By the workflow's clock, so that a run that was reset does not number its next order as one that the ledger knows already.
  const orderNumber = Math.max(Date.now(), (state.lastOrder ?? 0) + 1);
  state.lastOrder = orderNumber;
  const result = await activitiesOf(run).controlRun({ runId, issued: state.issued, command, by, reason, orderId, orderNumber });
  takeSnapshot(run.state, result.snapshot);
  run.wake();
  return result;
}

/** Temporal forgets update ids with each history, the run does not: the same id has one effect. */
async function once(run: Handled, work: () => Promise<number | null>): Promise<number | null> {
  const id = currentUpdateInfo()?.id ?? '';
  const done = run.state.doneUpdates.find((update) => update.id === id);
  if (done) return done.result;
  const result = await work();
  const remembered = [...run.state.doneUpdates, { id, result }].slice(-REMEMBERED_UPDATES);
  while (remembered.reduce((sum, update) => sum + update.id.length, 0) > REMEMBERED_LENGTH) remembered.shift();
  run.state.doneUpdates = remembered;
  run.wake();
  return result;
}

/** A refused update leaves no event: validators say everything that can be said before anything is written. */
function valid(run: Handled, schema: z.ZodType): (argument: unknown) => void {
  return (argument) => {
    parsedMessage(schema, argument);
    if (run.state.phase === 'opening') throw refusedUpdate('The run is still opening. Try again when its cohort is frozen.');
    if (run.state.phase !== 'running' && run.state.phase !== 'soaking' && run.state.phase !== 'awaiting-approval')
      throw refusedUpdate(`The run is ${run.state.phase}. Nothing left to change.`);
  };
}

function validDecision(run: Handled, kind: 'approve' | 'reject'): (argument: unknown) => void {
  return (argument) => {
    const { by, digest, withdrawn } = parsedMessage(SCHEMAS[kind], argument);
    const { ask } = run.state;
    const refusal = refusedApproval(kind === 'approve' ? ask : ask && toReject(ask, withdrawn), { by, digest });
    if (refusal !== undefined) throw refusedUpdate(refusal);
  };
}

const SCHEMAS: Readonly<Record<'approve' | 'reject', z.ZodType<z.output<typeof RejectionSchema>>>> = {
  approve: DecisionSchema,
  reject: RejectionSchema,
};

/** Whoever requested may say no, as may who has said yes before; and a ticket that takes its approval back is asked by nobody. */
function toReject(ask: ApprovalAsk, withdrawn: boolean | undefined): ApprovalAsk {
  const { approvers, ...rule } = ask.rule;
  return { ...ask, rule: { ...rule, allowRequester: true, ...(withdrawn ? {} : { approvers }) }, approvals: [] };
}

function activitiesOf(run: Handled): RunActivities {
  const activities = run.activities();
  if (!activities) throw ApplicationFailure.nonRetryable('The run does not know its ledger yet.', 'NotOpen');
  return activities;
}

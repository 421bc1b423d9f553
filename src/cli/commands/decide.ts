// approve, reject, pause, resume, cancel, retry: what people decide about a live run, through the same door as everybody else.
import { RetryOrderSchema } from '../../contracts/messages.js';
import { describeProblems, problemsOf } from '../../contracts/request.js';
import type { DecisionName, TemporalRuns, WorkflowSummary } from '../../temporal/runs/temporal-runs.js';
import { findLedger } from '../data/ledger-access.js';
import { unknownRun } from '../data/sources.js';
import { type CommandName, command } from '../heads.js';
import { CommandFailed, EXIT, type Invocation, writeJson, writeLine } from '../invocation/context.js';
import { type SayOnInterrupt, tellingInterrupt } from '../invocation/interrupted.js';
import { checkedWho, type Who } from '../invocation/who.js';
import { NOTHING_STARTED } from '../starting/workflow.js';

/** A second copy may run on such an asset while the first one still does. */
const RISKY = ['unverified', 'unreachable'];

export function decisionCommands(invocation: Invocation) {
  return {
    approve: signed('approve')
      .option('--digest <hex>', 'approve only this digest (`overhaul show` prints it)')
      .action((id, { digest, ...who }) =>
        decide(invocation, { id, name: 'approve', who, details: digest === undefined ? {} : { digest } }),
      ),
    reject: signed('reject')
      .option('--digest <hex>', 'reject only this digest')
      .action((id, { digest, ...who }) => decide(invocation, { id, name: 'reject', who, details: digest === undefined ? {} : { digest } })),
    pause: signed('pause').action((id, who) => decide(invocation, { id, name: 'pause', who })),
    resume: signed('resume').action((id, who) => decide(invocation, { id, name: 'resume', who })),
    retry: signed('retry')
      .option('--outcomes <words>', 'comma-separated (default: failed)')
      .action((id, { outcomes, ...who }) =>
        retry(invocation, id, { who, outcomes: (outcomes ?? 'failed').split(',').map((word) => word.trim()) }),
      ),
    cancel: signed('cancel').action((id, who) => cancel(invocation, id, who)),
  };
}

function signed(name: CommandName) {
  return command(name)
    .argument('<id>', 'workflow id')
    .option('--by <name>', 'who decides (default: you)')
    .option('--reason <text>', 'why, for the record');
}

interface Decision {
  id: string;
  name: DecisionName;
  who: Who;
  details?: Record<string, unknown>;
}

const DONE: Readonly<Record<Exclude<DecisionName, 'retryUnresolved'>, string>> = {
  approve: 'Approved.',
  reject: 'Rejected.',
  pause: 'Paused.',
  resume: 'Resumed.',
};

/** Behind these something is sent, unless the run is paused. */
const SENDS: readonly DecisionName[] = ['approve', 'retryUnresolved'];

async function decide(invocation: Invocation, asked: Decision): Promise<void> {
  const { id, name } = asked;
  const { result, isPaused } = await tellingInterrupt(invocation, NOTHING_DECIDED, (say) => decided(invocation, asked, say));
  if (invocation.json) await writeJson(invocation.stdout, { workflowId: id, decision: name, ...(result === undefined ? {} : { result }) });
  else
    await writeLine(
      invocation.stderr,
      name === 'retryUnresolved' ? `${id}: ${result === 1 ? '1 asset' : `${String(result)} assets`} queued again.` : `${id}: ${DONE[name]}`,
    );
  if (isPaused && !invocation.json)
    await writeLine(invocation.stderr, `${id} is paused: nothing is sent until somebody runs: overhaul resume ${id}`);
  invocation.exitCode = EXIT.done;
}

async function decided(
  invocation: Invocation,
  { id, name, who, details }: Decision,
  say: SayOnInterrupt,
): Promise<{ result: unknown; isPaused: boolean }> {
  const decision = { ...checkedWho({ by: who.by ?? invocation.userName, reason: who.reason }), ...details };
  return withTemporal(invocation, async (temporal) => {
    try {
      say(mayTakeEffect(id));
      const result = await temporal.decide(id, name, decision);
      return { result, isPaused: SENDS.includes(name) && (await isPausedNow(temporal, id)) };
    } catch (error) {
      // Temporal says the same of what has ended and of what it never knew.
      const workflow = await temporal.find(id).catch(() => undefined);
      throw workflow && workflow.state !== 'running' ? endedAlready(workflow, name) : error;
    }
  });
}

/** Of a run that does not answer nothing is said: the decision is as good as it is. */
async function isPausedNow(temporal: TemporalRuns, id: string): Promise<boolean> {
  try {
    return (await temporal.progress(id)).paused === true;
  } catch {
    return false;
  }
}

const NOTHING_DECIDED = 'Nothing was decided.';

function mayTakeEffect(id: string): string {
  return `The order may have taken effect. See: overhaul logs ${id}`;
}

async function retry(invocation: Invocation, id: string, { who, outcomes }: { who: Who; outcomes: string[] }): Promise<void> {
  const order = RetryOrderSchema.safeParse({ by: who.by ?? invocation.userName, reason: who.reason, outcomes });
  if (!order.success) throw new CommandFailed(EXIT.usage, describeProblems(problemsOf(order.error)));
  const workflow = await withTemporal(invocation, (temporal) => temporal.find(id));
  const isLive = workflow?.state === 'running';
  const risky = outcomes.filter((outcome) => RISKY.includes(outcome));
  if (risky.length > 0)
    await writeLine(
      invocation.stderr,
      `Note: the first copy may still be running on ${risky.join(' and ')} assets. The override is recorded.`,
    );
  if (isLive) return decide(invocation, { id, name: 'retryUnresolved', who, details: { outcomes } });
  const { startLinkedRun } = await import('../starting/linked-run.js');
  const retrying = { parentId: id, isKnownToTemporal: workflow !== undefined, order: order.data };
  invocation.exitCode = await tellingInterrupt(invocation, NOTHING_STARTED, (say) => startLinkedRun(invocation, { ...retrying, say }));
}

async function cancel(invocation: Invocation, id: string, who: Who): Promise<void> {
  const { by, reason } = checkedWho({ by: who.by ?? invocation.userName, reason: who.reason });
  await tellingInterrupt(invocation, NOTHING_DECIDED, async (say) => {
    await withTemporal(invocation, async (temporal) => {
      const workflow = await temporal.find(id);
      if (!workflow) throw unknownRun(id);
      if (workflow.state !== 'running') throw endedAlready(workflow, 'cancel');
      say(mayTakeEffect(id));
      await temporal.cancel(id, { by, reason });
    });
    await recordCancel(invocation, id, { by, reason });
  });
  if (invocation.json) await writeJson(invocation.stdout, { workflowId: id, decision: 'cancel' });
  else await writeLine(invocation.stderr, `${id}: Cancelling. Follow it with: overhaul watch ${id}`);
  invocation.exitCode = EXIT.done;
}

function endedAlready({ workflowId, state, closedAt }: WorkflowSummary, what: string): CommandFailed {
  const when = closedAt === undefined ? '' : ` at ${closedAt}`;
  return new CommandFailed(
    EXIT.usage,
    `${workflowId} has already ended (${state}${when}). Nothing to ${what === 'retryUnresolved' ? 'retry' : what}. For details: overhaul show ${workflowId}`,
  );
}

/** A cancel reaches the workflow without its author: the audit log hears of him from here, as Temporal's history does. */
async function recordCancel(invocation: Invocation, id: string, { by, reason }: Who): Promise<void> {
  const { ledger } = await findLedger(invocation);
  if (!ledger) return writeLine(invocation.stderr, `Note: no ledger here, so only Temporal's history records who cancelled ${id}.`);
  try {
    await ledger.audit.add(id, { actor: by, action: 'cancel', detail: JSON.stringify({ ...(reason === undefined ? {} : { reason }) }) });
  } finally {
    await ledger.close();
  }
}

async function withTemporal<T>(invocation: Invocation, work: (temporal: TemporalRuns) => Promise<T>): Promise<T> {
  const temporal = await invocation.connectTemporal();
  try {
    return await work(temporal);
  } finally {
    await temporal.close();
  }
}

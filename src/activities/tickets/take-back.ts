// What tickets say now of the runs that they have started: approvals that came meanwhile, and those that were taken back.
import { heartbeat, log } from '@temporalio/activity';
import { isGrpcServiceError, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { withoutSecrets } from '../../contracts/config/known-secrets.js';
import { clipped } from '../../domain/basics/well-formed.js';
import { digestOf } from '../../ledger/policy/approved-plan.js';
import type { RunRow } from '../../ledger/rows/run.js';
import type { ActivityDependencies, TicketApproval } from '../dependencies.js';
import { approversInTicket, notCountedText } from './approvers.js';
import { GONE_FOR_GOOD_MS, withdraw } from './recheck.js';
import { whySuperseded } from './still-stands.js';

export interface TakenBack {
  stopped: string[];
  unread?: string | undefined;
}

const UPDATE_WITHIN_MS = 10_000;
const BY_LENGTH = 200;

/** Reads the tickets of all runs of a hook that are under way, or of one ticket. */
export async function takeBack(
  dependencies: ActivityDependencies,
  { hook, ticket, prefix }: { hook: string; ticket?: string | undefined; prefix?: string | undefined },
): Promise<TakenBack> {
  const { ledger, askTicket } = dependencies;
  if (!askTicket) return { stopped: [] };
  const result: TakenBack = { stopped: [] };
  const isMeant = ({ kind, request, stop, closing }: RunRow): boolean =>
    kind !== 'step' && !stop && !closing && request.ticket?.hook === hook && (ticket === undefined || request.ticket.id === ticket);
  for (const run of (await ledger.runs.unfinished()).filter(isMeant)) {
    if (!run.request.ticket || run.phase === 'opening') continue;
    heartbeat({ hook, run: run.id });
    const at = await ledger.ticketReadings.begin();
    const now = await askTicket(run.request.ticket);
    if (now.kind === 'unreadable') result.unread ??= `ticket ${run.request.ticket.id}: ${now.why}`;
    const why = await whyOver(dependencies, run, { at, now });
    try {
      if (why === undefined) {
        if (run.phase === 'awaiting-approval') await answer(dependencies, run, now);
      } else if (await end(dependencies, run, why)) {
        result.stopped.push(run.id);
        log.info('a run is stopped, since its ticket is not approved any more', { run: run.id, why });
      } else result.unread ??= `${run.id} did not take the word of its ticket: it is told again by the next look`;
    } catch (error) {
      // One run that does not answer must not keep the others from being heard; the next look tells it again.
      result.unread ??= `${run.id} could not be told: ${withoutSecrets(error instanceof Error ? error.message : String(error))}`;
    }
  }
  if (prefix !== undefined) await tellLate(dependencies, prefix);
  return result;
}

/** Undefined while the run may go on. After something was executed, only a word that says so takes the approval back. */
async function whyOver(
  { ledger }: ActivityDependencies,
  run: RunRow,
  { at, now }: { at: number; now: TicketApproval },
): Promise<string | undefined> {
  const { ticket } = run.request;
  const hasSent = await ledger.ticketReadings.hasSent(run);
  const what = hasSent ? 'nothing more is sent' : 'nothing was sent';
  switch (now.kind) {
    case 'not-approved':
      return hasSent && !now.withdrawn ? undefined : `ticket ${ticket?.id} of ${ticket?.system} is not approved any more: ${what}`;
    case 'gone': {
      const goneForMs = await ledger.ticketReadings.gone(run.id, at);
      return hasSent || goneForMs < GONE_FOR_GOOD_MS ? undefined : `ticket ${ticket?.id} is gone: ${what}`;
    }
    case 'approved': {
      const why = hasSent ? undefined : await whySuperseded(ledger, run, now);
      return why && `ticket ${ticket?.id}: ${why}: ${what}`;
    }
    default:
      return undefined;
  }
}

/** Whoever waits is told by an update; the ledger stops the others at their next permit. False where it was refused. */
async function end(dependencies: ActivityDependencies, run: RunRow, why: string): Promise<boolean> {
  if (run.phase !== 'awaiting-approval') {
    await withdraw(dependencies.ledger, run, why);
    return true;
  }
  const digest = await digestOf(dependencies.ledger.database, run.id);
  return update(dependencies, run, { name: 'reject', by: ticketName(run), reason: why, digest });
}

/** What was approved in the ticket since the run has begun to wait. */
async function answer(dependencies: ActivityDependencies, run: RunRow, now: TicketApproval): Promise<void> {
  const approved = await approversInTicket(dependencies, run, now);
  if (!approved) return;
  if ('why' in approved) {
    const digest = (await digestOf(dependencies.ledger.database, run.id)) ?? '';
    await dependencies.ledger.ticketPosts.say(run.id, {
      key: `not-counted-${digest.slice(0, 12)}`,
      words: notCountedText(run.id, approved.why),
    });
    return;
  }
  for (const by of approved.names)
    await update(dependencies, run, { name: 'approve', by, reason: `approved in ${ticketName(run)}`, digest: approved.digest });
}

export function ticketName({ request: { ticket } }: Pick<RunRow, 'request'>): string {
  return clipped(`ticket ${ticket?.id ?? ''} (${ticket?.system ?? ''})`, BY_LENGTH);
}

interface Word {
  name: 'approve' | 'reject';
  by: string;
  reason: string;
  digest: string | undefined;
}

/** The same word about the same digest is one update, whoever says it how often. */
async function update({ client, ledger }: ActivityDependencies, run: RunRow, { name, by, reason, digest }: Word): Promise<boolean> {
  const handle = client.workflow.getHandle(run.id, undefined, { firstExecutionRunId: run.firstExecutionId });
  const updateId = clipped(`ticket/${name}/${digest ?? ''}/${by}`, 900);
  try {
    await client.withDeadline(Date.now() + UPDATE_WITHIN_MS, () =>
      handle.executeUpdate<void, [object]>(name, {
        args: [{ by, reason, digest, ...(name === 'reject' ? { withdrawn: true } : {}) }],
        updateId,
      }),
    );
    return true;
  } catch (error) {
    // Somebody else has decided meanwhile, or it has been asked about something else: what stands now is seen by the next look.
    if (!(error instanceof WorkflowUpdateFailedError) && !(error instanceof WorkflowNotFoundError) && !isRefused(error)) throw error;
    const why = error instanceof Error ? error.message : String(error);
    await ledger.audit.addOnce(run.id, { actor: by, action: `ticket-${name}-refused`, detail: clipped(why, 500) });
    // What has ended has nothing left to be told.
    return !(error instanceof WorkflowUpdateFailedError);
  }
}

/** A finished workflow takes no update, in gRPC's words NOT_FOUND. */
function isRefused(error: unknown): boolean {
  return isGrpcServiceError(error) && error.code === 5;
}

/** What ends a run before anything of it was executed, in the words of its stop. */
const ENDS: Readonly<Record<string, string>> = {
  'approval-expired': 'nobody had approved it in time',
  'approval-withdrawn': 'its approval was taken back',
  rejected: 'it was rejected',
};

/** An approval of a ticket whose run has ended without executing anything does nothing, and says so. */
async function tellLate({ ledger, askTicket }: ActivityDependencies, prefix: string): Promise<void> {
  const last = (await ledger.ticketRuns.of(prefix)).at(-1);
  const run = last === undefined ? undefined : await ledger.runs.get(last);
  const why = ENDS[run?.stop?.reason ?? ''];
  if (!run?.request.ticket || run.finishedAt === undefined || why === undefined || (await ledger.ticketReadings.hasSent(run))) return;
  if ((await askTicket?.(run.request.ticket))?.kind !== 'approved') return;
  const words = `The approval of this ticket came too late: ${run.id} has ended, because ${why}. Nothing was executed, and nothing is started by it.`;
  await ledger.ticketPosts.say(run.id, { key: 'too-late', words });
}

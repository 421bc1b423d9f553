// Who has approved a run in its ticket, as far as that answers what the run asks: its own playbook's question, about this very digest.
import type { Policy } from '../../contracts/policy.js';
import { approvalRule, refusedApproval } from '../../domain/run/approval.js';
import { digestOf } from '../../ledger/policy/approved-plan.js';
import type { RunRow } from '../../ledger/rows/run.js';
import { generationIn, rivalOf } from '../../ledger/tickets/authorised.js';
import type { ActivityDependencies, TicketApproval } from '../dependencies.js';

/** `why`: the ticket is approved, and that is no answer to what the run asks. */
export type ApprovedInTicket = { names: string[]; digest: string } | { why: string };

type Dependencies = Pick<ActivityDependencies, 'ledger' | 'askTicket'> & { policy?: Policy | undefined };

/** `now`: the ticket as it was read a moment ago. Undefined where it is not approved, or the run asks nothing. */
export async function approversInTicket(
  { ledger, policy: own }: Dependencies,
  run: RunRow,
  now: TicketApproval,
): Promise<ApprovedInTicket | undefined> {
  const rule = approvalRule(run.approval);
  // The approval of a ticket was given to the run that it started, not to a retry of it.
  if (now.kind !== 'approved' || run.kind !== 'run' || !rule || !run.request.ticket || run.parentId !== undefined) return undefined;
  const digest = await digestOf(ledger.database, run.id);
  if (digest === undefined) return undefined;
  const above = own && (await ledger.policies.inForce(own)).policy.approval?.aboveAssets;
  if (above !== undefined && run.cohort.size > above)
    return { why: `it has ${run.cohort.size} assets, and policy asks a person about more than ${above}` };
  const generation = generationIn(run.id, run.request.ticket.id);
  if (generation === undefined) return { why: 'the ticket has not started it' };
  if (now.generations && !now.generations.includes(generation))
    return { why: `the approval that stands is ${now.generations.join(', ') || 'none'}, and the run is of ${generation}` };
  const rival = await rivalOf(ledger.database, run.id, { counted: /^[0-9]{1,18}$/.test(generation) });
  if (rival !== undefined) return { why: `the approval that stands is that of ${rival}` };
  // The ticket says nothing of limits that an operator has changed since: whoever approves them has to have seen them.
  if ((await ledger.audit.of(run.id)).some(({ action }) => action === 'adjust'))
    return { why: 'its limits were adjusted after the ticket was approved' };
  const names: string[] = [];
  const refusals: string[] = [];
  for (const by of now.by ?? []) {
    const refusal = refusedApproval({ rule, digest, requestedBy: run.request.requestedBy, approvals: names }, { by });
    if (refusal === undefined) names.push(by);
    else refusals.push(refusal);
  }
  if (names.length > 0) return { names, digest };
  return { why: refusals.join(' ') || 'the ticket does not tell who has approved (approvedBy of the hook)' };
}

/** For people, on the ticket of a run that waits although its ticket is approved. */
export function notCountedText(runId: string, why: string): string {
  return `The approval of this ticket does not answer what ${runId} asks: ${why}. It waits for: overhaul approve ${runId}`;
}

/**
 * As a run begins to ask: the ticket that started it has been approved before. Undefined where that is no answer, or cannot be read just
 * now; then it is looked at again.
 */
export async function approvalsInTicket(dependencies: Dependencies, runId: string): Promise<string[] | undefined> {
  const { ledger, askTicket } = dependencies;
  const run = await ledger.runs.get(runId);
  const ticket = run?.request.ticket;
  if (!run?.approval || run.kind !== 'run' || !ticket?.hook || !askTicket) return undefined;
  const approved = await approversInTicket(dependencies, run, await askTicket(ticket));
  if (!approved || 'why' in approved) return undefined;
  const detail = JSON.stringify({ digest: approved.digest, ticket: ticket.id, system: ticket.system });
  for (const actor of approved.names) await ledger.audit.addOnce(runId, { actor, action: 'approve', detail });
  return approved.names;
}

// Waiting for people: for a run as for a wave of a campaign, and never started under another digest than the one they have seen.
import { allHandlersFinished, condition } from '@temporalio/workflow';
import { type ApprovalAsk, askedAgain, isApproved, refusedApproval } from '../../domain/run/approval.js';
import { takeSnapshot } from '../shared/state.js';
import type { Living } from './life.js';

/** What was approved, and by whom; the ledger has started it. Undefined when somebody rejects, or not enough people approve in time. */
export async function approved({ runId, state, activities }: Living, first: ApprovalAsk): Promise<ApprovalAsk | undefined> {
  const { expiresMs } = first.rule;
  const endsAt = expiresMs === undefined ? undefined : Date.now() + expiresMs;
  for (let ask = first; ; ) {
    const asking = await activities.controlRun({ runId, issued: state.issued, command: { kind: 'await-approval', digest: ask.digest } });
    takeSnapshot(state, asking.snapshot);
    state.ask = withTicket(askedAgain(ask, asking.digest ?? ask.digest), asking.approvals);
    state.phase = 'awaiting-approval';
    const given = await decided({ state }, endsAt);
    state.ask = undefined;
    if (!given) return undefined;
    const started = await activities.controlRun({ runId, issued: state.issued, command: { kind: 'start', digest: given.digest } });
    takeSnapshot(state, started.snapshot);
    if (!started.refused) {
      state.phase = 'running';
      return given;
    }
    // Its limits were adjusted in the last moment: nobody has approved of them.
    ask = askedAgain(given, started.digest ?? given.digest);
  }
}

/** The question as it was answered: an order that came meanwhile may have voided what was given, and asked it again. */
async function decided({ state }: Pick<Living, 'state'>, endsAt: number | undefined): Promise<ApprovalAsk | undefined> {
  const isDecided = (): boolean => state.rejectedBy !== undefined || (state.ask !== undefined && isApproved(state.ask));
  for (;;) {
    const inTime =
      endsAt === undefined ? await condition(isDecided).then(() => true) : await condition(isDecided, Math.max(1, endsAt - Date.now()));
    // A decision that was accepted counts, also when another one was carried out before it.
    await condition(allHandlersFinished);
    if (state.rejectedBy !== undefined) return undefined;
    if (state.ask && isApproved(state.ask)) return state.ask;
    if (!inTime) return undefined;
  }
}

/** What the ticket has said already, of the digest that the run begins to ask about. */
function withTicket(ask: ApprovalAsk, approvals: readonly string[] = []): ApprovalAsk {
  const counted = [...ask.approvals];
  for (const by of approvals) if (refusedApproval({ ...ask, approvals: counted }, { by }) === undefined) counted.push(by);
  return { ...ask, approvals: counted };
}

import { activityInfo } from '@temporalio/activity';
import type { Policy } from '../../contracts/policy.js';
import type { ErrorBudget } from '../../contracts/request.js';
import type { Command } from '../../domain/run/command.js';
import { type Issued, mostIssued, type RunSnapshot } from '../../domain/run/snapshot.js';
import { digestOf } from '../../ledger/policy/approved-plan.js';
import { updateOrder } from '../../ledger/runs/authenticated-orders.js';
import { type Order, REFUSED } from '../../ledger/runs/orders.js';
import type { ActivityDependencies } from '../dependencies.js';
import { approvalsInTicket } from '../tickets/approvers.js';

export interface ControlInput {
  runId: string;
  command: Command<ErrorBudget>;
  by?: string | undefined;
  reason?: string | undefined;
  /** The update that ordered it. What the workflow orders by itself has none, and is known by its place in the history. */
  orderId?: string | undefined;
  /** Grows with every order of the run. */
  orderNumber?: number | undefined;
  /** What the workflow knows to have been issued and ordered before: a ledger that knows less is not the one that it was. */
  issued?: Issued | undefined;
}

export interface ControlResult {
  snapshot: RunSnapshot;
  /** Assets that the command queued again. */
  assets: number;
  /** What would start now, and what approvals are about; undefined of a step. */
  digest?: string | undefined;
  /** True when the order has no effect: another digest was approved than that, or nothing was paused that could be resumed. */
  refused: boolean;
  /** Who has approved in the ticket that started the run, where an approval is asked for. */
  approvals?: string[] | undefined;
}

const NOTHING_GIVEN = mostIssued(undefined, undefined);

/** Of what the workflow orders by itself: known by its place in the history, the same in every attempt. */
export function orderOfActivity(): Pick<Order, 'id' | 'number'> {
  const { activityId, workflowExecution, scheduledTimestampMs } = activityInfo();
  return { id: `activity:${workflowExecution?.runId}/${activityId}`, number: scheduledTimestampMs };
}

/**
 * Carries an order into the ledger, where every permit asks for it, and into the audit log. Repeating it, or coming late with it, changes
 * nothing more.
 */
export function createControlRun(dependencies: Pick<ActivityDependencies, 'ledger' | 'askTicket'> & { policy?: Policy | undefined }) {
  const { ledger } = dependencies;
  return {
    /** Where the run stands, for a step whose campaign was ordered something. */
    async runSnapshot({ runId }: { runId: string }): Promise<RunSnapshot> {
      return ledger.runs.snapshot(runId);
    },

    async controlRun({ runId, command, by, reason, orderId, orderNumber, issued }: ControlInput): Promise<ControlResult> {
      const own = orderOfActivity();
      // In a transaction of its own: what follows fails where the ledger has forgotten the run, which every run that is ordered something
      // was in.
      if (!(await ledger.runs.get(runId))) await ledger.staleness.isStale(runId, issued ?? NOTHING_GIVEN);
      // What is put back is chosen by what is known by now, late verdicts among it.
      if (command.kind === 'retry') await ledger.campaigns.mergeAll(runId);
      const result = await ledger.orders.carryOut(runId, {
        id: orderId === undefined ? own.id : updateOrder(orderId),
        number: orderNumber ?? own.number,
        command,
        by,
        reason,
        issued,
      });
      const digest = await digestOf(ledger.database, runId);
      const approvals = command.kind === 'await-approval' ? await approvalsInTicket(dependencies, runId) : undefined;
      return {
        ...{ snapshot: await ledger.runs.snapshot(runId), assets: Math.max(0, result), digest, refused: result === REFUSED },
        ...(approvals ? { approvals } : {}),
      };
    },
  };
}

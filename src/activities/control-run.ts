import type { StopCause } from '../domain/outcome.js';
import type { RunSnapshot } from '../domain/run-snapshot.js';
import type { ErrorBudget } from '../schema/request.js';
import type { ActivityDependencies } from './dependencies.js';

export type Command =
  | { kind: 'start' }
  | { kind: 'await-approval'; digest: string }
  | { kind: 'pause' | 'resume' }
  | { kind: 'approve' | 'reject'; digest: string }
  | { kind: 'stop'; cause: StopCause; why: string }
  | { kind: 'adjust'; maxInFlight?: number | undefined; deadlineMs?: number | undefined; errorBudget?: ErrorBudget | undefined }
  | { kind: 'retry'; outcomes: readonly string[] };

export interface ControlInput {
  runId: string;
  command: Command;
  by?: string | undefined;
  reason?: string | undefined;
}

export interface ControlResult {
  snapshot: RunSnapshot;
  /** Assets that the command put back into the queue. */
  assets: number;
}

/** Carries an operator's word into the ledger, where every permit asks for it, and into the audit log. Repeating it changes nothing more. */
export function createControlRun({ ledger }: ActivityDependencies) {
  return {
    async controlRun({ runId, command, by, reason }: ControlInput): Promise<ControlResult> {
      const { kind, ...detail } = command;
      await ledger.audit.add(runId, {
        actor: by,
        action: kind,
        detail: JSON.stringify({ ...detail, ...(reason === undefined ? {} : { reason }) }),
      });
      const assets = await carryOut();
      return { snapshot: await ledger.runs.snapshot(runId), assets };

      async function carryOut(): Promise<number> {
        switch (command.kind) {
          case 'start':
            await ledger.runs.setPhase(runId, 'running');
            return 0;
          case 'await-approval':
            await ledger.runs.setPhase(runId, 'awaiting-approval');
            return 0;
          case 'approve':
          case 'reject':
            return 0;
          case 'pause':
          case 'resume':
            await ledger.runs.setPaused(runId, command.kind === 'pause');
            return 0;
          case 'stop':
            await ledger.runs.stop(runId, command.cause, command.why);
            return 0;
          case 'adjust':
            await ledger.runs.adjust(runId, command);
            return 0;
          case 'retry':
            return ledger.verdicts.putBack(runId, command.outcomes);
        }
      }
    },
  };
}

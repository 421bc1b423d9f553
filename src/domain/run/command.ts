import type { StopCause } from './outcome.js';

/** Executions at once; `auto` follows the call budget. */
export type InFlightLimit = number | 'auto';

/** What may be ordered of a run, by an operator or by its workflow. */
export type Command<Budget = unknown> =
  /** `digest`: what was approved, where an approval was asked for. */
  | { kind: 'start'; digest?: string | undefined }
  | { kind: 'await-approval'; digest: string }
  | { kind: 'pause' | 'resume' }
  | { kind: 'approve' | 'reject'; digest: string }
  | { kind: 'stop'; cause: StopCause; why: string }
  | Adjustment<Budget>
  | { kind: 'retry'; outcomes: readonly string[] };

interface Adjustment<Budget> {
  kind: 'adjust';
  maxInFlight?: InFlightLimit | undefined;
  deadlineMs?: number | undefined;
  errorBudget?: Budget | undefined;
}

/** What is left of a command when `later` ones were carried out before it; undefined when nothing is. */
export function inEffect<Budget>(command: Command<Budget>, later: readonly Command<Budget>[]): Command<Budget> | undefined {
  switch (command.kind) {
    case 'pause':
    case 'resume':
      return later.some(({ kind }) => kind === 'pause' || kind === 'resume') ? undefined : command;
    case 'adjust':
      return later.filter((other) => other.kind === 'adjust').reduce<Adjustment<Budget> | undefined>(without, command);
    default:
      return command;
  }
}

function without<Budget>(older: Adjustment<Budget> | undefined, newer: Adjustment<Budget>): Adjustment<Budget> | undefined {
  if (!older) return undefined;
  const maxInFlight = newer.maxInFlight === undefined ? older.maxInFlight : undefined;
  const deadlineMs = newer.deadlineMs === undefined ? older.deadlineMs : undefined;
  const errorBudget = newer.errorBudget === undefined ? older.errorBudget : undefined;
  if (maxInFlight === undefined && deadlineMs === undefined && errorBudget === undefined) return undefined;
  return { kind: 'adjust', maxInFlight, deadlineMs, errorBudget };
}

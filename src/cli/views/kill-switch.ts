// A halted ledger, as every command words it.
import type { HaltState } from '../../ledger/runs/kill-switch.js';
import { safeLine } from '../terminal/text.js';

/** Such as `halted by ada since 2026-08-22 10:00 UTC: incident 7`. */
export function haltText({ by, reason, at }: HaltState): string {
  const since = at === undefined ? '' : ` since ${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return safeLine(`halted${by === undefined ? '' : ` by ${by}`}${since}${reason === undefined ? '' : `: ${reason}`}`);
}

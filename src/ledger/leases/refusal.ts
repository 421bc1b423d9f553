// Why a permit is refused, and what that means for what was claimed.
import { WORTH_SAYING_MS } from '../../domain/run/blocked.js';

export interface Refusal {
  kind: 'refused';
  why:
    | 'fence'
    | 'stopped'
    | 'stale-ledger'
    | 'paused'
    | 'halted'
    | 'policy'
    | 'state'
    | 'sends'
    | 'daily-quota'
    | 'serialised'
    | 'interval'
    | 'window'
    | 'fan-out'
    | 'strict'
    | 'wave-over'
    | 'wave-held'
    | 'script'
    | 'ticket'
    | 'tags'
    | 'open-copy';
  waitMs: number;
  detail: string;
}

export function refused(why: Refusal['why'], waitMs: number, detail: string): Refusal {
  return { kind: 'refused', why, waitMs, detail };
}

/** True when the run waits for something during which its script may change: then it is read again before the first send that follows. */
export function makesWait({ why, waitMs }: Refusal): boolean {
  if (why === 'paused' || why === 'halted' || why === 'window' || why === 'wave-held') return true;
  return (why === 'interval' || why === 'daily-quota') && waitMs >= WORTH_SAYING_MS;
}

/**
 * True when the run cannot send now, whatever is asked again soon: then what it has claimed and never sent keeps nobody else from the
 * assets. An attempt that another one has taken over from says nothing of that one's claims.
 */
export function letsGo({ why, waitMs }: Refusal): boolean {
  if (why === 'interval') return waitMs >= WORTH_SAYING_MS;
  return LETS_GO.has(why);
}

const LETS_GO: ReadonlySet<Refusal['why']> = new Set([
  ...(['stopped', 'wave-over', 'stale-ledger', 'paused', 'wave-held', 'halted'] as const),
  ...(['policy', 'window', 'fan-out', 'daily-quota'] as const),
]);

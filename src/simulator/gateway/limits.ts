import type { SimulatorSettings } from '../options.js';

/** What one call may do, and what its answer announces. Seconds are real seconds, rounded up. */
export interface LimitVerdict {
  refused?: 'rate' | 'concurrency';
  headers: Record<string, string>;
  remaining?: number;
  toWaitSec?: number;
  /** Real instant before which, by the headers, another call is pointless. */
  nextAt?: number;
}

export interface Limiter {
  /** Takes a place in the rolling window and a concurrent one; `leave` must follow. A refused call takes none. */
  enter(): LimitVerdict;
  leave(): void;
  /** The headers as they are now, for an answer that took no place. */
  look(): LimitVerdict;
}

export function createLimiter(settings: Pick<SimulatorSettings, 'limits' | 'speed'>, realNow: () => number): Limiter {
  const { perWindow, concurrency } = settings.limits;
  const windowMs = (settings.limits.windowSec * 1_000) / settings.speed;
  const taken: number[] = [];
  let running = 0;
  const verdict = (refused?: 'rate' | 'concurrency'): LimitVerdict => {
    const now = realNow();
    const headers: Record<string, string> = {};
    if (concurrency !== undefined) {
      headers['X-Concurrency-Limit-Limit'] = String(concurrency);
      headers['X-Concurrency-Limit-Running'] = String(running);
    }
    if (perWindow === undefined) return { headers, ...(refused ? { refused } : {}) };
    const remaining = Math.max(0, perWindow - taken.length);
    headers['X-RateLimit-Limit'] = String(perWindow);
    headers['X-RateLimit-Window-Sec'] = String(Math.ceil(windowMs / 1_000));
    headers['X-RateLimit-Remaining'] = String(remaining);
    const nextAt = remaining === 0 ? (taken[0] ?? now) + windowMs : undefined;
    const known = { headers, remaining, ...(nextAt === undefined ? {} : { nextAt }) };
    if (refused !== 'rate' || settings.limits.omitToWait) return { ...known, ...(refused ? { refused } : {}) };
    const toWaitSec = Math.max(1, Math.ceil(((nextAt ?? now) - now) / 1_000));
    headers['X-RateLimit-ToWait-Sec'] = String(toWaitSec);
    headers['Retry-After'] = String(toWaitSec);
    return { ...known, refused, toWaitSec, nextAt: now + toWaitSec * 1_000 };
  };
  const forget = () => {
    const now = realNow();
    while (taken.length > 0 && (taken[0] ?? 0) + windowMs <= now) taken.shift();
  };
  return {
    enter() {
      forget();
      if (concurrency !== undefined && running >= concurrency) return verdict('concurrency');
      if (perWindow !== undefined && taken.length >= perWindow) return verdict('rate');
      running += 1;
      if (perWindow !== undefined) taken.push(realNow());
      return verdict();
    },
    leave() {
      running -= 1;
    },
    look() {
      forget();
      return verdict();
    },
  };
}

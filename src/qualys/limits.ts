// Limit headers in every documented spelling (E-04, E-06), as values.
import type { LimitSignals } from '../domain/answer.js';

export type AnswerHeaders = Record<string, string | string[] | undefined>;

/** What the headers say. `Retry-After` may be seconds or an HTTP date, which is read against the answer's own `Date`. */
export function limitSignals(headers: AnswerHeaders): LimitSignals {
  const byName = spelled(headers);
  const number = (name: string) => nonNegative(byName.get(name));
  const waits = [number('xratelimittowaitsec'), retryAfterSec(headers)].filter((sec) => sec !== undefined);
  return {
    ...present('limit', number('xratelimitlimit')),
    ...present('windowSec', number('xratelimitwindowsec')),
    ...present('remaining', number('xratelimitremaining')),
    ...present('toWaitSec', waits.length > 0 ? Math.max(...waits) : undefined),
    ...present('concurrencyLimit', number('xconcurrencylimitlimit')),
    ...present('concurrencyRunning', number('xconcurrencylimitrunning')),
  };
}

/** A limit header of Qualys' own asks to wait; `Retry-After` may be anybody's. */
export function asksToWait(headers: AnswerHeaders): boolean {
  return (nonNegative(spelled(headers).get('xratelimittowaitsec')) ?? 0) > 0;
}

function spelled(headers: AnswerHeaders): Map<string, string | string[] | undefined> {
  return new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase().replace(/-/g, ''), value]));
}

/** The `Date` header as epoch milliseconds. */
export function serverTimeMs(headers: AnswerHeaders): number | undefined {
  const parsed = Date.parse(first(headers.date) ?? '');
  return Number.isNaN(parsed) ? undefined : parsed;
}

function retryAfterSec(headers: AnswerHeaders): number | undefined {
  const value = first(headers['retry-after']);
  const seconds = nonNegative(value);
  if (seconds !== undefined || value === undefined) return seconds;
  const until = Date.parse(value);
  if (Number.isNaN(until)) return undefined;
  return Math.max(0, Math.ceil((until - (serverTimeMs(headers) ?? Date.now())) / 1_000));
}

function nonNegative(value: string | string[] | undefined): number | undefined {
  const text = first(value)?.trim();
  return text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}

function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function present<K extends string>(key: K, value: number | undefined): Partial<Record<K, number>> {
  return value === undefined ? {} : ({ [key]: value } as Partial<Record<K, number>>);
}

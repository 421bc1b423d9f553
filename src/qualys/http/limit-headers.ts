// Limit headers in every documented spelling (docs/qualys-api.md#rate-limits) and in those seen elsewhere, as values.
import { toldInstant } from '../../domain/clock/instant.js';
import type { LimitSignals } from '../../domain/execution/answer.js';
import { secondsOf } from '../../domain/limits/requested-wait.js';

export type AnswerHeaders = Record<string, string | string[] | undefined>;

/** What the headers say. A wait may be told in several of them, as seconds, a span or an instant: the longest counts. */
export function limitSignals(headers: AnswerHeaders, status = 200): LimitSignals {
  const byName = spelled(headers);
  const number = (...names: string[]) => names.map((name) => nonNegative(byName.get(name))).find((value) => value !== undefined);
  const waits = [...OWN_WAITS, 'retryafter', ...(REFUSES.has(status) ? RESETS : [])].flatMap(
    (name) => wait(headers, byName.get(name)) ?? [],
  );
  return {
    ...present('limit', number('xratelimitlimit')),
    ...present('windowSec', number('xratelimitwindowsec') ?? wait(headers, byName.get('xratelimitwindow'))),
    ...present('remaining', number('xratelimitremaining')),
    ...present('toWaitSec', waits.length > 0 ? Math.max(...waits) : undefined),
    ...present('concurrencyLimit', number('xconcurrencylimitlimit', 'xconcurrencylimit')),
    ...present('concurrencyRunning', number('xconcurrencylimitrunning', 'xconcurrencyrunning')),
  };
}

const OWN_WAITS = ['xratelimittowaitsec', 'xratelimittowait'];
/** Where a window ends is on ordinary answers, too: only to a refusal it says how long to wait. */
const RESETS = ['xratelimitreset', 'xratelimitresetsec', 'ratelimitreset'];
const REFUSES: ReadonlySet<number> = new Set([409, 429, 503]);

/** A limit header of Qualys' own asks to wait; `Retry-After` and ends of windows may be anybody's. */
export function asksToWait(headers: AnswerHeaders): boolean {
  const byName = spelled(headers);
  return OWN_WAITS.some((name) => (wait(headers, byName.get(name)) ?? 0) > 0);
}

function spelled(headers: AnswerHeaders): Map<string, string | string[] | undefined> {
  return new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase().replace(/-/g, ''), value]));
}

/** The `Date` header as epoch milliseconds. */
export function serverTimeMs(headers: AnswerHeaders): number | undefined {
  return toldInstant(first(headers.date));
}

/** What may be the present, for instants that are told: the answer's own clock, and this machine's. */
export function clocksOf(headers: AnswerHeaders): number[] {
  const serverMs = serverTimeMs(headers);
  return [...(serverMs === undefined ? [] : [serverMs]), Date.now()];
}

function wait(headers: AnswerHeaders, value: string | string[] | undefined): number | undefined {
  const told = [value ?? []].flat().flatMap((one) => secondsOf(one, clocksOf(headers)) ?? []);
  return told.length === 0 ? undefined : Math.max(...told);
}

function nonNegative(value: string | string[] | undefined): number | undefined {
  const text = first(value)?.split(',')[0]?.trim();
  return text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}

function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function present<K extends string>(key: K, value: number | undefined): Partial<Record<K, number>> {
  return value === undefined ? {} : ({ [key]: value } as Partial<Record<K, number>>);
}

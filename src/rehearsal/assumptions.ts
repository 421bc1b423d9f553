// What a rehearsal takes for granted about the world: how many assets there are, and how they behave.

import type { Parsed, Problem } from '../contracts/request.js';
import { durationMs } from '../domain/clock/duration.js';

export interface Span {
  min: number;
  max: number;
}

/** Rates are shares from 0 to 1, times are milliseconds. */
export interface Assumptions {
  assets: number;
  failRate: number;
  /** Share of assets whose result is lost: they end as `unverified`. */
  lostRate: number;
  /** Share of assets that are offline when they are sent to, and how long each stays away; without `backAfterMs` for good. */
  offline: { rate: number; backAfterMs?: Span | undefined };
  executionMs: Span;
  /** Between two executions of one script, as the subscription has it. */
  executeIntervalMs: number;
  /** Which assets fail or are away follows from it. */
  seed: number;
}

/** As an operator writes them. */
export interface AssumptionTexts {
  /** `2%`. */
  fail?: string | undefined;
  lost?: string | undefined;
  /** `7%` for good, `7%:3d` for as long, `7%:1d..10d` for different times. */
  offline?: string | undefined;
  /** `5m`, or `1m..5m`. */
  duration?: string | undefined;
  interval?: string | undefined;
}

export type Curves = Omit<Assumptions, 'assets' | 'seed'>;

/** The documented minimum of Qualys' execution interval. */
const USUAL_INTERVAL_MS = 60_000;
export const USUAL_CURVES: Curves = {
  failRate: 0,
  lostRate: 0,
  offline: { rate: 0 },
  executionMs: { min: 60_000, max: 300_000 },
  executeIntervalMs: USUAL_INTERVAL_MS,
};

/** What was written goes before `known`. Every problem at once, by option. */
export function parseAssumptions(texts: AssumptionTexts, known: Curves = USUAL_CURVES): Parsed<Curves> {
  const problems: Problem[] = [];
  const read = <T>(path: keyof AssumptionTexts, fallback: T, parse: (text: string) => T | undefined, wanted: string): T => {
    const text = texts[path];
    if (text === undefined) return fallback;
    const value = parse(text);
    if (value === undefined) problems.push({ path: `--${path}`, problem: `${text}: must be ${wanted}` });
    return value ?? fallback;
  };
  const value: Curves = {
    failRate: read('fail', known.failRate, rateOf, 'a share such as 2%'),
    lostRate: read('lost', known.lostRate, rateOf, 'a share such as 0.5%'),
    offline: read(
      'offline',
      known.offline,
      offlineOf,
      'a share such as 7%, optionally with the time until they are back: 7%:3d or 7%:1d..10d',
    ),
    executionMs: read('duration', known.executionMs, spanOf, 'a duration such as 5m, or a range such as 1m..5m'),
    executeIntervalMs: read('interval', known.executeIntervalMs, durationMs, 'a duration such as 1m'),
  };
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value };
}

/** `2%` or `0.02`, from 0 to 1. */
function rateOf(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(%?)\s*$/.exec(text);
  if (!match) return undefined;
  const rate = Number(match[1]) / (match[2] === '%' ? 100 : 1);
  return rate <= 1 ? rate : undefined;
}

function spanOf(text: string): Span | undefined {
  const [from = '', to = from, ...more] = text.split('..');
  const [min, max] = [durationMs(from), durationMs(to)];
  if (min === undefined || max === undefined || min > max || more.length > 0) return undefined;
  return { min: Math.round(min), max: Math.round(max) };
}

function offlineOf(text: string): Curves['offline'] | undefined {
  const [share = '', ...rest] = text.split(':');
  const rate = rateOf(share);
  if (rate === undefined || rest.length > 1) return undefined;
  const backAfterMs = rest[0] === undefined ? undefined : spanOf(rest[0]);
  if (rest[0] !== undefined && !backAfterMs) return undefined;
  return { rate, ...(backAfterMs ? { backAfterMs } : {}) };
}

// How long Qualys asks to wait, in whatever form it says so: seconds, spans, instants, sentences. What is none of these says nothing.
import { toldInstant } from '../clock/instant.js';

/** A requested wait is obeyed up to this, and asked about again then: a number that is wrong must not stop an installation forever. */
export const LONGEST_TOLD_SEC = 86_400;

const UNIT_SEC: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400 };
const PART = String.raw`\d+(?:\.\d+)?\s*(?:ms|millis(?:econds?)?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)\b`;
const SPAN = new RegExp(`${PART}(?:[\\s,]*(?:and\\s+)?${PART})*`, 'gi');
const EPOCH_SEC = 1e9;
const EPOCH_MS = 1e12;

/**
 * The seconds that a header's value stands for: a number, an instant (by its size, or as a date), or a span. `clocks`: what may be the
 * present, epoch ms.
 */
export function secondsOf(value: string, clocks: readonly number[]): number | undefined {
  const asSpan = whole(value.trim());
  if (asSpan !== undefined) return bounded(asSpan);
  const told = value.split(/,(?!\s*\d{2}\s+[A-Z])/i).flatMap((part) => oneValue(part.trim(), clocks) ?? []);
  return told.length === 0 ? undefined : bounded(Math.max(...told));
}

/** The longest wait that a refusal's words ask for, such as «cannot be run again for another 1 hour, 2 minutes and 3 seconds». */
export function secondsInWords(words: string, clocks: readonly number[]): number | undefined {
  const keys = [
    ...words.matchAll(
      /(?:seconds?[\s_-]*to[\s_-]*wait|retry[\s_-]*after(?:[\s_-]*sec(?:ond)?s?)?|wait[\s_-]*sec(?:ond)?s?)\D{0,40}?(\d+(?:\.\d+)?)/gi,
    ),
  ];
  const told = keys.map(([, seconds]) => Number(seconds));
  for (const clause of words.split(/[;!?\n{}]|\.(?!\d)/)) {
    const trigger = clause.search(/\b(?:again|another|retry|retrying|wait|waiting|try|later|next|until)\b/i);
    if (trigger < 0) continue;
    const behind = spansIn(clause.slice(trigger));
    told.push(...(behind.length > 0 ? behind : spansIn(clause)), ...instantsIn(clause, clocks));
  }
  const positive = told.filter((seconds) => seconds > 0);
  return positive.length === 0 ? undefined : bounded(Math.max(...positive));
}

function oneValue(text: string, clocks: readonly number[]): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) {
    const number = Number(text);
    return number >= EPOCH_SEC ? until(number >= EPOCH_MS ? number : number * 1_000, clocks) : number;
  }
  const asSpan = whole(text);
  if (asSpan !== undefined) return asSpan;
  return /\d{4}/.test(text) && /[a-z]/i.test(text) ? until(toldInstant(text), clocks) : undefined;
}

function whole(text: string): number | undefined {
  return new RegExp(`^${SPAN.source}$`, 'i').test(text) ? spansIn(text)[0] : undefined;
}

function spansIn(text: string): number[] {
  return [...text.matchAll(SPAN)].map(([span]) =>
    [...span.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)/gi)].reduce((sum, [, count, unit]) => sum + Number(count) * secondsOfUnit(unit ?? ''), 0),
  );
}

function secondsOfUnit(unit: string): number {
  const word = unit.toLowerCase();
  if (word === 'ms' || word.startsWith('milli')) return 0.001;
  return UNIT_SEC[word[0] ?? ''] ?? 1;
}

function instantsIn(text: string, clocks: readonly number[]): number[] {
  return [...text.matchAll(/\d{4}-\d\d-\d\d[T ]\d\d:[\d:.]*\d(?:Z|[+-]\d\d:?\d\d)?/g)].flatMap(
    ([instant]) => until(toldInstant(instant), clocks) ?? [],
  );
}

/** By the clock that says the longest: none of them is to be trusted alone. */
function until(instant: number | undefined, clocks: readonly number[]): number | undefined {
  if (instant === undefined || clocks.length === 0) return undefined;
  return Math.max(0, Math.ceil((instant - Math.min(...clocks)) / 1_000));
}

function bounded(seconds: number): number {
  return Math.min(seconds, LONGEST_TOLD_SEC);
}

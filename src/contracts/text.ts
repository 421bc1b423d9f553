// Text and lists as they come in: each has a maximum, so that whatever is accepted also fits into what carries it on. Temporal refuses a
// payload of 2 MiB, a part of them for good, and every payload but a workflow's input is to stay below 16 KiB (ARCHITECTURE.md).
import { z } from 'zod';
import { utf8Length, wellFormed } from '../domain/basics/well-formed.js';

/** The limits of docs/requests.md and docs/plans.md, in characters or entries. */
export const LIMITS = {
  reason: 2_000,
  /** `by`, `requestedBy`, an approver. */
  person: 200,
  /** Of a script; no document bounds it. */
  title: 256,
  /** Of a wave, a plan, a playbook, a hook. */
  name: 100,
  ticketId: 200,
  url: 2_000,
  /** DNS names have at most 253 characters. */
  hostname: 255,
  filter: 20_000,
  assetIds: 10_000,
  tagIds: 1_000,
  waves: 100,
  windows: 366,
  approvers: 100,
  quorum: 10,
  /** Of a verdict: an output rule's pattern, and how many rules of either kind. */
  pattern: 1_000,
  verdictRules: 50,
  /** Of short lists of a configuration. */
  entries: 100,
} as const;

/** Bytes of a request or plan without its targets, which travel on as the argument of the activity that opens it. */
const DETAILS_BYTES = 10_000;
/** Bytes of the targets: with the rest they stay well below Temporal's 2 MiB, encrypted too. */
const TARGETS_BYTES = 1_500_000;

const ILL_FORMED = 'contains a lone surrogate or NUL: use plain Unicode text';

function isWellFormed(text: string): boolean {
  return wellFormed(text) === text;
}

/** Trimmed, not empty, at most `limit` characters, and well-formed Unicode. */
export function text(limit: number, noText?: string, empty = 'must not be empty') {
  return looseText(limit, noText).min(1, empty);
}

/** The same, which may be empty. */
export function looseText(limit: number, noText?: string) {
  return z
    .string(noText)
    .trim()
    .max(limit, `must have at most ${shown(limit)} characters`)
    .refine(isWellFormed, ILL_FORMED);
}

/**
 * Names of people, as bytes of JSON, where a control character has six: Temporal's history, the audit log and the workflow's state have
 * them many times.
 */
export function personName(noName?: string, empty?: string) {
  return text(LIMITS.person, noName, empty).refine((name) => jsonBytes(name) <= 2 * LIMITS.person + '""'.length, {
    error: `must have at most ${2 * LIMITS.person} bytes`,
  });
}

/** A list with at most so many entries. */
export function list<Item extends z.ZodType>(item: Item, limit: number, noList?: string) {
  return z.array(item, noList).max(limit, `must have at most ${shown(limit)} entries`);
}

function shown(limit: number): string {
  return limit.toLocaleString('en-US');
}

/** What is too large about a request or plan as a whole: the largest field is where to begin. */
export function refuseTooLarge(input: object, ctx: z.core.$RefinementCtx): void {
  // A field that is too large by itself is named already.
  if (ctx.issues.length > 0) return;
  const { targets, ...details }: { targets?: object } = input;
  for (const { value, limit, prefix, cure } of [
    { value: targets ?? {}, limit: TARGETS_BYTES, prefix: ['targets'], cure: 'select a larger cohort by tag or query' },
    { value: details, limit: DETAILS_BYTES, prefix: [], cure: 'shorten it' },
  ]) {
    const size = jsonBytes(value);
    if (size <= limit) continue;
    const largest = largestField(value);
    const whole = prefix.length > 0 ? 'the targets' : 'everything except the targets';
    const message = `is the largest part (${shown(largest.bytes)} bytes) of ${whole}, which have ${shown(size)} bytes (limit ${shown(limit)}): ${cure}`;
    ctx.addIssue({ code: 'custom', path: [...prefix, largest.field], message });
  }
}

/** The field whose JSON is the longest. */
export function largestField(value: object): { field: string; bytes: number } {
  return Object.entries(value)
    .map(([field, part]) => ({ field, bytes: jsonBytes(part) }))
    .reduce((most, one) => (one.bytes > most.bytes ? one : most), { field: '', bytes: 0 });
}

/** Bytes of a value as JSON in UTF-8; 0 for what JSON leaves out. */
export function jsonBytes(value: unknown): number {
  return utf8Length(JSON.stringify(value) ?? '');
}

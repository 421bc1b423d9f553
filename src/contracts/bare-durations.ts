// Durations without a unit, where people write them. The contract has numbers as milliseconds, so `interval: 2` is 2 ms, which nobody means:
// programs that count in milliseconds have a thousand of them or more. Looked for at the edges only, where an input comes in: histories
// hold what was taken earlier, and what is derived from a text such as "250ms".
import { z } from 'zod';
import { durationMs } from '../domain/clock/duration.js';
import { branchesOf } from './known-keys.js';
import { type CampaignPlan, CampaignPlanSchema, parsePlan } from './plan.js';
import { type Parsed, type Problem, pathText } from './problems.js';
import { DurationText, parseRequest, type RemediationRequest, RemediationRequestSchema } from './request.js';

/** Below this, a number without a unit is a forgotten unit. */
const SHORTEST_NUMBER_MS = 1_000;

/** A request as a person writes it. */
export function parseWrittenRequest(input: unknown): Parsed<RemediationRequest> {
  return withUnits(parseRequest(input), RemediationRequestSchema, input);
}

/** A plan as a person writes it. */
export function parseWrittenPlan(input: unknown): Parsed<CampaignPlan> {
  return withUnits(parsePlan(input), CampaignPlanSchema, input);
}

/** What was parsed by `schema`, unless the input has such durations: of each of them nothing else is told. */
export function withUnits<T>(parsed: Parsed<T>, schema: z.core.$ZodType, input: unknown): Parsed<T> {
  const bare = bareDurations(schema, input);
  if (bare.length === 0) return parsed;
  const others = parsed.ok ? [] : parsed.problems.filter(({ path }) => !bare.some((one) => one.path === path));
  return { ok: false, problems: [...others, ...bare] };
}

/** Every such duration of the input, with what to write instead. */
function bareDurations(schema: z.core.$ZodType, input: unknown, path: readonly PropertyKey[] = []): Problem[] {
  if (isDuration(schema)) {
    const problem = problemOf(input);
    return problem === undefined ? [] : [{ path: pathText(path), problem }];
  }
  const found = branchesOf(schema, isDuration).flatMap((branch) =>
    isDuration(branch)
      ? bareDurations(branch, input, path)
      : partsOf(branch, input).flatMap(([part, key, value]) => bareDurations(part, value, [...path, key])),
  );
  // Branches of a union may have a field in common.
  return found.filter((one, index) => found.findIndex((other) => other.path === one.path) === index);
}

function isDuration(schema: z.core.$ZodType): boolean {
  return schema instanceof z.core.$ZodPipe && schema._zod.def.in === DurationText;
}

function problemOf(input: unknown): string | undefined {
  const text =
    typeof input === 'number' || (typeof input === 'string' && /^\s*\d+(\.\d+)?\s*$/.test(input)) ? String(input).trim() : undefined;
  const ms = text === undefined ? undefined : durationMs(text);
  if (text === undefined || ms === undefined || Number(text) === 0) return undefined;
  // A text was written by hand, where a number may be counted.
  if (typeof input === 'number' && ms >= SHORTEST_NUMBER_MS) return undefined;
  return `${text} without a unit is ${text} ms: write ${text}s or ${text}m, or ${text}ms if that is meant`;
}

/** What stands in a value, each with the schema that it is to have. */
function partsOf(schema: z.core.$ZodType, value: unknown): [z.core.$ZodType, PropertyKey, unknown][] {
  if (Array.isArray(value))
    return schema instanceof z.core.$ZodArray ? value.map((item: unknown, index) => [schema._zod.def.element, index, item]) : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, field]): [z.core.$ZodType, PropertyKey, unknown][] => {
    if (schema instanceof z.core.$ZodRecord) return [[schema._zod.def.valueType, key, field]];
    const known = schema instanceof z.core.$ZodObject && Object.hasOwn(schema._zod.def.shape, key) ? schema._zod.def.shape[key] : undefined;
    return known ? [[known, key, field]] : [];
  });
}

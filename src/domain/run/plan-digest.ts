// What an approval is bound to, of a run as of a campaign. Whatever differs from it later, the approval is void and asked for again.

import { canonicalJson } from '../basics/canonical-json.js';
import type { InFlightLimit } from './command.js';

export interface FrozenPlan {
  /** The plan or request as parsed, every field of it but `targets`: what they came to is the cohort and the overrides. */
  plan: object;
  /** By step, `run` for a run, and `followUp`: the script that its id or title meant, and the hash of its content. */
  scripts: Readonly<Record<string, { id: string; title: string; sha256?: string | undefined }>>;
  /** The frozen list of assets: the digest is the ledger's. */
  cohort: { size: number; digest: string };
  /** Rules that the targets set aside: the one part of them that the cohort does not tell. Undefined where there are none. */
  overrides?: Overrides | undefined;
  /** The waves as they were cut, none of a run. Which assets are in which follows from cohort, seed and tags. */
  waves: readonly { name: string; size: number; digest?: string | undefined }[];
  /** The limits that operators have changed since, as they are now. */
  adjusted?: AdjustedLimits | undefined;
}

export interface Overrides {
  /** Send also where an earlier copy of the script may still run. */
  despiteOpenCopies?: true | undefined;
  /** Take all that an inventory holds, if that is what the query finds: the cohort does not tell a mistake from an intention. */
  everything?: true | undefined;
}

export interface AdjustedLimits {
  maxInFlight?: InFlightLimit | undefined;
  deadlineMs?: number | undefined;
  errorBudget?: unknown;
}

type Named = FrozenPlan['scripts'][string];

/** A run by the same rule. */
export function frozenRun({
  request,
  script,
  followUpScript,
  cohort,
  overrides,
  adjusted,
}: Pick<FrozenPlan, 'cohort' | 'overrides' | 'adjusted'> & {
  request: object;
  script: Named;
  followUpScript?: Named | undefined;
}): FrozenPlan {
  const scripts = { run: script, ...(followUpScript ? { followUp: followUpScript } : {}) };
  return { plan: request, scripts, cohort, overrides, waves: [], adjusted };
}

/** Of targets, or of the run that has resolved them. */
export function overridesOf({ despiteOpenCopies, everything }: { [Rule in keyof Overrides]?: boolean | undefined }): Overrides | undefined {
  if (!despiteOpenCopies && !everything) return undefined;
  return { ...(despiteOpenCopies ? { despiteOpenCopies } : {}), ...(everything ? { everything } : {}) };
}

/** Undefined where everything is as it was asked for. */
export function adjustedLimits(
  asked: { maxInFlight: InFlightLimit; deadline: number; errorBudget?: unknown },
  now: { maxInFlight: number; autoInFlight?: boolean; deadlineMs: number; errorBudget?: unknown },
): AdjustedLimits | undefined {
  const maxInFlight = now.autoInFlight ? 'auto' : now.maxInFlight;
  const changed: AdjustedLimits = {
    ...(maxInFlight === asked.maxInFlight ? {} : { maxInFlight }),
    ...(now.deadlineMs === asked.deadline ? {} : { deadlineMs: now.deadlineMs }),
    ...(canonicalJson(now.errorBudget ?? null) === canonicalJson(asked.errorBudget ?? null)
      ? {}
      : { errorBudget: now.errorBudget ?? null }),
  };
  return Object.keys(changed).length === 0 ? undefined : changed;
}

/** SHA-256 in hexadecimal of the plan's canonical JSON. `sha256` is given, because pure code imports no `node:crypto`. */
export function planDigest(frozen: FrozenPlan, sha256: (text: string) => string): string {
  return sha256(canonicalJson(digested(frozen)));
}

/**
 * Where two plans differ, as paths such as `plan.waves[1].size`, in the order of their text, at most `shownAtMost`: why an approval
 * is void, for the person who is asked again.
 */
export function planDrift(approved: FrozenPlan, now: FrozenPlan, shownAtMost = 20): string[] {
  const before = leavesOf(digested(approved));
  const after = leavesOf(digested(now));
  const paths = [...new Set([...before.keys(), ...after.keys()])].filter((path) => before.get(path) !== after.get(path));
  return paths.sort().slice(0, shownAtMost);
}

/** Without targets even where a whole plan is given: ten thousand ids say no more than their digest. */
function digested({ plan, scripts, cohort, overrides, waves, adjusted }: FrozenPlan): object {
  return { plan: { ...plan, targets: undefined }, scripts, cohort, overrides, waves, adjusted };
}

/** Every value that holds no other, by its path; an empty list or object counts as one. */
function leavesOf(value: unknown, path = '', leaves = new Map<string, string>()): Map<string, string> {
  if (value === undefined) return leaves;
  const entries: [string, unknown][] =
    typeof value !== 'object' || value === null
      ? []
      : Array.isArray(value)
        ? value.map((part, index) => [`${path}[${index}]`, part])
        : Object.entries(value).map(([key, part]) => [path ? `${path}.${key}` : key, part]);
  if (entries.length === 0) leaves.set(path, JSON.stringify(value));
  for (const [at, part] of entries) leavesOf(part, at, leaves);
  return leaves;
}

// What a finished asset job means: Qualys' own word, under the rules of its request or step. Leases and copies go by Qualys' evidence
// alone, never by this (domain/execution/may-still-run.ts).

import type { FinalOutcome } from '../run/outcome.js';
import type { AssetJobFacts, Verdict } from './asset-job.js';
import { isGood, type Meaning } from './meaning.js';
import type { CodeRule } from './presets.js';
import type { Judging } from './rules.js';

/**
 * What became of an asset's output where rules read it: the place of the first rule that it matches, `none` of them, or `absent`, when it
 * did not come in time. Undefined: not read yet.
 */
export type Heard = number | 'none' | 'absent' | undefined;

/** As the ledger keeps it. */
export function heardText(heard: Heard): string | null {
  return heard === undefined ? null : String(heard);
}

export function heardIn(text: string | null): Heard {
  if (text === null) return undefined;
  return text === 'none' || text === 'absent' ? text : Number(text);
}

/** How the reason of an asset begins whose output might have said otherwise and did not come (docs/scripts.md). */
export const OUTPUT_NOT_READ = 'output-not-read';
/** The reason of an asset for which the script had nothing to do, by its own word. */
export const NOT_APPLICABLE = 'not-applicable';
/** The rule of a verdict that no rule has made. */
const BY_DEFAULT = 'default';

/** A verdict with the rule that made it. */
export interface Judged extends Verdict {
  rule: string;
}

export function waitsForOutput({ output }: Judging, heard: Heard): boolean {
  return output.length > 0 && heard === undefined;
}

/**
 * `own`: what Qualys' word and evidence say of a job that is terminal. The output rules in their order, then the exit code, then that.
 * Output that was not read is no evidence: it makes no success, and no skip, that a rule could have denied.
 */
export function judge(job: Pick<AssetJobFacts, 'exitCode'>, own: Verdict, judging: Judging, heard: Heard): Judged {
  const rule = typeof heard === 'number' ? judging.output[heard] : undefined;
  if (rule) return { outcome: rule.is, ...reasonOf(rule.is, 'told by its output'), rule: `verdict.output[${heard}]` };
  const byCode = byExitCode(job.exitCode, own, judging);
  if (heard !== 'absent' && heard !== undefined) return byCode;
  const isDeniable = judging.output.some(({ is }) => is !== byCode.outcome);
  return isGood(byCode.outcome) && isDeniable ? { outcome: 'unverified', reason: OUTPUT_NOT_READ, rule: byCode.rule } : byCode;
}

function byExitCode(code: number | undefined, own: Verdict, judging: Judging): Judged {
  const found = ruleFor(code, own, judging);
  if (found) {
    const { is, reason, rule } = found;
    return { outcome: is, ...reasonOf(is, reason ?? codeText(code, is)), rule };
  }
  if (judging.strict && own.outcome === 'succeeded' && code !== undefined && code !== 0)
    return { outcome: 'failed', reason: `passed with exit code ${code}`, rule: BY_DEFAULT };
  return { ...own, rule: BY_DEFAULT };
}

interface Found extends CodeRule {
  rule: string;
}

/** The code itself before `other`, and of each the explicit rule before the preset's. */
function ruleFor(code: number | undefined, own: Verdict, { exitCodes, preset }: Judging): Found | undefined {
  const ofPreset = (key: string): Found | undefined => {
    const rule = preset && at(preset.codes, key);
    return rule && { ...rule, rule: `preset ${preset.name} ${key}` };
  };
  const explicit = (key: string): Found | undefined => {
    const is = at(exitCodes, key);
    return is && { is, rule: `verdict.exitCodes.${key}` };
  };
  if (code === undefined) {
    // Where Qualys has no word, or has it that the job failed, the lack of a code says nothing good.
    const rule = explicit('none') ?? ofPreset('none');
    const saysNothing = rule && (isGood(rule.is) ? own.outcome !== 'succeeded' : own.outcome === 'unverified' && rule.is !== 'failed');
    return saysNothing ? undefined : rule;
  }
  const exact = explicit(String(code));
  if (exact) return exact;
  const known = ofPreset(String(code));
  // A job that did not pass may have told 0 without having run: only somebody who says so knows better.
  if (known) return code === 0 && own.outcome !== 'succeeded' ? undefined : known;
  return explicit('other') ?? ofPreset('other');
}

/** Own keys only: a code is text that came from outside. */
function at<T>(map: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

function codeText(code: number | undefined, is: Meaning): string | undefined {
  if (code === undefined) return 'no exit code';
  return is === 'succeeded' && code === 0 ? undefined : `exit code ${code}`;
}

function reasonOf(outcome: FinalOutcome, reason: string | undefined): { reason?: string } {
  if (outcome === 'skipped') return { reason: NOT_APPLICABLE };
  return reason === undefined ? {} : { reason };
}

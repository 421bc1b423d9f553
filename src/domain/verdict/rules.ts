// What an operator says a script's end means: codes and output to meanings, on top of Qualys' own word (docs/scripts.md).
import type { RE2JS } from 're2js';
import type { Meaning } from './meaning.js';
import { compilePattern } from './pattern.js';
import { type CodeRule, PRESETS, type PresetName } from './presets.js';

/** As a request, a plan or a step has them. */
export interface VerdictRules {
  output?: readonly { pattern: string; is: Meaning }[] | undefined;
  /** By the code as text, `none` (no code told) and `other` (any number that is not listed). */
  exitCodes?: Readonly<Record<string, Meaning>> | undefined;
  encoding?: string | undefined;
  preset?: PresetName | undefined;
}

export interface OutputRule {
  pattern: RE2JS;
  is: Meaning;
}

/** Ready to judge by. */
export interface Judging {
  output: readonly OutputRule[];
  exitCodes: Readonly<Record<string, Meaning>>;
  encoding?: string | undefined;
  preset?: { name: PresetName; codes: Readonly<Record<string, CodeRule>> } | undefined;
  /** In an assessment and a verification a passed job says nothing by itself: only exit code 0, or none told, is a success. */
  strict: boolean;
}

/** Qualys' own word, and nothing else. */
export const OWN_WORD: Judging = { output: [], exitCodes: {}, strict: false };

/** An exit code may make another verdict of a job that passed. */
export function goesByCode({ strict, preset, exitCodes }: Judging): boolean {
  return strict || preset !== undefined || Object.keys(exitCodes).length > 0;
}

const STRICT_STEPS: readonly string[] = ['assess', 'verify'];

/** `step`: of a campaign; undefined for a run. Patterns are taken to be legal: the contract has refused others. */
export function judgingBy(rules: VerdictRules | undefined, step: string | undefined): Judging {
  const strict = step !== undefined && STRICT_STEPS.includes(step);
  if (!rules) return { ...OWN_WORD, strict };
  const { output = [], exitCodes = {}, encoding, preset } = rules;
  return {
    output: output.map(({ pattern, is }) => ({ pattern: compilePattern(pattern), is })),
    exitCodes,
    encoding,
    preset: preset && { name: preset, codes: PRESETS[preset] },
    strict,
  };
}

// Which rules make good news of a job that Qualys calls failed. That is what an operator may want, and what one that writes down the usual
// meaning of a code may not have thought of: a job that did not pass may have told 0 without having run.
import { isGood, type Meaning } from './meaning.js';
import type { VerdictRules } from './rules.js';

export interface RuleOverFailed {
  /** As rows name the rule that decided. */
  rule: string;
  is: Meaning;
}

/** Codes other than 0 are left out: a job that ends with one is `EXECUTION FAILED` for just that, and the rule is there to say better. */
export function rulesOverFailed({ output = [], exitCodes = {} }: Pick<VerdictRules, 'output' | 'exitCodes'> = {}): RuleOverFailed[] {
  const byOutput = output.map(({ is }, place) => ({ rule: `verdict.output[${place}]`, is }));
  const byCode = ['0', 'other'].flatMap((code) => {
    const is = Object.hasOwn(exitCodes, code) ? exitCodes[code] : undefined;
    return is === undefined ? [] : [{ rule: `verdict.exitCodes.${code}`, is }];
  });
  return [...byOutput, ...byCode].filter(({ is }) => isGood(is));
}

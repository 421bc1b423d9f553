// Hints about the scripts of a plan or a run, from their texts and rules: `overhaul plan` and dry runs show them, and nothing else follows.
import { type HintedScript, type ScriptHint, scriptHints } from '../../domain/scripts/hints.js';
import { decodeOutput } from '../../domain/verdict/decode.js';
import { rulesOverFailed } from '../../domain/verdict/over-failed.js';
import type { VerdictRules } from '../../domain/verdict/rules.js';

interface Read {
  platform: string;
  /** base64, as Qualys holds it. */
  content?: string | undefined;
}

/** Of a script whose content Qualys does not tell, those of its rules alone. */
export function hintsOf(
  { platform, content }: Read,
  { step, verdict }: { step: HintedScript['step']; verdict?: VerdictRules | undefined },
): ScriptHint[] {
  const byRules = rulesOverFailed(verdict).map(
    ({ rule, is }): ScriptHint => ({ kind: 'over-failed', text: `${rule} makes jobs that Qualys calls failed ${is}, too` }),
  );
  if (content === undefined) return byRules;
  const text = decodeOutput(Buffer.from(content.replace(/\s+/g, ''), 'base64'));
  return [...scriptHints({ text, platform, step, readsOutput: (verdict?.output?.length ?? 0) > 0 }), ...byRules];
}

/** `line 8: …`. */
export function hintText({ text, line }: ScriptHint): string {
  return line === undefined ? text : `line ${line}: ${text}`;
}

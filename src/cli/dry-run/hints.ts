// Hints about the scripts of a plan or a run, from their texts: `overhaul plan` and dry runs show them, and nothing else follows from them.
import { type HintedScript, type ScriptHint, scriptHints } from '../../domain/scripts/hints.js';
import { decodeOutput } from '../../domain/verdict/decode.js';

interface Read {
  platform: string;
  /** base64, as Qualys holds it. */
  content?: string | undefined;
}

/** None of a script whose content Qualys does not tell. */
export function hintsOf(
  { platform, content }: Read,
  { step, verdict }: { step: HintedScript['step']; verdict?: { output?: readonly unknown[] | undefined } | undefined },
): ScriptHint[] {
  if (content === undefined) return [];
  const text = decodeOutput(Buffer.from(content.replace(/\s+/g, ''), 'base64'));
  return scriptHints({ text, platform, step, readsOutput: (verdict?.output?.length ?? 0) > 0 });
}

/** `line 8: …`. */
export function hintText({ text, line }: ScriptHint): string {
  return line === undefined ? text : `line ${line}: ${text}`;
}

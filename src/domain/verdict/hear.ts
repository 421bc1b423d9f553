import { decodeOutput } from './decode.js';
import type { Heard } from './judge.js';
import { isGood } from './meaning.js';
import { linesOf, occursIn } from './pattern.js';
import type { Judging, OutputRule } from './rules.js';

/** Qualys takes "up to 1 MB" of a script's output (docs/qualys-api.md#asset-jobs): of one that long, the rest may have been cut off. */
const CUT_FROM_BYTES = 1_000_000;

/**
 * What output that came says by the rules; an empty one has been read as well. `absent`: what decides may stand in the part that was cut
 * off.
 */
export function hear(output: Uint8Array, { output: rules, encoding }: Pick<Judging, 'output' | 'encoding'>): Exclude<Heard, undefined> {
  const lines = linesOf(decodeOutput(output, encoding));
  const bytewise = hasZeros(output) ? linesOf(bytewiseText(output)) : undefined;
  const occurs = ({ pattern, is }: OutputRule): boolean =>
    occursIn(pattern, lines) || (bytewise !== undefined && !isGood(is) && occursIn(pattern, bytewise));
  const matched = rules.findIndex(occurs);
  if (output.length >= CUT_FROM_BYTES && mayBeOtherwise(rules, matched)) return 'absent';
  return matched < 0 ? 'none' : matched;
}

/** A rule that goes before, and says something else, may fit what is not there. */
function mayBeOtherwise(rules: readonly OutputRule[], matched: number): boolean {
  const found = rules[matched];
  if (!found) return true;
  return isGood(found.is) && rules.slice(0, matched).some(({ is }) => is !== found.is);
}

function hasZeros(output: Uint8Array): boolean {
  return output.includes(0);
}

/**
 * Programs of Windows write UTF-16 into the middle of other text, and the reverse: no decoding is right for both. Read byte by byte
 * without mark and zeros the ASCII of either stands there; bad news is taken from it, good news is not.
 */
function bytewiseText(output: Uint8Array): string {
  return Buffer.from(output)
    .toString('latin1')
    .replace(/^(ÿþ|þÿ)/, '')
    .replaceAll('\0', '');
}

import { decodeOutput } from './decode.js';
import type { Heard } from './judge.js';
import { linesOf, occursIn } from './pattern.js';
import type { Judging } from './rules.js';

/** What output that came says by the rules; an empty one has been read as well. */
export function hear(output: Uint8Array, { output: rules, encoding }: Pick<Judging, 'output' | 'encoding'>): Exclude<Heard, undefined> {
  const lines = linesOf(decodeOutput(output, encoding));
  const matched = rules.findIndex(({ pattern }) => occursIn(pattern, lines));
  return matched < 0 ? 'none' : matched;
}

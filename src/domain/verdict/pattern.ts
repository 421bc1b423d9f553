// Patterns over script output: RE2's syntax and its linear time. A backtracking engine would let one line of output stop a worker.
import { RE2JS } from 're2js';

/**
 * Instructions of one compiled pattern. The time for an output is at most their product with its length: 1 MB took 7 s with 188 of them in
 * the worst case found, `(a|b)*a(a|b){60}$` over random letters, and 0.1 s with those that people write.
 */
export const MAX_PATTERN_SIZE = 300;
/** Of all patterns of one verdict together. */
export const MAX_PATTERNS_SIZE = 2_000;

/** Lines apart: `^` and `$` are the ends of a line. Throws what `patternProblem` says. */
export function compilePattern(pattern: string): RE2JS {
  return RE2JS.compile(pattern, RE2JS.MULTILINE);
}

/** Why it is none, in RE2's words; undefined of a legal one. */
export function patternProblem(pattern: string): string | undefined {
  try {
    // Without flags, which the engine would quote as if the operator had written them.
    const size = RE2JS.compile(pattern).programSize();
    if (size > MAX_PATTERN_SIZE) return `is too large: ${size} instructions of at most ${MAX_PATTERN_SIZE}. Shorten it, or make several`;
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Instructions of a legal pattern; 0 of another. */
export function patternSize(pattern: string): number {
  try {
    return RE2JS.compile(pattern).programSize();
  } catch {
    return 0;
  }
}

/** Does the pattern occur in the text? Windows ends lines with two characters, of which RE2's `$` knows the second only. */
export function occursIn(pattern: RE2JS, lines: string): boolean {
  return pattern.test(lines);
}

/** Every line ends with a line feed alone. */
export function linesOf(text: string): string {
  return text.replace(/\r\n?/g, '\n');
}

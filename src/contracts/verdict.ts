// What a finished asset job means, as requests, plans and steps say it (docs/scripts.md).
import { z } from 'zod';
import { wellFormed } from '../domain/basics/well-formed.js';
import { encodingProblem } from '../domain/verdict/decode.js';
import { MEANINGS } from '../domain/verdict/meaning.js';
import { MAX_PATTERNS_SIZE, patternProblem, patternSize } from '../domain/verdict/pattern.js';
import { PRESET_NAMES } from '../domain/verdict/presets.js';
import { LIMITS, list, text } from './text.js';

const Meaning = z.enum(MEANINGS);

/** Not trimmed, and possibly empty: blanks are part of a pattern. */
const Pattern = z
  .string()
  .max(LIMITS.pattern, { error: `must have at most ${LIMITS.pattern.toLocaleString('en-US')} characters`, abort: true })
  .superRefine((pattern, ctx) => {
    const problem = wellFormed(pattern) === pattern ? patternProblem(pattern) : 'contains a lone surrogate or NUL: use plain Unicode text';
    if (problem !== undefined) ctx.addIssue({ code: 'custom', message: problem });
  });

const OutputRule = z.strictObject({ pattern: Pattern, is: Meaning });
const OutputRules = list(OutputRule, LIMITS.verdictRules).superRefine((rules, ctx) => {
  const size = rules.reduce((sum, { pattern }) => sum + patternSize(pattern), 0);
  if (size > MAX_PATTERNS_SIZE)
    ctx.addIssue({
      code: 'custom',
      message: `the patterns have ${size} instructions of at most ${MAX_PATTERNS_SIZE} together: shorten them`,
    });
});

const NOT_A_CODE = 'is no exit code: use a whole number, "none" (no code told) or "other" (any number that is not listed)';

/** A number as Qualys' rows have it: without a sign that says nothing, or a leading zero. */
const IS_CODE = /^(0|-?[1-9]\d{0,14}|none|other)$/;

const ExitCodes = z.record(z.string(), Meaning).superRefine(
  (codes, ctx) => {
    if (typeof codes !== 'object' || codes === null) return;
    const keys = Object.keys(codes);
    for (const key of keys) if (!IS_CODE.test(key)) ctx.addIssue({ code: 'custom', path: [key], message: NOT_A_CODE });
    if (keys.length > LIMITS.verdictRules)
      ctx.addIssue({ code: 'custom', path: [], message: `must have at most ${LIMITS.verdictRules} entries` });
  },
  { when: () => true },
);

const Encoding = text(LIMITS.name).superRefine((label, ctx) => {
  const problem = encodingProblem(label);
  if (problem !== undefined) ctx.addIssue({ code: 'custom', message: problem });
});

export const VerdictSchema = z.strictObject({
  /** The first that occurs in the output decides, before any exit code. */
  output: OutputRules.optional(),
  exitCodes: ExitCodes.optional(),
  encoding: Encoding.optional(),
  preset: z.enum(PRESET_NAMES).optional(),
});

/** Exit codes and output to meanings. */
export const VERDICTS: readonly string[] = [
  // The rule that decided (domain/verdict/judge.ts); null of what was decided before there were any.
  `ALTER TABLE attempts ADD COLUMN rule TEXT`,
  // What its output said, where the verdict goes by it: the place of a rule, 'none' or 'absent'.
  `ALTER TABLE attempts ADD COLUMN heard TEXT`,
];

// The table of what a campaign's steps mean (domain/campaign/asset-steps.ts) as SQL.
import type { LineFacts, RuleReason, StepRule } from '../../domain/campaign/asset-steps.js';
import type { Outcome } from '../../domain/run/outcome.js';

/** Names of two rows of `attempts`: the campaign's line of the asset, and the step's last attempt at it. */
export interface RuleRows {
  line: string;
  found: string;
}

export interface RuleSql {
  /** True where a row of the table fits. */
  fits: string;
  /** What the first that fits says; NULL where none does. */
  outcome: string;
  reason: string;
}

export function rulesSql(rules: readonly StepRule[], rows: RuleRows): RuleSql {
  const conditions = rules.map((rule) => conditionOf(rule, rows));
  const cases = (value: (rule: StepRule) => string): string =>
    `CASE ${rules.map((rule, index) => `WHEN ${conditions[index]} THEN ${value(rule)}`).join('\n      ')} END`;
  return {
    fits: `(${conditions.join('\n      OR ')})`,
    outcome: cases(({ outcome }) => outcomeSql(outcome, rows)),
    reason: cases(({ reason }) => reasonSql(reason, rows)),
  };
}

/** `column` is one of `outcomes`. */
export function isOneOf(column: string, outcomes: readonly Outcome[]): string {
  return `${column} IN (${outcomes.map(text).join(', ')})`;
}

function conditionOf({ found, foundReason, line, copy }: StepRule, rows: RuleRows): string {
  return [
    ...(found === 'nothing' ? [] : [isOneOf(`${rows.found}.outcome`, found)]),
    ...(foundReason === undefined ? [] : [`coalesce(${rows.found}.reason, '') = ${text(foundReason)}`]),
    ...(copy === undefined ? [] : [`${rows.found}.copy = ${text(copy)}`]),
    `(${line.map((facts) => factsSql(facts, rows.line)).join(' OR ')})`,
  ].join(' AND ');
}

function factsSql({ outcomes, begins, beginsNot, sent }: LineFacts, line: string): string {
  const startsWith = (start: string): string => `substr(coalesce(${line}.reason, ''), 1, ${start.length}) = ${text(start)}`;
  return [
    ...(outcomes ? [isOneOf(`${line}.outcome`, outcomes)] : []),
    ...(begins ? [`(${begins.map(startsWith).join(' OR ')})`] : []),
    ...(beginsNot ? [`NOT (${beginsNot.map(startsWith).join(' OR ')})`] : []),
    ...(sent === undefined ? [] : [`${line}.correlation_uuid IS ${sent ? 'NOT ' : ''}NULL`]),
  ].join(' AND ');
}

function outcomeSql(outcome: StepRule['outcome'], { line, found }: RuleRows): string {
  if (outcome === 'as found') return `${found}.outcome`;
  return outcome === 'as before' ? `${line}.outcome` : text(outcome);
}

function reasonSql({ text: start = '', word }: RuleReason, { line, found }: RuleRows): string {
  const before = text(start);
  switch (word) {
    case 'found reason':
      return `${found}.reason`;
    case 'found reason or outcome':
      return `${before} || coalesce(${found}.reason, ${found}.outcome)`;
    case 'found outcome':
      return `${before} || ${found}.outcome`;
    case 'line reason or outcome':
      return `${before} || coalesce(${line}.reason, ${line}.outcome)`;
    default:
      return start === '' ? 'NULL' : before;
  }
}

function text(word: string): string {
  return `'${word.replaceAll("'", "''")}'`;
}

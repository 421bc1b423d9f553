import { expect, test } from '@jest/globals';
import { lastWord } from './asset-job.js';
import { type Heard, judge } from './judge.js';
import { rulesOverFailed } from './over-failed.js';
import { judgingBy, type VerdictRules } from './rules.js';

test.each<[string, VerdictRules | undefined, string[]]>([
  ['nothing is said', undefined, []],
  ['a preset is', { preset: 'windows-installer' }, []],
  ['codes other than 0 are', { exitCodes: { '3010': 'succeeded', '101': 'skipped', none: 'succeeded' } }, []],
  ['0 is bad news', { exitCodes: { '0': 'failed', '1': 'succeeded' } }, []],
  ['0 is good news', { preset: 'windows-installer', exitCodes: { '0': 'succeeded' } }, ['verdict.exitCodes.0']],
  ['every other code is', { exitCodes: { '0': 'failed', other: 'skipped' } }, ['verdict.exitCodes.other']],
  [
    'output is',
    {
      output: [
        { pattern: 'VULNERABLE', is: 'failed' },
        { pattern: 'well', is: 'succeeded' },
      ],
    },
    ['verdict.output[1]'],
  ],
])('where %s', (_, rules, found) => {
  expect(rulesOverFailed(rules).map(({ rule }) => rule)).toEqual(found);
});

test('a rule that is named decides over Qualys’ own EXECUTION FAILED, and one of a preset does not', () => {
  const rules: VerdictRules = { output: [{ pattern: 'well', is: 'succeeded' }], exitCodes: { '0': 'succeeded', other: 'skipped' } };
  const judged = (exitCode: number, heard: Heard, by: VerdictRules = rules) => {
    const own = lastWord({ status: 'EXECUTION FAILED', exitCode });
    if (!own) throw new Error('it has ended');
    const { outcome, rule } = judge({ exitCode }, own, judgingBy(by, 'verify'), heard);
    return { rule, is: outcome };
  };
  expect([judged(1, 0), judged(0, 'none'), judged(7, 'none')]).toEqual(rulesOverFailed(rules));
  expect(judged(0, 'none', { preset: 'windows-installer' })).toEqual({ rule: 'default', is: 'failed' });
});

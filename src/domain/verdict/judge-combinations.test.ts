// Every status word with every code, output and step under every kind of rule, against the documented order (docs/requests.md) told once
// more as a list: the first line that applies decides.
import { describe, expect, test } from '@jest/globals';
import { lastWord } from './asset-job.js';
import { hear } from './hear.js';
import { type Heard, judge } from './judge.js';
import type { Meaning } from './meaning.js';
import { type Judging, judgingBy, type VerdictRules } from './rules.js';

const STEPS = [undefined, 'assess', 'remediate', 'verify', 'rollback'] as const;
const CODES = [undefined, 0, 1, 2, 33, 99, 101, 1337, 1603, 1618, 1641, 3010, -1];
/** `absent`: it did not come. */
const OUTPUTS = [
  'absent',
  '',
  'chatter',
  'VULNERABLE',
  'fixed',
  'VULNERABLE, not installed',
  'not installed',
  'cannot look',
  'fixed? VULNERABLE',
];

const PASSED = ['EXECUTION PASSED', 'SUCCESS', 'Passed'];
const FAILED = ['EXECUTION FAILED', 'FAILED', 'Failure', 'error'];
const UPLOADED = ['SCRIPT RESULT UPLOAD SUCCESS'];
const NOT_UPLOADED = ['SCRIPT RESULT UPLOAD FAILED'];
const UNKNOWN = ['PARKED', ''];
const ENDED = [...PASSED, ...FAILED, ...UPLOADED, ...NOT_UPLOADED, ...UNKNOWN];
const OPEN = ['MANIFEST ASSIGNED', 'pending', 'QUEUED', 'RUNNING', 'IN_PROGRESS', 'EXECUTION STARTED', 'MANIFEST PUBLISHED'];

const BAD_NEWS_FIRST: VerdictRules['output'] = [
  { pattern: 'VULNERABLE', is: 'failed' },
  { pattern: 'not installed', is: 'skipped' },
  { pattern: 'cannot look', is: 'unverified' },
  { pattern: 'fixed', is: 'succeeded' },
];
const CODES_OF_ALL: VerdictRules['exitCodes'] = {
  '0': 'succeeded',
  '2': 'skipped',
  '99': 'unverified',
  none: 'unverified',
  other: 'failed',
};

const RULES: [string, VerdictRules | undefined][] = [
  ['no rules', undefined],
  ['empty rules', {}],
  ['output', { output: BAD_NEWS_FIRST }],
  ['output that can only bring good news', { output: [{ pattern: 'fixed', is: 'succeeded' }] }],
  ['codes', { exitCodes: CODES_OF_ALL }],
  ['codes that are all good', { exitCodes: { none: 'succeeded', other: 'skipped' } }],
  ['codes that are all bad', { exitCodes: { '0': 'failed', none: 'failed', other: 'failed' } }],
  ['output and codes', { output: BAD_NEWS_FIRST, exitCodes: CODES_OF_ALL }],
  ['preset windows-installer', { preset: 'windows-installer' }],
  ['preset qualys-mitigation', { preset: 'qualys-mitigation' }],
  ['preset finding-by-code', { preset: 'finding-by-code' }],
  ['output and a preset', { output: BAD_NEWS_FIRST, preset: 'finding-by-code' }],
  ['codes and a preset', { exitCodes: { '1618': 'unverified', none: 'skipped', other: 'succeeded' }, preset: 'windows-installer' }],
  ['all three', { output: BAD_NEWS_FIRST, exitCodes: { '99': 'succeeded' }, preset: 'qualys-mitigation' }],
];

const PRESET_CODES: Record<NonNullable<VerdictRules['preset']>, Record<string, Meaning>> = {
  'windows-installer': { '0': 'succeeded', '1641': 'succeeded', '3010': 'succeeded', '1618': 'failed', other: 'failed' },
  'qualys-mitigation': { '0': 'succeeded', '1': 'failed', '33': 'skipped', '101': 'skipped', other: 'failed' },
  'finding-by-code': { '0': 'succeeded', other: 'failed', none: 'unverified' },
};

type Step = (typeof STEPS)[number];
interface Case {
  word: string;
  code: number | undefined;
  said: string;
  step: Step;
  rules: VerdictRules | undefined;
}

function* combinations(words: readonly string[], rules: VerdictRules | undefined): Generator<Case> {
  for (const word of words)
    for (const code of CODES) for (const said of OUTPUTS) for (const step of STEPS) yield { word, code, said, step, rules };
}

function judged({ word, code, said, step, rules }: Case): { outcome: string; rule: string } | undefined {
  const job = { status: word, exitCode: code, endedAt: 1 };
  const own = lastWord(job);
  if (!own) return undefined;
  const { judging, heard } = prepared(rules, step);
  const { outcome, rule } = judge(job, own, judging, heard.get(said));
  return { outcome, rule };
}

/** Patterns are compiled once, and each output is read once. */
function prepared(rules: VerdictRules | undefined, step: Step): { judging: Judging; heard: Map<string, Heard> } {
  const key = JSON.stringify([rules, step]);
  const known = PREPARED.get(key);
  if (known) return known;
  const judging = judgingBy(rules, step);
  const heard = new Map(OUTPUTS.map((said): [string, Heard] => [said, said === 'absent' ? 'absent' : hear(Buffer.from(said), judging)]));
  PREPARED.set(key, { judging, heard });
  return { judging, heard };
}

const PREPARED = new Map<string, { judging: Judging; heard: Map<string, Heard> }>();

const isGood = (outcome: Meaning | undefined): boolean => outcome === 'succeeded' || outcome === 'skipped';

function ownWord({ word, code }: Pick<Case, 'word' | 'code'>): Meaning {
  if (PASSED.includes(word)) return 'succeeded';
  if (FAILED.includes(word)) return 'failed';
  if (NOT_UPLOADED.includes(word) || code === undefined) return 'unverified';
  return code === 0 ? 'succeeded' : 'failed';
}

function byDocument({ word, code, said, step, rules = {} }: Case): { outcome: Meaning; rule: string } {
  const { output = [], exitCodes = {}, preset } = rules;
  const own = ownWord({ word, code });
  const heard = said === 'absent' ? -1 : output.findIndex(({ pattern }) => said.includes(pattern));
  const presets = preset === undefined ? {} : PRESET_CODES[preset];
  const key = String(code);
  const isStrict = step === 'assess' || step === 'verify';
  const hasNoCode = code === undefined;
  // A code that was not told makes nothing good where the job did not pass, and no riddle of a job of which Qualys says nothing.
  const mayGoByNone = (is: Meaning | undefined): boolean => (isGood(is) ? own === 'succeeded' : own !== 'unverified' || is === 'failed');
  const none = exitCodes['none'] ?? presets['none'];
  const lines: [applies: boolean, outcome: Meaning | undefined, rule: string][] = [
    [!hasNoCode, exitCodes[key], `verdict.exitCodes.${key}`],
    [!hasNoCode && !(code === 0 && own !== 'succeeded'), presets[key], `preset ${preset} ${key}`],
    [!hasNoCode && !(key in presets), exitCodes['other'], 'verdict.exitCodes.other'],
    [!hasNoCode && !(key in presets), presets['other'], `preset ${preset} other`],
    [hasNoCode && mayGoByNone(none), none, exitCodes['none'] ? 'verdict.exitCodes.none' : `preset ${preset} none`],
    [isStrict && own === 'succeeded' && !hasNoCode && code !== 0, 'failed', 'default'],
    [true, own, 'default'],
  ];
  const [, outcome = own, rule] = lines.find(([applies, is]) => applies && is !== undefined) as (typeof lines)[number];
  if (heard >= 0) return { outcome: output[heard]?.is as Meaning, rule: `verdict.output[${heard}]` };
  const isDeniable = said === 'absent' && isGood(outcome) && output.some(({ is }) => is !== outcome);
  return { outcome: isDeniable ? 'unverified' : outcome, rule };
}

describe.each(RULES)('under %s', (_, rules) => {
  test('every ended job is judged in the documented order', () => {
    const wrong = [...combinations(ENDED, rules)].flatMap((one) => {
      const [is, shouldBe] = [judged(one), byDocument(one)];
      return is?.outcome === shouldBe.outcome && is.rule === shouldBe.rule ? [] : [{ ...one, is, shouldBe }];
    });
    expect(wrong.slice(0, 3)).toEqual([]);
  });

  test('a job that has not ended is never judged', () => {
    expect([...combinations(OPEN, rules)].filter((one) => judged(one) !== undefined)).toEqual([]);
  });

  test('nothing is good that nobody has called good', () => {
    const wrong = [...combinations(ENDED, rules)].filter((one) => {
      const { outcome, rule } = judged(one) ?? {};
      const hasPassed = PASSED.includes(one.word) || (!NOT_UPLOADED.includes(one.word) && !FAILED.includes(one.word) && one.code === 0);
      const isStrict = one.step === 'assess' || one.step === 'verify';
      return outcome === 'succeeded' && rule === 'default' && (!hasPassed || (isStrict && (one.code ?? 0) !== 0));
    });
    expect(wrong).toEqual([]);
  });
});

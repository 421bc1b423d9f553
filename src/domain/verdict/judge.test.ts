import { describe, expect, test } from '@jest/globals';
import { lastWord } from './asset-job.js';
import { hear } from './hear.js';
import { type Heard, judge } from './judge.js';
import { judgingBy, type VerdictRules } from './rules.js';

const STEPS = [undefined, 'assess', 'remediate', 'verify', 'rollback'] as const;
type Step = (typeof STEPS)[number];
type Code = number | undefined;

/** Outcome, reason and rule on one line. */
function judged(
  [status, exitCode]: [string, Code],
  rules: VerdictRules | undefined,
  step: Step,
  said: string | 'absent' = 'absent',
): string {
  const job = { status, exitCode, endedAt: 1 };
  const own = lastWord(job);
  if (!own) return 'open';
  const judging = judgingBy(rules, step);
  const heard: Heard = said === 'absent' ? 'absent' : hear(Buffer.from(said), judging);
  const { outcome, reason, rule } = judge(job, own, judging, heard);
  return [outcome, reason, rule].filter((part) => part !== undefined).join(' | ');
}

const CODES: Code[] = [undefined, 0, 1, 33, 101, 1337, 1603, 3010];
const LENIENT: Step[] = [undefined, 'remediate', 'rollback'];
const STRICT: Step[] = ['assess', 'verify'];

describe('without rules', () => {
  test.each<[string, Code, string]>([
    ['EXECUTION PASSED', undefined, 'succeeded | default'],
    ['EXECUTION PASSED', 0, 'succeeded | default'],
    ['EXECUTION PASSED', 1337, 'succeeded | passed with exit code 1337 | default'],
    ['EXECUTION FAILED', undefined, 'failed | default'],
    ['EXECUTION FAILED', 0, 'failed | default'],
    ['EXECUTION FAILED', 1337, 'failed | default'],
    ['SCRIPT RESULT UPLOAD SUCCESS', undefined, 'unverified | verdict-unknown | default'],
    ['SCRIPT RESULT UPLOAD SUCCESS', 0, 'succeeded | default'],
    ['SCRIPT RESULT UPLOAD SUCCESS', 1337, 'failed | default'],
    ['SCRIPT RESULT UPLOAD FAILED', 0, 'unverified | result-upload-failed | default'],
    ['PARKED', undefined, 'unverified | unknown-status | default'],
    ['PARKED', 0, 'succeeded | default'],
    ['PARKED', 1337, 'failed | default'],
    ['MANIFEST ASSIGNED', 0, 'open'],
  ])('%s with code %p is Qualys’ own word in a run, a remedy and a rollback: %s', (status, code, verdict) => {
    for (const step of LENIENT) expect(judged([status, code], undefined, step)).toBe(verdict);
  });

  test.each<[string, Code, string]>([
    ['EXECUTION PASSED', undefined, 'succeeded | default'],
    ['EXECUTION PASSED', 0, 'succeeded | default'],
    ['EXECUTION PASSED', 1, 'failed | passed with exit code 1 | default'],
    ['EXECUTION PASSED', 1337, 'failed | passed with exit code 1337 | default'],
    ['SUCCESS', 99, 'failed | passed with exit code 99 | default'],
    ['EXECUTION FAILED', 0, 'failed | default'],
    ['EXECUTION FAILED', 1337, 'failed | default'],
    ['SCRIPT RESULT UPLOAD SUCCESS', undefined, 'unverified | verdict-unknown | default'],
    ['SCRIPT RESULT UPLOAD SUCCESS', 1337, 'failed | default'],
    ['SCRIPT RESULT UPLOAD FAILED', 1337, 'unverified | result-upload-failed | default'],
    ['PARKED', 1337, 'failed | default'],
    ['PARKED', undefined, 'unverified | unknown-status | default'],
    ['RUNNING', 1337, 'open'],
  ])('%s with code %p in an assessment and a verification: %s', (status, code, verdict) => {
    for (const step of STRICT) expect(judged([status, code], undefined, step)).toBe(verdict);
  });

  test('nothing is ever a success in an assessment or a verification that is none in a run', () => {
    for (const status of ['EXECUTION PASSED', 'EXECUTION FAILED', 'SCRIPT RESULT UPLOAD SUCCESS', 'SCRIPT RESULT UPLOAD FAILED', 'PARKED'])
      for (const code of CODES)
        for (const step of STRICT)
          if (judged([status, code], undefined, step).startsWith('succeeded')) expect([undefined, 0]).toContain(code);
  });
});

/** Of `EXECUTION PASSED` and `EXECUTION FAILED`, by code, the same in every step unless a third list has those of assess and verify. */
const BY_CODE: [string, VerdictRules, Code[], string[], string[], string[]?][] = [
  [
    'the contract’s own example',
    { exitCodes: { '0': 'succeeded', '101': 'skipped', other: 'failed' } },
    [0, 1, 101],
    [
      'succeeded | verdict.exitCodes.0',
      'failed | exit code 1 | verdict.exitCodes.other',
      'skipped | not-applicable | verdict.exitCodes.101',
    ],
    [
      'succeeded | verdict.exitCodes.0',
      'failed | exit code 1 | verdict.exitCodes.other',
      'skipped | not-applicable | verdict.exitCodes.101',
    ],
  ],
  [
    'one code that a failed job has',
    { exitCodes: { '1': 'skipped' } },
    [undefined, 0, 1, 1337],
    [
      'succeeded | default',
      'succeeded | default',
      'skipped | not-applicable | verdict.exitCodes.1',
      'succeeded | passed with exit code 1337 | default',
    ],
    ['failed | default', 'failed | default', 'skipped | not-applicable | verdict.exitCodes.1', 'failed | default'],
    [
      'succeeded | default',
      'succeeded | default',
      'skipped | not-applicable | verdict.exitCodes.1',
      'failed | passed with exit code 1337 | default',
    ],
  ],
  [
    'no code, and any other',
    { exitCodes: { none: 'unverified', other: 'unverified' } },
    [undefined, 0, 3],
    [
      'unverified | no exit code | verdict.exitCodes.none',
      'unverified | exit code 0 | verdict.exitCodes.other',
      'unverified | exit code 3 | verdict.exitCodes.other',
    ],
    [
      'unverified | no exit code | verdict.exitCodes.none',
      'unverified | exit code 0 | verdict.exitCodes.other',
      'unverified | exit code 3 | verdict.exitCodes.other',
    ],
  ],
  [
    'preset windows-installer',
    { preset: 'windows-installer' },
    [undefined, 0, 1603, 1618, 1641, 3010],
    [
      'succeeded | default',
      'succeeded | preset windows-installer 0',
      'failed | exit code 1603 | preset windows-installer other',
      'failed | another-installation-runs | preset windows-installer 1618',
      'succeeded | reboot-started | preset windows-installer 1641',
      'succeeded | reboot-needed | preset windows-installer 3010',
    ],
    [
      'failed | default',
      'failed | default',
      'failed | exit code 1603 | preset windows-installer other',
      'failed | another-installation-runs | preset windows-installer 1618',
      'succeeded | reboot-started | preset windows-installer 1641',
      'succeeded | reboot-needed | preset windows-installer 3010',
    ],
  ],
  [
    'preset qualys-mitigation',
    { preset: 'qualys-mitigation' },
    [0, 1, 33, 101, 7],
    [
      'succeeded | preset qualys-mitigation 0',
      'failed | exit code 1 | preset qualys-mitigation 1',
      'skipped | not-applicable | preset qualys-mitigation 33',
      'skipped | not-applicable | preset qualys-mitigation 101',
      'failed | exit code 7 | preset qualys-mitigation other',
    ],
    [
      'failed | default',
      'failed | exit code 1 | preset qualys-mitigation 1',
      'skipped | not-applicable | preset qualys-mitigation 33',
      'skipped | not-applicable | preset qualys-mitigation 101',
      'failed | exit code 7 | preset qualys-mitigation other',
    ],
  ],
  [
    'preset finding-by-code',
    { preset: 'finding-by-code' },
    [undefined, 0, 99, 1337],
    [
      'unverified | no exit code | preset finding-by-code none',
      'succeeded | preset finding-by-code 0',
      'failed | exit code 99 | preset finding-by-code other',
      'failed | exit code 1337 | preset finding-by-code other',
    ],
    [
      'unverified | no exit code | preset finding-by-code none',
      'failed | default',
      'failed | exit code 99 | preset finding-by-code other',
      'failed | exit code 1337 | preset finding-by-code other',
    ],
  ],
  [
    'explicit codes before those of a preset, whose own stand before «other»',
    { preset: 'windows-installer', exitCodes: { '1605': 'skipped', '3010': 'unverified', other: 'unverified' } },
    [0, 1603, 1605, 1641, 3010],
    [
      'succeeded | preset windows-installer 0',
      'unverified | exit code 1603 | verdict.exitCodes.other',
      'skipped | not-applicable | verdict.exitCodes.1605',
      'succeeded | reboot-started | preset windows-installer 1641',
      'unverified | exit code 3010 | verdict.exitCodes.3010',
    ],
    [
      'failed | default',
      'unverified | exit code 1603 | verdict.exitCodes.other',
      'skipped | not-applicable | verdict.exitCodes.1605',
      'succeeded | reboot-started | preset windows-installer 1641',
      'unverified | exit code 3010 | verdict.exitCodes.3010',
    ],
  ],
];

describe.each(BY_CODE)('exit codes: %s', (_, rules, codes, ...[passed, failed, strict = passed]) => {
  test.each(STEPS)('in step %p', (step) => {
    const isStrict = step === 'assess' || step === 'verify';
    expect(codes.map((code) => judged(['EXECUTION PASSED', code], rules, step))).toEqual(isStrict ? strict : passed);
    expect(codes.map((code) => judged(['EXECUTION FAILED', code], rules, step))).toEqual(failed);
  });
});

describe('where Qualys has no verdict of its own', () => {
  const rules: VerdictRules = { exitCodes: { '0': 'succeeded', none: 'succeeded', other: 'skipped' } };
  test.each<[string, Code, string]>([
    ['SCRIPT RESULT UPLOAD FAILED', 0, 'succeeded | verdict.exitCodes.0'],
    ['SCRIPT RESULT UPLOAD FAILED', undefined, 'unverified | result-upload-failed | default'],
    ['PARKED', 7, 'skipped | not-applicable | verdict.exitCodes.other'],
    ['PARKED', undefined, 'unverified | unknown-status | default'],
    ['EXECUTION FAILED', undefined, 'failed | default'],
    ['EXECUTION PASSED', undefined, 'succeeded | no exit code | verdict.exitCodes.none'],
    ['PENDING', 0, 'open'],
  ])('%s with code %p: a told code counts, and the lack of one is no success: %s', (status, code, verdict) => {
    for (const step of STEPS) expect(judged([status, code], rules, step)).toBe(verdict);
  });

  test('a preset’s 0 is believed only where the job passed', () => {
    expect(judged(['SCRIPT RESULT UPLOAD FAILED', 0], { preset: 'finding-by-code' }, 'verify')).toBe(
      'unverified | result-upload-failed | default',
    );
  });
});

describe('output rules', () => {
  const rules: VerdictRules = {
    output: [
      { pattern: '^VULNERABLE$', is: 'failed' },
      { pattern: '(?i)not installed', is: 'skipped' },
      { pattern: 'VULNERABLE', is: 'unverified' },
    ],
    exitCodes: { '0': 'succeeded', other: 'failed' },
  };
  test.each<[string, string]>([
    ['first line\r\nVULNERABLE\r\nlast', 'failed | told by its output | verdict.output[0]'],
    ['OpenSSL is Not Installed. VULNERABLE', 'skipped | not-applicable | verdict.output[1]'],
    ['maybe VULNERABLE', 'unverified | told by its output | verdict.output[2]'],
    ['all is well', 'succeeded | verdict.exitCodes.0'],
    ['', 'succeeded | verdict.exitCodes.0'],
  ])('go before exit codes and Qualys’ word, the first that occurs decides: %j', (output, verdict) => {
    for (const step of STEPS) expect(judged(['EXECUTION PASSED', 0], rules, step, output)).toBe(verdict);
    if (!verdict.includes('exitCodes')) expect(judged(['EXECUTION FAILED', 7], rules, 'verify', output)).toBe(verdict);
  });

  test.each<[string, Code, VerdictRules, Step, string]>([
    ['EXECUTION PASSED', 0, rules, 'verify', 'unverified | output-not-read | verdict.exitCodes.0'],
    ['EXECUTION PASSED', 7, rules, 'verify', 'failed | exit code 7 | verdict.exitCodes.other'],
    ['EXECUTION PASSED', undefined, { output: [{ pattern: 'x', is: 'failed' }] }, undefined, 'unverified | output-not-read | default'],
    ['EXECUTION FAILED', 1, { output: [{ pattern: 'x', is: 'succeeded' }] }, undefined, 'failed | default'],
    [
      'EXECUTION PASSED',
      101,
      { ...rules, preset: 'qualys-mitigation', exitCodes: {} },
      'remediate',
      'unverified | output-not-read | preset qualys-mitigation 101',
    ],
    ['EXECUTION PASSED', 0, { output: [{ pattern: 'x', is: 'succeeded' }] }, 'verify', 'succeeded | default'],
  ])('of output that did not come: %s, code %p, %j in step %p is %s', (status, code, given, ...[step, verdict]) => {
    expect(judged([status, code], given, step)).toBe(verdict);
  });

  test('an empty pattern occurs in every output that was read, and in none that was not', () => {
    const all: VerdictRules = { output: [{ pattern: '', is: 'skipped' }] };
    expect(judged(['EXECUTION PASSED', 0], all, undefined, '')).toBe('skipped | not-applicable | verdict.output[0]');
    expect(judged(['EXECUTION PASSED', 0], all, undefined)).toBe('unverified | output-not-read | default');
  });
});

test('a code is never looked up in what every object has', () => {
  expect(judged(['EXECUTION PASSED', 0], { exitCodes: {} }, 'verify')).toBe('succeeded | default');
  expect(judged(['EXECUTION PASSED', 5], JSON.parse('{"exitCodes":{"__proto__":"skipped"}}') as VerdictRules, 'verify')).toBe(
    'failed | passed with exit code 5 | default',
  );
});

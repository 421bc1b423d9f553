import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { parsePlan } from './plan.js';
import { parseRequest } from './request.js';
import { VerdictSchema } from './verdict.js';

const ALL = {
  output: [
    { pattern: '^VULNERABLE', is: 'failed' },
    { pattern: '', is: 'unverified' },
  ],
  exitCodes: { '0': 'succeeded', '-1': 'failed', '101': 'skipped', none: 'unverified', other: 'failed' },
  encoding: 'ibm866',
  preset: 'windows-installer',
};

function problems(verdict: unknown): Record<string, string> {
  const parsed = parseRequest({ script: 1, targets: { assetIds: [1] }, verdict });
  return parsed.ok ? {} : Object.fromEntries(parsed.problems.map(({ path, problem }) => [path, problem]));
}

describe('the verdict of a request', () => {
  test.each([[ALL], [{}], [{ output: [] }], [{ preset: 'finding-by-code' }]])('is taken as it is: %j', (verdict) => {
    expect(parseRequest({ script: 1, targets: { assetIds: [1] }, verdict })).toMatchObject({ ok: true, value: { verdict } });
  });

  test('has every problem told at once, in RE2’s words', () => {
    expect(
      problems({
        output: [
          { pattern: '(', is: 'failed' },
          { pattern: 'a', is: 'good' },
          { pattern: 'a\ud800', is: 'failed' },
          { pattern: '(?<=a)b' },
        ],
        exitCodes: { '01': 'failed', one: 'failed', '1.5': 'failed', '2': 'ok' },
        encoding: 'ibm437',
        preset: 'msi',
        codes: {},
      }),
    ).toEqual({
      'verdict.output[0].pattern': 'error parsing regexp: missing closing ): `(`',
      'verdict.output[1].is': 'must be one of succeeded, failed, skipped, unverified',
      'verdict.output[2].pattern': 'contains a lone surrogate or NUL: use plain Unicode text',
      'verdict.output[3].pattern': 'error parsing regexp: invalid named capture: `(?<=a)b`',
      'verdict.output[3].is': 'is missing: must be one of succeeded, failed, skipped, unverified',
      'verdict.exitCodes.01': 'is no exit code: use a whole number, "none" (no code told) or "other" (any number that is not listed)',
      'verdict.exitCodes.one': 'is no exit code: use a whole number, "none" (no code told) or "other" (any number that is not listed)',
      'verdict.exitCodes.1.5': 'is no exit code: use a whole number, "none" (no code told) or "other" (any number that is not listed)',
      'verdict.exitCodes.2': 'must be one of succeeded, failed, skipped, unverified',
      'verdict.encoding':
        '"ibm437" is not an encoding that can be decoded: use a WHATWG label such as "ibm866", "windows-1252" or "shift_jis"',
      'verdict.preset': 'must be one of windows-installer, qualys-mitigation, finding-by-code',
      'verdict.codes': 'unknown key',
    });
  });

  test.each<[string, unknown, string, string]>([
    [
      'a long pattern',
      { output: [{ pattern: 'a'.repeat(1_001), is: 'failed' }] },
      'verdict.output[0].pattern',
      'must have at most 1,000 characters',
    ],
    [
      'many rules',
      { output: Array.from({ length: 51 }, () => ({ pattern: 'a', is: 'failed' })) },
      'verdict.output',
      'must have at most 50 entries',
    ],
    [
      'many codes',
      { exitCodes: Object.fromEntries(Array.from({ length: 51 }, (_, code) => [String(code), 'failed'])) },
      'verdict.exitCodes',
      'must have at most 50 entries',
    ],
    [
      'a costly pattern',
      { output: [{ pattern: 'a{500}', is: 'failed' }] },
      'verdict.output[0].pattern',
      'is too large: 502 instructions of at most 300. Shorten it, or make several',
    ],
    [
      'costly patterns',
      { output: Array.from({ length: 9 }, () => ({ pattern: 'a{250}', is: 'failed' })) },
      'verdict.output',
      'the patterns have 2268 instructions of at most 2000 together: shorten them',
    ],
    ['no object', 'failed', 'verdict', 'must be an object, not text (its keys: output, exitCodes, encoding, preset)'],
  ])('is bounded: %s', (_, verdict, path, problem) => {
    expect(problems(verdict)[path]).toBe(problem);
  });
});

describe('the verdicts of a plan', () => {
  const plan = (more: object) => parsePlan({ name: 'p', targets: { assetIds: [1] }, steps: { remediate: 1 }, ...more });

  test('are those of its steps, and its own is that of the remedy', () => {
    const verdict = { preset: 'qualys-mitigation' };
    const steps = { assess: { script: 2, verdict: ALL }, remediate: 1, verify: { script: 2 } };
    const parsed = plan({ verdict, steps });
    expect(parsed).toMatchObject({
      ok: true,
      value: { steps: { assess: { script: '2', verdict: ALL }, remediate: { script: '1', verdict }, verify: { script: '2' } } },
    });
    expect(parsed.ok && 'verdict' in parsed.value).toBe(false);
    expect(plan({ steps: { ...steps, remediate: { script: 1, verdict } } })).toEqual(parsed);
  });

  test('are said once', () => {
    const verdict = { preset: 'qualys-mitigation' };
    expect(plan({ verdict, steps: { remediate: { script: 1, verdict } } })).toEqual({
      ok: false,
      problems: [{ path: 'verdict', problem: 'means the same as steps.remediate.verdict: keep one' }],
    });
  });

  test('are told by their paths where they are wrong', () => {
    const parsed = plan({
      steps: { remediate: 1, verify: { script: 2, verdict: { output: [{ pattern: '[', is: 'failed' }], preset: 'x' } } },
    });
    expect(!parsed.ok && parsed.problems.map(({ path }) => path)).toEqual([
      'steps.verify.verdict.output[0].pattern',
      'steps.verify.verdict.preset',
    ]);
  });
});

test('the JSON Schema shows it', () => {
  expect(Object.keys((z.toJSONSchema(VerdictSchema, { io: 'input' }) as { properties: object }).properties)).toEqual([
    'output',
    'exitCodes',
    'encoding',
    'preset',
  ]);
});

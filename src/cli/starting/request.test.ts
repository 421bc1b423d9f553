import { describe, expect, test } from '@jest/globals';
import { parseRequest } from '../../contracts/request.js';
import { type RequestOptions, requestFromOptions } from './request.js';

const FILES: Record<string, string> = {
  'ids.txt': '4\n5,6\r\n\n# done\n',
  'rules.yaml': 'exitCodes: { 0: succeeded, other: failed }',
  'broken.yaml': 'exitCodes: {',
};

function inputOf(options: RequestOptions, base?: unknown) {
  return requestFromOptions(options, { base, readText: (path) => FILES[path] ?? missing(path) });
}

function missing(path: string): never {
  throw new Error(`no such file ${path}`);
}

describe('a request from options', () => {
  test('has each field of the request', () => {
    const { input, problems } = inputOf({
      script: '72648',
      assets: ['1, 2', '3', '@ids.txt'],
      hosts: ['web-1'],
      tags: ['7'],
      query: 'car:name:web*',
      match: 'label',
      seenWithin: '7d',
      everything: true,
      exclude: ['2'],
      maxAssets: '50',
      reason: 'CVE',
      requestedBy: 'kim',
      waitForEasm: '3101',
      waitTimeout: '1h',
      strategy: 'auto',
      maxInFlight: '8',
      poll: '10s',
      deadline: '2h',
      output: 'failed',
      retryFailed: '1',
      retryAfter: '5m',
      unreachableWait: '1h',
      errorBudget: '5%',
      followUp: '{"kind":"recheck","on":"unresolved","after":"1d"}',
    });
    expect(problems).toEqual([]);
    expect(input).toEqual({
      script: '72648',
      targets: {
        assetIds: ['1', '2', '3', '4', '5', '6'],
        hostnames: ['web-1'],
        assetTagIds: ['7'],
        query: { source: 'car', filter: 'name:web*' },
        match: 'label',
        seenWithin: '7d',
        everything: true,
        excludedAssetIds: ['2'],
      },
      maxAssets: 50,
      reason: 'CVE',
      requestedBy: 'kim',
      waitFor: { easm: '3101', timeout: '1h' },
      strategy: 'auto',
      maxInFlight: 8,
      poll: { interval: '10s' },
      deadline: '2h',
      output: 'failed',
      retry: { failed: 1, after: '5m' },
      unreachable: { wait: '1h' },
      errorBudget: { max: '5%' },
      followUp: { kind: 'recheck', on: 'unresolved', after: '1d' },
    });
    expect(parseRequest(input).ok).toBe(true);
  });

  test('has no field that was not given', () => {
    expect(inputOf({ script: '1', assets: ['2'] }).input).toEqual({ script: '1', targets: { assetIds: ['2'] } });
  });

  test('wins over a file, field by field', () => {
    const base = { script: 1, targets: { assetIds: [1], excludedAssetIds: [9] }, retry: { failed: 2, after: '1m' }, output: 'none' };
    expect(inputOf({ assets: ['5'], retryFailed: '1', errorBudget: '3' }, base).input).toEqual({
      script: 1,
      targets: { assetIds: ['5'], excludedAssetIds: [9] },
      retry: { failed: 1, after: '1m' },
      output: 'none',
      errorBudget: { max: 3 },
    });
  });

  test('names every option that cannot be read at once', () => {
    const { problems } = inputOf({ assets: ['@gone'], query: 'linux', followUp: '{', errorBudget: '{' }, ['no request']);
    expect(problems).toEqual([
      { path: '--request', problem: 'must contain one request: an object with script and targets' },
      { path: '--assets', problem: 'cannot read file gone: no such file gone' },
      { path: '--query', problem: '"linux" has no source. Use SOURCE:FILTER, such as car:operatingSystem:linux' },
      { path: '--error-budget', problem: 'is not JSON: "{"' },
      { path: '--follow-up', problem: 'is not JSON: "{"' },
    ]);
  });

  test('asks for the unit of a duration that has none', () => {
    const { problems, input } = inputOf({ poll: '2', deadline: '1.5', retryAfter: '0', unreachableWait: '2h', waitTimeout: '4' });
    expect(problems).toEqual([
      { path: '--deadline', problem: '1.5 has no unit. Use 1.5s, 1.5m or 1.5h' },
      { path: '--wait-timeout', problem: '4 has no unit. Use 4s, 4m or 4h' },
      { path: '--poll', problem: '2 has no unit. Use 2s, 2m or 2h' },
    ]);
    expect(input).toMatchObject({ retry: { after: '0' }, unreachable: { wait: '2h' } });
  });

  test('leaves words that are no numbers to the schema', () => {
    expect(inputOf({ maxInFlight: 'many', errorBudget: 'few' }).input).toMatchObject({ maxInFlight: 'many', errorBudget: { max: 'few' } });
  });
});

test('a verdict stands in a file of its own', () => {
  expect(inputOf({ verdict: 'rules.yaml' })).toMatchObject({
    input: { verdict: { exitCodes: { '0': 'succeeded', other: 'failed' } } },
    problems: [],
  });
  for (const [file, problem] of [
    ['broken.yaml', 'broken.yaml:1 is not valid YAML'],
    ['none.yaml', 'cannot read file none.yaml: no such file none.yaml'],
  ] as const)
    expect(inputOf({ verdict: file }).problems).toEqual([{ path: '--verdict', problem: expect.stringContaining(problem) }]);
});

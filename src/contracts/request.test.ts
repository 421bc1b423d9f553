import { describe, expect, test } from '@jest/globals';
import { describeProblems, parseRequest } from './request.js';

const LEAST = { script: 72648, targets: { assetIds: [20452610] } };

function problems(input: unknown): Record<string, string> {
  const parsed = parseRequest(input);
  return parsed.ok ? {} : Object.fromEntries(parsed.problems.map(({ path, problem }) => [path, problem]));
}

describe('a request', () => {
  test('needs a script and a target; ids become text, durations milliseconds, the rest has its default', () => {
    expect(parseRequest(LEAST)).toEqual({
      ok: true,
      value: {
        script: '72648',
        targets: { assetIds: ['20452610'] },
        strategy: 'assets',
        maxInFlight: 4,
        poll: { interval: 30_000 },
        deadline: 21_600_000,
        output: 'all',
        retry: { failed: 0, after: 900_000 },
        unreachable: { wait: 0 },
      },
    });
  });

  test('has no error budget that it could never exceed', () => {
    const maximum = (max: unknown) => problems({ ...LEAST, errorBudget: { max } });
    expect(maximum('100%')).toEqual({});
    expect(maximum('100.5%')).toEqual({ 'errorBudget.max': 'must not be more than 100%' });
    expect(maximum('few')).toEqual({ 'errorBudget.max': 'must be a number of assets, or a percentage such as "5%"' });
  });

  test('takes ids as numbers or text, and a ticket by number too', () => {
    const parsed = parseRequest({
      script: '72648',
      targets: { assetIds: [' 0020452610 ', 20452611], assetTagIds: ['7'], excludedAssetIds: ['20452611'] },
      ticket: { system: 'jira', id: 1042 },
    });
    expect(parsed.ok && [parsed.value.targets, parsed.value.ticket]).toEqual([
      { assetIds: ['20452610', '20452611'], assetTagIds: ['7'], excludedAssetIds: ['20452611'] },
      { system: 'jira', id: '1042' },
    ]);
  });

  test('is told everything that is wrong with it at once, each under its path', () => {
    expect(
      problems({
        script: 0,
        targets: { assetIds: [1, 'x', 2 ** 53, 1.5], hostNames: ['a'], query: { source: 'cmdb', filter: '' } },
        poll: { interval: 'soon', every: 1 },
        followUp: { kind: 'schedule', on: 'always', scheduleType: 'ONCE' },
        deadlines: '1h',
      }),
    ).toEqual({
      script: 'must be a script id or exact title',
      'targets.assetIds[1]': expect.stringContaining('"x" is not an id'),
      'targets.assetIds[2]': expect.stringContaining('9007199254740992 is not an id'),
      'targets.assetIds[3]': expect.stringContaining('1.5 is not an id'),
      'targets.hostNames': 'unknown key; did you mean hostnames?',
      'targets.query.source': 'must be one of car, gav, gav-v1, edr',
      'targets.query.filter': 'must not be empty',
      'poll.interval': expect.stringContaining('"soon" is not a duration'),
      'poll.every': 'unknown key',
      'followUp.scheduleType': 'must be one of ONE_TIME, HOURLY, DAILY, WEEKLY, MONTHLY',
      deadlines: 'unknown key; did you mean deadline?',
    });
  });

  test('that misspells its only target is told both', () => {
    expect(Object.keys(problems({ script: 1, targets: { assetids: [1] } }))).toEqual(['targets.assetids', 'targets']);
  });

  test.each([
    ['10,000 ids and names', 9_999, {}],
    [
      '10,001',
      10_000,
      { 'targets.hostnames': '10001 assets and hostnames exceed the limit of 10000: select a larger cohort by tag or query' },
    ],
  ])('names at most 10,000 assets: %s', (_count, ids, expected) => {
    const assetIds = Array.from({ length: ids }, (_, index) => index + 1);
    expect(problems({ script: 1, targets: { assetIds, hostnames: ['one-more'] } })).toEqual(expected);
  });

  test.each([['text'], [null], [undefined], [[]], [7]])('is no %j', (input) => {
    expect(Object.keys(problems(input))).toEqual(['']);
  });
});

test('many problems make one sentence of at most 500 characters that says how many there are', () => {
  const parsed = parseRequest({ script: 1, targets: { assetIds: Array.from({ length: 300 }, () => 'x') } });
  const sentence = parsed.ok ? '' : describeProblems(parsed.problems);
  expect(sentence).toMatch(/^The request has 300 problems: targets\.assetIds\[0\]: "x" is not an id/);
  expect(sentence.length).toBeLessThanOrEqual(500);
});

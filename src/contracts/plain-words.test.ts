// cspell:ignore fialed deadlin rechek
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { SimulatorOptionsSchema } from '../simulator/options.js';
import { ConfigFileSchema } from './config/file.js';
import { CampaignPlanSchema } from './plan.js';
import { problemsOf } from './problems.js';
import { RemediationRequestSchema } from './request.js';

function words(schema: z.ZodType, input: unknown): string[] {
  const parsed = schema.safeParse(input);
  return parsed.success ? [] : problemsOf(parsed.error, schema).map(({ path, problem }) => (path ? `${path}: ${problem}` : problem));
}

const Kind = z.discriminatedUnion('kind', [z.object({ kind: z.literal('schedule') }), z.object({ kind: z.literal('recheck') })]);

describe('what a schema says', () => {
  test.each<[z.ZodType, unknown, string]>([
    [z.string(), undefined, 'is missing: must be text'],
    [z.string(), null, 'is empty: must be text'],
    [z.string(), 72648, 'must be text, not a number: write "72648", in quotes'],
    [z.string(), true, 'must be text, not true or false: write "true", in quotes'],
    [z.string(), ['a'], 'must be text, not a list'],
    [z.number(), '4', 'must be a number, not text: write 4 without quotes'],
    [z.number(), 'four', 'must be a number, not text'],
    [z.number(), Number.NaN, 'must be a number'],
    [z.number().int(), 1.5, 'must be a whole number, not 1.5'],
    [z.number().int(), 1e300, 'must be at most 9,007,199,254,740,991'],
    [z.boolean(), 'True', 'must be true or false, not text: write true without quotes'],
    [z.boolean(), 'yes', 'must be true or false, not text'],
    [z.array(z.string()), 'web-1', 'must be a list, not text: write [ ] around it'],
    [z.array(z.string()), {}, 'must be a list, not an object'],
    [z.object({ max: z.number(), counts: z.number() }), 5, 'must be an object, not a number (its keys: max, counts)'],
    [z.object({ max: z.number() }), undefined, 'is missing: must be an object (its key: max)'],
    [z.record(z.string(), z.string()), [], 'must be an object, not a list'],
    [z.enum(['all', 'failed', 'none']), 'fialed', 'must be one of all, failed, none; did you mean failed?'],
    [z.enum(['all', 'failed', 'none']), 'some', 'must be one of all, failed, none'],
    [z.enum(['all', 'failed']), undefined, 'is missing: must be one of all, failed'],
    [z.literal(true), false, 'must be true'],
    [z.literal('24 h'), 1, 'must be "24 h"'],
    [z.number().max(10), 11, 'must be at most 10'],
    [z.number().lt(10), 10, 'must be less than 10'],
    [z.number().min(1_000), 1, 'must be at least 1,000'],
    [z.number().positive(), 0, 'must be more than 0'],
    [z.number().multipleOf(5), 7, 'must be a multiple of 5'],
    [z.string().min(1), '', 'must not be empty'],
    [z.string().min(2), 'a', 'must have at least 2 characters'],
    [z.string().max(3), 'abcd', 'must have at most 3 characters'],
    [z.string().length(3), 'ab', 'must have exactly 3 characters'],
    [z.array(z.number()).min(1), [], 'must have at least one entry'],
    [z.array(z.number()).max(1), [1, 2], 'must have at most 1 entry'],
    [z.string().regex(/^a+$/), 'b', 'must match the pattern /^a+$/'],
    [z.string().startsWith('x-'), 'b', 'must start with "x-"'],
    [z.string().endsWith('.yaml'), 'b', 'must end with ".yaml"'],
    [z.string().includes('@'), 'b', 'must contain "@"'],
    [z.url(), 'b', 'must be a URL'],
    [z.uuid(), 'b', 'must be a UUID'],
    [z.strictObject({ deadline: z.string().optional() }), { deadlin: 1 }, 'deadlin: unknown key; did you mean deadline?'],
    [z.record(z.string().max(2), z.string()), { abc: 'x' }, 'abc: is a key that cannot stand here: must have at most 2 characters'],
    [z.map(z.string(), z.number()), new Map([['a', 'b']]), 'a: must be a number, not text'],
    [Kind, {}, 'kind: is missing: must be one of schedule, recheck'],
    [Kind, { kind: 'rechek' }, 'kind: must be one of schedule, recheck; did you mean recheck?'],
    [z.union([z.string(), z.number()]), null, 'is empty: must be text, or a number'],
    [z.union([z.string(), z.number()]), [], 'must be text, or a number'],
    [z.union([z.string(), z.object({ a: z.number() })]), { a: 'x' }, 'a: must be a number, not text'],
    [z.string().refine(() => false), 'x', 'cannot be used here'],
    [z.string().refine(() => false, 'is not nice'), 'x', 'is not nice'],
  ])('%#: of %j', (schema, input, expected) => {
    expect(words(schema, input)).toEqual([expected]);
  });
});

/** zod's own words, of any kind of issue. */
const RAW = /Invalid|Too (big|small)|Unrecognized|expected|received|Expected/;

const WRONG = [undefined, null, true, -1, 0.5, 1e300, Number.NaN, '', 'x', 'x'.repeat(30_000), [], [null], {}, { unknown: 1 }, [[{}]]];

const SCHEMAS: [string, z.ZodType, unknown][] = [
  [
    'a request',
    RemediationRequestSchema,
    {
      ...{
        script: 1,
        maxAssets: 1,
        scriptSha256: 'a',
        reason: 'x',
        requestedBy: 'x',
        waitFor: { easm: true, timeout: '1h' },
        output: 'all',
      },
      targets: {
        ...{ assetIds: [1], hostnames: ['x'], match: 'exact', assetTagIds: [1], query: { source: 'car', filter: 'x' } },
        ...{ excludedAssetIds: [1], seenWithin: '7d', everything: true, despiteOpenCopies: true },
      },
      ...{ ticket: { hook: 'x', system: 'x', id: 1, url: 'x' }, strategy: 'assets', maxInFlight: 4, poll: { interval: '30s' } },
      ...{ deadline: '6h', retry: { failed: 0, after: '15m' }, unreachable: { wait: 0 } },
      errorBudget: { max: '10%', counts: ['failed'], minimum: 1, strict: true },
      verdict: { output: [{ pattern: 'x', is: 'failed' }], exitCodes: { 1: 'failed' }, encoding: 'utf-8', preset: 'qualys-mitigation' },
      followUp: {
        ...{ kind: 'schedule', on: 'always', script: 1, title: 'x', scheduleType: 'WEEKLY', startDate: '2026-01-01', startTime: '10:00' },
        ...{ endDate: '2026-01-02', after: '1h', hourlyInterval: 1, daysOfWeek: ['MON'], recurrenceDate: 1, recurrenceMonth: 1 },
      },
    },
  ],
  [
    'a plan',
    CampaignPlanSchema,
    {
      name: 'x',
      targets: { assetIds: [1] },
      steps: {
        ...{ assess: 1, remediate: { script: 1, sha256: 'a', after: '15m', verdict: {} }, rollback: 2 },
        verify: { script: 1, after: { checkIn: true, within: '1h' } },
      },
      waves: [{ name: 'x', size: 5, tag: 1, approval: { quorum: 1, expires: '1h', approvers: ['x'] }, soak: '1h', inconclusive: 1 }],
      ...{ approval: { quorum: 1, allowRequester: true }, soak: '1h', inconclusive: '5%', onBreach: 'pause', seed: 'x', conflict: 'wait' },
      windows: [{ days: ['MON'], from: '22:00', to: '06:00', timezone: 'UTC' }],
      blackouts: [{ from: '2026-01-01', to: '2026-01-02', timezone: 'UTC' }],
      followUp: { kind: 'recheck', on: 'always', after: '1h', script: 1 },
    },
  ],
  [
    'a configuration',
    ConfigFileSchema,
    {
      playbooks: {
        a: { run: { script: 1 }, targets: { choose: ['query'], max: 1, match: 'exact', seenWithin: '1d' }, approval: { quorum: 1 } },
        b: { campaign: { name: 'x', steps: { remediate: 1 } } },
      },
      hooks: {
        a: {
          ...{ system: 'standard', secrets: [{ env: 'X' }], playbook: { from: 'a', allow: ['a'] } },
          ...{ map: { url: 'a' }, ticket: 'x', read: { url: 'a' }, approved: 'a' },
        },
      },
      tickets: { a: { system: 'jira', url: 'http://x', username: { env: 'X' }, password: { file: 'x' }, token: { env: 'X' } } },
      policy: {
        ...{ approval: { aboveAssets: 1 }, caps: { callsPerHour: 1, executionsPerDay: 1, concurrency: 1 }, executeInterval: '1m' },
        ...{ scripts: { allow: [1] }, neverTouch: { assetIds: [1], tags: [1], hostnames: ['x'], unknown: 'warn' } },
      },
      access: { tokens: [{ name: 'x', role: 'viewer', token: { env: 'X' } }], oidc: { issuer: 'http://x', audience: 'x', roles: 'x' } },
      notifications: [{ url: 'http://x', secret: { env: 'X' }, events: ['wave'] }],
      network: { allow: ['10.0.0.0/8'] },
    },
  ],
  [
    "a simulator's options",
    SimulatorOptionsSchema,
    { scripts: [{ id: 1, title: 'x', reboots: { awayMs: { min: 1, max: 2 } } }], limits: {}, faults: {} },
  ],
];

/** The input with each of the wrong values at each of its places, one after the other, and left out. */
function* spoilt(value: unknown): Generator<unknown> {
  yield* WRONG;
  if (Array.isArray(value)) for (const [index, part] of value.entries()) for (const other of spoilt(part)) yield value.with(index, other);
  else if (typeof value === 'object' && value !== null)
    for (const [key, part] of Object.entries(value)) for (const other of spoilt(part)) yield { ...value, [key]: other };
}

describe.each(SCHEMAS)('%s, wrong at any place', (_, schema, good) => {
  test('is never told in the words of the library', () => {
    const said = new Set([...spoilt(good)].flatMap((input) => words(schema, input)));
    expect(said.size).toBeGreaterThan(20);
    expect([...said].filter((text) => RAW.test(text))).toEqual([]);
  });
});

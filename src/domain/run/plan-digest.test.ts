import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson } from '../basics/canonical-json.js';
import { adjustedLimits, type FrozenPlan, frozenRun, overridesOf, planDigest, planDrift } from './plan-digest.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const digest = (frozen: FrozenPlan): string => planDigest(frozen, sha256);

const FROZEN: FrozenPlan = {
  plan: {
    name: 'patch-openssl',
    steps: { remediate: { script: '72648', sha256: 'a'.repeat(64) }, verify: { script: 'Verify OpenSSL' } },
    waves: [
      { name: 'canary', size: 5, approval: { quorum: 2, approvers: ['ann', 'bob'], expires: 259_200_000 }, soak: 86_400_000 },
      { name: 'rest' },
    ],
    errorBudget: { max: '5%', counts: ['failed', 'missing'], minimum: 10, strict: true },
    onBreach: 'pause',
    windows: [{ days: ['sat', 'sun'], from: '22:00', to: '04:00', timezone: 'Europe/Berlin' }],
    blackouts: [{ from: '2026-12-24', to: '2027-01-02', timezone: 'Europe/Berlin' }],
    maxInFlight: 4,
    deadline: 21_600_000,
    retry: { failed: 0, after: 900_000 },
    strategy: 'assets',
    output: 'all',
  },
  scripts: { remediate: { id: '72648', title: 'Patch OpenSSL', sha256: 'a'.repeat(64) }, verify: { id: '72601', title: 'Verify OpenSSL' } },
  cohort: { size: 120, digest: 'c'.repeat(64) },
  waves: [
    { name: 'canary', size: 5 },
    { name: 'rest', size: 115 },
  ],
};

type Leaf = { path: (string | number)[]; value: unknown };
const leaves = (value: unknown, path: (string | number)[] = []): Leaf[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, part]) => leaves(part, [...path, Array.isArray(value) ? Number(key) : key]))
    : [{ path, value }];

/** The same value with one leaf replaced, or left out. */
function changed<T>(value: T, [key, ...rest]: (string | number)[], leaf: unknown): T {
  if (key === undefined) return leaf as T;
  if (Array.isArray(value)) return value.map((part, index) => (index === key ? changed(part, rest, leaf) : part)) as T;
  return Object.fromEntries(
    Object.entries(value as object).map(([name, part]) => [name, name === key ? changed(part, rest, leaf) : part]),
  ) as T;
}

function reversedKeys<T>(value: T): T {
  if (Array.isArray(value)) return value.map(reversedKeys) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, part]) => [key, reversedKeys(part)]),
  ) as T;
}

const LEAVES = leaves(FROZEN);

describe("a plan's digest", () => {
  test('is 64 hexadecimal digits, and the same for the same plan', () => {
    expect(digest(FROZEN)).toMatch(/^[0-9a-f]{64}$/);
    expect(digest(structuredClone(FROZEN))).toBe(digest(FROZEN));
  });

  test.each(LEAVES.map(({ path, value }) => [path.join('.'), path, value] as const))('changes with %s', (_, path, value) => {
    const other = typeof value === 'string' ? `${value}x` : typeof value === 'number' ? value + 1 : !value;
    expect(digest(changed(FROZEN, [...path], other))).not.toBe(digest(FROZEN));
    expect(digest(changed(FROZEN, [...path], undefined))).not.toBe(digest(FROZEN));
  });

  test('does not depend on the order of keys, nor on keys without a value', () => {
    expect(digest(reversedKeys(FROZEN))).toBe(digest(FROZEN));
    expect(digest({ ...FROZEN, plan: { ...FROZEN.plan, followUp: undefined } })).toBe(digest(FROZEN));
  });

  test('depends on the order of waves', () => {
    expect(digest({ ...FROZEN, waves: [...FROZEN.waves].reverse() })).not.toBe(digest(FROZEN));
  });

  test('leaves the targets to the cohort', () => {
    const named = { ...FROZEN, plan: { ...FROZEN.plan, targets: { assetIds: ['1'] } } };
    expect(digest(named)).toBe(digest(FROZEN));
  });

  test('of two plans is the same only when they are, whatever is in them', () => {
    const plans = fc.dictionary(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(plans, plans, (one, other) => {
        const [first, second] = [one, other].map((plan) => ({ ...FROZEN, plan })) as [FrozenPlan, FrozenPlan];
        expect(digest(first)).toBe(digest({ ...first, plan: reversedKeys(one) }));
        const same = canonicalJson({ ...one, targets: 0 }) === canonicalJson({ ...other, targets: 0 });
        expect(digest(first) === digest(second)).toBe(same);
      }),
    );
  });
});

describe('the drift between two plans', () => {
  test('names what changed, what joined and what went', () => {
    const now: FrozenPlan = {
      ...changed(FROZEN, ['plan', 'waves', 0, 'size'], 6),
      cohort: { size: 121, digest: 'd'.repeat(64) },
      waves: [
        { name: 'canary', size: 6 },
        { name: 'rest', size: 115 },
        { name: 'late', size: 0 },
      ],
    };
    expect(planDrift(FROZEN, now)).toEqual([
      'cohort.digest',
      'cohort.size',
      'plan.waves[0].size',
      'waves[0].size',
      'waves[2].name',
      'waves[2].size',
    ]);
    expect(planDrift(FROZEN, now, 2)).toEqual(['cohort.digest', 'cohort.size']);
  });

  test('is empty exactly when the digests are the same', () => {
    expect(planDrift(FROZEN, reversedKeys(FROZEN))).toEqual([]);
    for (const { path } of LEAVES) expect(planDrift(FROZEN, changed(FROZEN, [...path], undefined))).not.toEqual([]);
  });
});

describe("a run's digest", () => {
  const REQUEST = { script: '7', maxInFlight: 4, deadline: 21_600_000, errorBudget: { max: '5%' }, retry: { failed: 1, after: 900_000 } };
  const RUN = {
    request: REQUEST,
    script: { id: '7', title: 'Patch', sha256: 'a'.repeat(64) },
    followUpScript: { id: '8', title: 'Look', sha256: 'b'.repeat(64) },
    cohort: { size: 3, digest: 'c'.repeat(64) },
  };
  const of = (run: Parameters<typeof frozenRun>[0]) => digest(frozenRun(run));

  test.each(leaves(RUN).map(({ path, value }) => [path.join('.'), path, value] as const))('changes with %s', (_, path, value) => {
    const other = typeof value === 'string' ? `${value}x` : Number(value) + 1;
    expect(of(changed(RUN, [...path], other))).not.toBe(of(RUN));
    expect(of(changed(RUN, [...path], undefined))).not.toBe(of(RUN));
  });

  test('is the same for the same request, whatever else is in it, and another for any other', () => {
    const requests = fc.dictionary(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(requests, requests, (one, other) => {
        expect(of({ ...RUN, request: one })).toBe(of({ ...RUN, request: reversedKeys(one) }));
        const same = canonicalJson({ ...one, targets: 0 }) === canonicalJson({ ...other, targets: 0 });
        expect(of({ ...RUN, request: one }) === of({ ...RUN, request: other })).toBe(same);
      }),
    );
  });

  test('changes with every limit that operators adjust, and comes back with them', () => {
    const limits = fc.record({ maxInFlight: fc.integer({ min: 1, max: 5 }), deadlineMs: fc.constantFrom(21_600_000, 1_000) });
    const budgets = fc.constantFrom(undefined, { max: '5%' }, { max: 1 }, { max: 1, strict: true });
    fc.assert(
      fc.property(limits, budgets, limits, budgets, (one, oneBudget, other, otherBudget) => {
        const adjusted = (now: typeof one, errorBudget: unknown) =>
          of({ ...RUN, adjusted: adjustedLimits(REQUEST, { ...now, errorBudget }) });
        const same = canonicalJson([one, oneBudget ?? null]) === canonicalJson([other, otherBudget ?? null]);
        expect(adjusted(one, oneBudget) === adjusted(other, otherBudget)).toBe(same);
      }),
    );
    expect(adjustedLimits(REQUEST, { maxInFlight: 4, deadlineMs: 21_600_000, errorBudget: { max: '5%' } })).toBeUndefined();
  });
});

describe('what the targets set aside', () => {
  const run = { request: { script: '7' }, script: { id: '7', title: 'Patch' }, cohort: FROZEN.cohort };

  test('is in the digest of a run and of a campaign, and named as what differs', () => {
    const overrides = overridesOf({ despiteOpenCopies: true });
    expect(digest(frozenRun({ ...run, overrides }))).not.toBe(digest(frozenRun(run)));
    expect(digest({ ...FROZEN, overrides })).not.toBe(digest(FROZEN));
    expect(planDrift(FROZEN, { ...FROZEN, overrides })).toEqual(['overrides.despiteOpenCopies']);
  });

  test('is nothing where nothing is set aside: false says no more than its absence', () => {
    for (const targets of [{}, { despiteOpenCopies: false }])
      expect(digest(frozenRun({ ...run, overrides: overridesOf(targets) }))).toBe(digest(frozenRun(run)));
  });
});

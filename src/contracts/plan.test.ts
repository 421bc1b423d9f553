import { describe, expect, test } from '@jest/globals';
import { type CampaignPlan, PlaybookCampaignSchema, parsePlan, wavesOf } from './plan.js';

const LEAST = { name: 'patch-openssl', steps: { remediate: 72648 }, targets: { assetTagIds: [7] } };
const HASH = 'a'.repeat(64);

function problems(input: unknown): Record<string, string> {
  const parsed = parsePlan(input);
  return parsed.ok ? {} : Object.fromEntries(parsed.problems.map(({ path, problem }) => [path, problem]));
}

function plan(changes: object): CampaignPlan {
  const parsed = parsePlan({ ...LEAST, ...changes });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

describe('a plan', () => {
  test('needs a name, a script and a target; the rest has its default', () => {
    expect(parsePlan(LEAST)).toEqual({
      ok: true,
      value: {
        name: 'patch-openssl',
        targets: { assetTagIds: ['7'] },
        steps: { remediate: { script: '72648' } },
        waves: [{ name: 'all' }],
        onBreach: 'pause',
        conflict: 'wait',
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

  test('takes everything that the contract has', () => {
    const written = {
      ...LEAST,
      seed: 'autumn',
      steps: {
        assess: 'Is OpenSSL old?',
        remediate: { script: 72648, sha256: HASH.toUpperCase() },
        verify: { script: '72601' },
        rollback: 72700,
      },
      waves: [
        { name: 'canary', size: 5, approval: false, soak: '1d', errorBudget: { max: 0 } },
        { name: 'lab', tag: 77, inconclusive: '50%' },
        { name: 'ring', size: '10%', approval: { quorum: 2, expires: '3d', approvers: ['ann', 'bob'], allowRequester: true } },
        { name: 'rest' },
      ],
      errorBudget: { max: '5%', counts: ['failed', 'missing'], minimum: 10, strict: true },
      approval: { quorum: 1 },
      soak: '4h',
      inconclusive: 3,
      onBreach: 'rollback',
      conflict: 'skip',
      windows: [{ days: ['SAT', 'SUN'], from: '22:00', to: '04:00', timezone: 'Europe/Berlin' }],
      blackouts: [{ from: '2026-12-24', to: '2027-01-02', timezone: 'Europe/Berlin' }],
      deadline: '12h',
      unreachable: { wait: '7d' },
      requestedBy: 'cid',
      followUp: { kind: 'recheck', on: 'unresolved', after: '7d' },
    };
    expect(parsePlan(written)).toMatchObject({
      ok: true,
      value: {
        steps: {
          assess: { script: 'Is OpenSSL old?' },
          remediate: { script: '72648', sha256: HASH },
          verify: { script: '72601' },
          rollback: { script: '72700' },
        },
        waves: [{ soak: 86_400_000, approval: false }, { tag: '77' }, { approval: { quorum: 2, expires: 259_200_000 } }, { name: 'rest' }],
        soak: 14_400_000,
        deadline: 43_200_000,
        followUp: { after: 604_800_000 },
      },
    });
  });

  test('has the hash of its script in one place, wherever it was written', () => {
    expect(plan({ scriptSha256: HASH })).toEqual(plan({ steps: { remediate: { script: 72648, sha256: HASH } } }));
    expect(problems({ ...LEAST, scriptSha256: HASH, steps: { remediate: { script: 1, sha256: 'b'.repeat(64) } } })).toEqual({
      scriptSha256: 'differs from steps.remediate.sha256, which means the same: keep one',
    });
  });

  test('is told everything that is wrong with it at once, each under its path', () => {
    expect(
      problems({
        name: ' ',
        targets: { assetIds: ['x'] },
        script: 5,
        steps: { remediate: { script: 1, sha: 'b' }, verify: { script: 0, sha256: 'abc' }, check: 1 },
        waves: [
          { name: 'canary', size: 0 },
          { name: 'Canary', size: '5 percent' },
          { name: 'ring', approval: { quorum: 0, expires: 'soon' } },
          { name: 'rest', size: 3, tag: 7, soak: -1, budget: 3 },
        ],
        errorBudget: { max: 'few' },
        onBreach: 'rollback',
        windows: [{ days: ['SAT'], from: '22:00', to: '04:00', timezone: 'Berlin' }],
        followUp: { kind: 'recheck', on: 'always' },
        approval: { quorum: 2, approvers: ['ann', 'bob'] },
        requestedBy: 'ann',
      }),
    ).toEqual({
      name: 'must not be empty',
      'targets.assetIds[0]': expect.stringContaining('"x" is not an id'),
      script: 'unknown key',
      'steps.remediate.sha': 'unknown key',
      'steps.verify.script': 'must be a script id or exact title',
      'steps.verify.sha256': 'must be a SHA-256 hash, 64 hexadecimal digits',
      'steps.check': 'unknown key',
      'steps.rollback': 'is required with onBreach: rollback',
      'waves[0].size': 'must be at least 1',
      'waves[1].size': 'must be a number of assets, or a percentage such as "5%"',
      'waves[1].name': '"Canary" is already the name of a wave (case is ignored)',
      'waves[2]': 'has neither size nor tag, so it takes the rest: make it the last wave',
      'waves[2].approval.quorum': 'must be more than 0',
      'waves[2].approval.expires': expect.stringContaining('"soon" is not a duration'),
      'waves[3]': 'has both size and tag: a wave with a tag takes all assets with that tag',
      'waves[3].soak': expect.stringContaining('-1 is not a duration'),
      'waves[3].budget': 'unknown key',
      'errorBudget.max': 'must be a number of assets, or a percentage such as "5%"',
      'windows[0].timezone': expect.stringContaining('Berlin'),
      'followUp.after': expect.stringContaining('duration'),
      approval: 'a quorum of 2 can never be reached: the number of approvers without the requester (ann) is 1',
    });
  });

  test.each<[string, object[], Record<string, string>]>([
    ['100% in all', [{ size: '33.3%' }, { size: '33.3%' }, { size: '33.4%' }], {}],
    ['100% and a rest that may be empty', [{ size: '100%' }, {}], {}],
    ['percent, count and rest', [{ size: '5%' }, { size: 50 }, {}], {}],
    ['counts alone, which the cohort decides', [{ size: 5 }, { size: 50 }], {}],
    ['tags', [{ tag: 5 }, { tag: '6' }], {}],
    [
      'more than everything',
      [{ size: '60%' }, { size: '60%' }, {}],
      { waves: 'the waves add up to 120% of the cohort: reduce them to 100%' },
    ],
    [
      'less than everything',
      [{ size: '10%' }, { size: '50%' }],
      { waves: 'the waves add up to only 60% of the cohort: add a last wave without size for the rest' },
    ],
    [
      'a wave of more than everything',
      [{ size: '101%' }],
      { 'waves[0].size': 'must not be more than 100%', waves: expect.stringContaining('101%') as unknown as string },
    ],
    ['a wave of nothing', [{ size: '0%' }, {}], { 'waves[0].size': 'must be more than 0%' }],
    ['no wave', [], { waves: 'name at least one wave, or omit waves for a single wave' }],
  ])('may have waves of %s, or is told why not', (_, waves, expected) => {
    expect(problems({ ...LEAST, waves: waves.map((wave, index) => ({ name: `w${index}`, ...wave })) })).toEqual(expected);
  });

  test.each([
    ['waves', 'all'],
    ['steps', 72648],
    ['waves', [5]],
    ['targets', undefined],
  ])('whose %s is %j is refused, not thrown at', (key, value) => {
    expect(Object.keys(problems({ ...LEAST, [key]: value }))[0]).toMatch(new RegExp(`^${key}`));
  });

  test.each([['text'], [null], [undefined], [[]], [7]])('is no %j', (input) => {
    expect(Object.keys(problems(input))).toEqual(['']);
  });
});

describe('what a step waits for', () => {
  const steps = { assess: 1, remediate: 2, verify: 3, rollback: 4 };

  test.each(['remediate', 'verify', 'rollback'] as const)('is a time past the step before, or a check-in: of %s', (step) => {
    const of = (after: unknown) => plan({ steps: { ...steps, [step]: { script: 9, after } } }).steps[step]?.after;
    expect([of('20s'), of(900_000), of({ checkIn: true, within: '30m' })]).toEqual([20_000, 900_000, { checkIn: true, within: 1_800_000 }]);
  });

  test.each<[unknown, Record<string, string>]>([
    ['0s', { 'steps.verify.after': 'must be more than 0 and at most 30d' }],
    ['31d', { 'steps.verify.after': 'must be more than 0 and at most 30d' }],
    ['soon', { 'steps.verify.after': 'must be a duration such as "15m", or { checkIn: true, within: "30m" }' }],
    [{ checkIn: true, within: '31d' }, { 'steps.verify.after.within': 'must be more than 0 and at most 30d' }],
    [{ checkIn: true }, { 'steps.verify.after.within': 'must be a duration: a number and a unit, such as 90s, 15m, 4h or 7d' }],
    [true, { 'steps.verify.after': 'must be a duration such as "15m", or { checkIn: true, within: "30m" }' }],
  ])('has its bounds: %j', (after, found) => {
    expect(problems({ ...LEAST, steps: { ...steps, verify: { script: 3, after } } })).toEqual(found);
  });

  test('is refused of the first step, behind which there is nothing to wait for', () => {
    const refused = (step: string) => `waits for the step before, and ${step} is the first step: remove it, or use a window or soak`;
    expect(problems({ ...LEAST, steps: { remediate: { script: 2, after: '1m' }, verify: 3 } })).toEqual({
      'steps.remediate.after': refused('remediate'),
    });
    expect(problems({ ...LEAST, steps: { ...steps, assess: { script: 1, after: '1m' } } })).toEqual({
      'steps.assess.after': refused('assess'),
    });
  });
});

test('a wave has its own rules, else those of the plan, else the defaults', () => {
  const gates = {
    approval: { quorum: 2 },
    soak: '4h',
    errorBudget: { max: '5%' },
    inconclusive: '10%',
    waves: [{ name: 'canary', size: 5, approval: false, soak: 0, errorBudget: { max: 0 }, inconclusive: 1 }, { name: 'rest' }],
  };
  expect(wavesOf(plan(gates))).toEqual([
    { name: 'canary', size: 5, soakMs: 0, errorBudget: { max: 0 }, inconclusive: 1 },
    { name: 'rest', approval: { quorum: 2, allowRequester: false }, soakMs: 14_400_000, errorBudget: { max: '5%' }, inconclusive: '10%' },
  ]);
  expect(wavesOf(plan({}))).toEqual([{ name: 'all', soakMs: 0, inconclusive: '20%' }]);
});

test('a playbook’s campaign is a plan without targets', () => {
  const { targets: _targets, ...campaign } = LEAST;
  expect(PlaybookCampaignSchema.parse(campaign).steps).toEqual({ remediate: { script: '72648' } });
  expect(PlaybookCampaignSchema.safeParse(LEAST).success).toBe(false);
  expect(PlaybookCampaignSchema.safeParse({ ...campaign, onBreach: 'rollback' }).success).toBe(false);
});

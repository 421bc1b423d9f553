import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Candidate, type Evidence, GIVE_UP_MS, LONGEST_DOUBT_MS, PROOF_MS, resolve, STABLE_MS } from './resolve.js';

const T0 = 1_700_000_000_000;

const candidate = (changes: Partial<Candidate> = {}): Candidate => ({
  jobId: '900',
  correlationUuid: 'u-900',
  createdAt: T0,
  assetIds: ['1', '2', '3'],
  allTerminal: true,
  sameSince: T0,
  attribution: 'ours',
  ...changes,
});

const evidence = (changes: Partial<Evidence> = {}): Evidence => ({
  polledAt: T0 + STABLE_MS,
  firstPoll: { at: T0, jobs: [{ id: '800', createdAt: T0 - 60_000 }] },
  inDoubtMs: 0,
  requestIsOver: true,
  complete: true,
  requested: ['1', '2', '3'],
  unlisted: [],
  candidates: [candidate()],
  newestJobs: [{ id: '950', createdAt: T0 + 1 }],
  ...changes,
});

const ADOPTED = { kind: 'adopt', jobId: '900', correlationUuid: 'u-900', createdAt: T0, twins: [], why: expect.any(String) };
/** Another job on the same assets. */
const other = (changes: Partial<Candidate> = {}): Candidate =>
  candidate({ jobId: '901', correlationUuid: 'u-901', createdAt: T0 + 1_000, ...changes });
const TWIN = { jobId: '901', correlationUuid: 'u-901', createdAt: T0 + 1_000 };

describe('a job is adopted', () => {
  test.each<[string, Partial<Evidence>]>([
    ['when it is settled, ours by the trail, and hits exactly our assets', {}],
    ['also while our request could still arrive', { requestIsOver: false, firstPoll: undefined }],
    ['when it lacks only an asset that Qualys lists no more', { candidates: [candidate({ assetIds: ['1', '2'] })], unlisted: ['3'] }],
    [
      'when an offline asset keeps it open but its set has not changed for five minutes',
      { candidates: [candidate({ allTerminal: false })], polledAt: T0 + PROOF_MS },
    ],
    ['beside a job on other assets', { candidates: [candidate(), candidate({ jobId: '901', assetIds: ['1', '2', '3', '4'] })] }],
    [
      'beside a job that stopped growing without our assets',
      { candidates: [candidate(), candidate({ jobId: '901', assetIds: ['1'], attribution: 'absent' })], polledAt: T0 + PROOF_MS },
    ],
    ['when the trail has stayed silent for five minutes', { candidates: [candidate({ attribution: 'silent' })], polledAt: T0 + PROOF_MS }],
  ])('%s', (_, changes) => {
    expect(resolve(evidence(changes))).toEqual(ADOPTED);
  });
});

describe('a job on exactly our assets, made in time, is adopted whoever sent it', () => {
  test.each<Candidate['attribution']>(['absent', 'unclear', 'foreign', 'silent'])('five minutes after it was made: %s', (attribution) => {
    const at = (polledAt: number) => resolve(evidence({ candidates: [candidate({ attribution })], polledAt }));
    expect(at(T0 + PROOF_MS - 1).kind).toBe('still-in-doubt');
    expect(at(T0 + PROOF_MS)).toEqual(ADOPTED);
  });

  test.each<Candidate['attribution']>(['foreign', 'unclear', 'absent'])(
    'beside ours, which the trail chooses, to be watched with it: %s',
    (attribution) => {
      const candidates = [other({ attribution, createdAt: T0 - 1_000 }), candidate()];
      expect(resolve(evidence({ candidates }))).toEqual({ ...ADOPTED, twins: [{ ...TWIN, createdAt: T0 - 1_000 }] });
    },
  );

  test.each<Candidate['attribution']>(['ours', 'silent', 'foreign'])(
    'the earlier of two of which nobody can say more than %s, both watched',
    (attribution) => {
      const candidates = [other({ attribution }), candidate({ attribution })];
      expect(resolve(evidence({ candidates, polledAt: T0 + PROOF_MS })).kind).toBe('still-in-doubt');
      expect(resolve(evidence({ candidates, polledAt: T0 + PROOF_MS + 1_000 }))).toEqual({ ...ADOPTED, twins: [TWIN] });
    },
  );

  test.each<[Candidate['attribution'], Candidate['attribution']]>([
    ['foreign', 'absent'],
    ['foreign', 'unclear'],
    ['absent', 'ours'],
  ])('not the earlier one where the trail calls it %s and the later one %s', (earlier, later) => {
    const candidates = [other({ attribution: earlier, createdAt: T0 - 1_000 }), candidate({ attribution: later })];
    const resolution = resolve(evidence({ candidates, polledAt: T0 + PROOF_MS }));
    expect(resolution).toEqual({ ...ADOPTED, twins: [{ ...TWIN, createdAt: T0 - 1_000 }], why: 'the audit trail decided' });
  });

  test("of two that the trail calls ours the earlier one, however early another user's is", () => {
    const foreign = other({ jobId: '902', attribution: 'foreign', createdAt: T0 - 2_000 });
    const resolution = resolve(evidence({ candidates: [foreign, other(), candidate()], polledAt: T0 + PROOF_MS + 1_000 }));
    expect(resolution).toMatchObject({ jobId: '900', why: 'the earlier one stands' });
  });

  test.each<[string, string, Partial<Candidate>[]]>([
    ['alone', 'the only job on exactly these assets', [{ attribution: 'absent' }]],
    [
      "alone, and another user's",
      'the only job on exactly these assets, although the audit trail names another user',
      [{ attribution: 'foreign' }],
    ],
    ['ours', 'the audit trail calls it ours', [{}]],
    [
      "all another user's",
      'the earlier one stands, although the audit trail names another user',
      [{ attribution: 'foreign' }, { attribution: 'foreign', jobId: '901' }],
    ],
  ])('which says why: %s', (_, why, candidates) => {
    expect(resolve(evidence({ candidates: candidates.map(candidate), polledAt: T0 + PROOF_MS }))).toMatchObject({ jobId: '900', why });
  });

  test.each<[string, Partial<Evidence>]>([
    ['made after our request could have arrived', { candidates: [candidate({ attribution: 'absent', inTime: false })] }],
    ['while our request may still arrive', { requestIsOver: false }],
    ['while a row could not be read', { complete: false }],
    ['that lacks an asset which Qualys lists', { candidates: [candidate({ attribution: 'absent', assetIds: ['1', '2'] })] }],
    [
      'beside a job of ours that has not reached all assets',
      { candidates: [candidate({ attribution: 'foreign' }), other({ assetIds: ['1'] })] },
    ],
  ])('but not one %s', (_, changes) => {
    const seen = evidence({ candidates: [candidate({ attribution: 'absent' })], polledAt: T0 + PROOF_MS, ...changes });
    expect(resolve(seen).kind).toBe('still-in-doubt');
  });

  test('and is never ruled out as foreign: while it is possible nothing is sent again', () => {
    const seen = evidence({ candidates: [candidate({ attribution: 'foreign', sameSince: T0 + PROOF_MS })], polledAt: T0 + PROOF_MS });
    expect(resolve(seen).kind).toBe('still-in-doubt');
    const wider = candidate({ attribution: 'absent', assetIds: ['1', '2', '3', '4'] });
    expect(resolve(evidence({ candidates: [wider], polledAt: T0 + PROOF_MS })).kind).toBe('not-executed');
  });
});

describe('a job is not adopted', () => {
  test.each<[string, Partial<Candidate>[], number]>([
    ['on its first poll, however terminal', [{ sameSince: T0 + STABLE_MS }], STABLE_MS],
    ['one millisecond before its set was stable for a minute', [{}], STABLE_MS - 1],
    ['while it is open and its set stable for less than five minutes', [{ allTerminal: false }], PROOF_MS - 1],
    ['while it lacks an asset that Qualys still lists', [{ assetIds: ['1', '2'] }], STABLE_MS],
    ['before it has any asset', [{ assetIds: [] }], STABLE_MS],
    ['without a record of it in the trail', [{ attribution: 'absent' }], PROOF_MS - 1],
    ['while another record is as likely its own', [{ attribution: 'unclear' }], PROOF_MS - 1],
    ['by a trail that was silent for less than five minutes', [{ attribution: 'silent' }], PROOF_MS - 1],
    ['when two are proved', [{}, { jobId: '901' }], PROOF_MS - 1],
    ['when the trail is silent about two', [{ attribution: 'silent' }, { jobId: '901', attribution: 'silent' }], PROOF_MS - 1],
    ['while another of ours still grows', [{}, { jobId: '901', assetIds: ['1'], sameSince: T0 + 1_000 }], STABLE_MS],
  ])('%s', (_, candidates, afterMs) => {
    const resolution = resolve(evidence({ candidates: candidates.map(candidate), polledAt: T0 + afterMs }));
    expect(resolution).toEqual({ kind: 'still-in-doubt', why: `${candidates.length} job(s) could be ours, none proven` });
  });

  test('and after thirty minutes without proof the fate is unverified', () => {
    const candidates = [candidate({ attribution: 'absent', assetIds: ['1', '2'] })];
    expect(resolve(evidence({ candidates, polledAt: T0 + GIVE_UP_MS }))).toEqual({
      kind: 'unverified',
      why: '1 job(s) could be ours, and none could be proven',
    });
    expect(resolve(evidence({ candidates, polledAt: T0 + GIVE_UP_MS - 1 })).kind).toBe('still-in-doubt');
  });
});

describe('an execute is proved not executed', () => {
  const none = { candidates: [], polledAt: T0 + PROOF_MS, newestJobs: [{ id: '950', createdAt: T0 + 1 }] };

  test('by two polls five minutes apart and a newer row in the index', () => {
    expect(resolve(evidence(none))).toEqual({ kind: 'not-executed' });
  });

  test.each<[string, Partial<Evidence>]>([
    ['a millisecond less has passed', { polledAt: T0 + PROOF_MS - 1 }],
    ['the request could still arrive', { requestIsOver: false }],
    ['this is the first poll', { firstPoll: undefined }],
    ['the index shows no row newer than the first poll', { newestJobs: [{ id: '950', createdAt: T0 }] }],
    [
      'the newer row was there at the first poll, whose clock was behind',
      { firstPoll: { at: T0 - 600_000, jobs: [{ id: '950', createdAt: T0 + 1 }] } },
    ],
    [
      'the new row is older than one that was there at the first poll',
      { firstPoll: { at: T0 - 600_000, jobs: [{ id: '940', createdAt: T0 + 2 }] } },
    ],
    ['the index shows no row at all', { newestJobs: [] }],
  ])('not when %s', (_, changes) => {
    expect(resolve(evidence({ ...none, ...changes }))).toEqual({ kind: 'still-in-doubt', why: 'no job found so far' });
  });

  test.each<[string, Partial<Candidate>]>([
    ['stopped growing hours ago without all of our assets', { assetIds: ['1', '2'], sameSince: T0 - 7_200_000 }],
    ['has no asset yet', { assetIds: [], sameSince: T0 - 7_200_000, attribution: 'absent' }],
    ['may be ours or not', { attribution: 'unclear', assetIds: ['1'], sameSince: T0 - 7_200_000 }],
  ])('not while a job on nothing but our assets %s', (_, changes) => {
    expect(resolve(evidence({ ...none, candidates: [candidate(changes)] })).kind).toBe('still-in-doubt');
  });

  test('and without a newer row it is given up after thirty minutes', () => {
    expect(resolve(evidence({ ...none, newestJobs: [], polledAt: T0 + GIVE_UP_MS }))).toEqual({
      kind: 'unverified',
      why: 'no job found, and the index showed no newer job that would prove it is current',
    });
  });
});

test('a clock that jumps at every poll ends the doubt by our own, and proves nothing', () => {
  const seen = evidence({ candidates: [], firstPoll: undefined, inDoubtMs: LONGEST_DOUBT_MS });
  expect(resolve(seen).kind).toBe('unverified');
  expect(resolve({ ...seen, inDoubtMs: LONGEST_DOUBT_MS - 1 }).kind).toBe('still-in-doubt');
  expect(resolve({ ...seen, candidates: [candidate({ attribution: 'absent' })] }).kind).toBe('unverified');
});

test('a job without a correlation UUID is never adopted, and keeps its execution from being sent again', () => {
  const seen = evidence({ candidates: [candidate({ correlationUuid: '' })], polledAt: T0 + PROOF_MS });
  expect(resolve(seen).kind).toBe('still-in-doubt');
  expect(resolve({ ...seen, polledAt: T0 + GIVE_UP_MS }).kind).toBe('unverified');
});

test('nothing is proved by a poll that may have missed our job', () => {
  const seen = evidence({ candidates: [], polledAt: T0 + PROOF_MS });
  expect(resolve(seen).kind).toBe('not-executed');
  expect(resolve({ ...seen, complete: false }).kind).toBe('still-in-doubt');
  expect(resolve({ ...seen, complete: false, polledAt: T0 + GIVE_UP_MS }).kind).toBe('unverified');
});

describe('whatever is seen', () => {
  const anyCandidate = fc.record<Candidate>({
    jobId: fc.constantFrom('900', '901', '902'),
    correlationUuid: fc.constantFrom('a', 'b', 'c'),
    createdAt: fc.integer({ min: T0 - 600_000, max: T0 + 600_000 }),
    assetIds: fc.uniqueArray(fc.constantFrom('1', '2', '3', '4'), { maxLength: 4 }),
    allTerminal: fc.boolean(),
    sameSince: fc.integer({ min: T0 - 600_000, max: T0 + 600_000 }),
    attribution: fc.constantFrom('ours', 'foreign', 'absent', 'unclear', 'silent'),
  });
  const anyJob = fc.record({ id: fc.constantFrom('800', '801', '802'), createdAt: fc.integer({ min: T0, max: T0 + 2_400_000 }) });
  const anyEvidence = fc.record<Evidence>({
    polledAt: fc.integer({ min: T0, max: T0 + 2_400_000 }),
    firstPoll: fc.option(fc.record({ at: fc.integer({ min: T0, max: T0 + 600_000 }), jobs: fc.array(anyJob, { maxLength: 3 }) }), {
      nil: undefined,
    }),
    inDoubtMs: fc.integer({ min: -60_000, max: 7_200_000 }),
    requestIsOver: fc.boolean(),
    complete: fc.boolean(),
    requested: fc.constant(['1', '2', '3']),
    unlisted: fc.subarray(['1', '2', '3']),
    candidates: fc.array(anyCandidate, { maxLength: 4 }),
    newestJobs: fc.array(anyJob, { maxLength: 3 }),
  });

  test('a job with an asset that was not asked for, or a foreign one on other assets than ours, is never adopted', () => {
    fc.assert(
      fc.property(anyEvidence, (seen) => {
        const resolution = resolve(seen);
        if (resolution.kind !== 'adopt') return;
        const adopted = seen.candidates.filter(
          ({ jobId, correlationUuid }) => jobId === resolution.jobId && correlationUuid === resolution.correlationUuid,
        );
        const covers = (ids: readonly string[]) => seen.requested.every((id) => ids.includes(id) || seen.unlisted.includes(id));
        expect(
          adopted.some(
            ({ assetIds, attribution }) =>
              !assetIds.includes('4') && assetIds.length > 0 && (attribution !== 'foreign' || covers(assetIds)),
          ),
        ).toBe(true);
      }),
      { numRuns: 5_000 },
    );
  });

  test('nothing is proved not executed while a job on nothing but our assets may be ours', () => {
    fc.assert(
      fc.property(anyEvidence, (seen) => {
        fc.pre(seen.candidates.some(({ assetIds, attribution }) => !assetIds.includes('4') && attribution !== 'foreign'));
        expect(resolve(seen).kind).not.toBe('not-executed');
      }),
      { numRuns: 5_000 },
    );
  });

  test('a sequence of polls adopts a growing foreign job at no moment', () => {
    const steps = fc.array(fc.record({ waitMs: fc.integer({ min: 1_000, max: 59_000 }), grows: fc.boolean() }), {
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(steps, fc.shuffledSubarray(['1', '2', '3', '4', '5'], { minLength: 5 }), (polls, order) => {
        let polledAt = T0;
        let shown = 0;
        let sameSince = T0;
        for (const { waitMs, grows } of polls) {
          polledAt += waitMs;
          if ((grows || polledAt - sameSince >= STABLE_MS - 59_000) && shown < 5) {
            shown += 1;
            sameSince = polledAt;
          }
          const candidates = [candidate({ assetIds: order.slice(0, shown), sameSince, attribution: 'silent', allTerminal: true })];
          expect(resolve(evidence({ candidates, polledAt })).kind).not.toBe('adopt');
        }
      }),
    );
  });
});

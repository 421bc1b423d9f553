import { describe, expect, test } from '@jest/globals';
import { nextOpenings } from '../calendar/windows.js';
import { forecast } from './forecast.js';
import type { ForecastFacts, ForecastLimits, ForecastOpening, ForecastWave } from './forecast-facts.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const T0 = Date.UTC(2026, 10, 14, 12, 0);

const limits = (changes: Partial<ForecastLimits> = {}): ForecastLimits => ({
  maxInFlight: 100_000,
  executionsPerDay: 1_000_000,
  executionsLeftToday: 1_000_000,
  callsPerHour: 1_000_000,
  callsLeft: 1_000_000,
  callsPerExecution: 1,
  executeIntervalMs: 0,
  ...changes,
});

const wave = (executions: number, changes: Partial<ForecastWave> = {}): ForecastWave => ({
  name: 'all',
  assets: executions * 25,
  steps: [{ name: 'remediate', executions }],
  soakMs: 0,
  approval: false,
  ...changes,
});

const facts = (changes: Partial<ForecastFacts> = {}): ForecastFacts => ({
  startsAt: T0,
  waves: [wave(10)],
  limits: limits(),
  executionMs: 10 * MINUTE,
  ...changes,
});

/** Every day from 22:00 to 23:00 UTC: the first opening is ten hours after T0. */
function nightly(at: number): ForecastOpening {
  const first = T0 + 10 * HOUR;
  const day = Math.max(0, Math.floor((at - first) / DAY));
  const opensAt = first + day * DAY;
  return at < opensAt + HOUR ? { opensAt, closesAt: opensAt + HOUR } : { opensAt: opensAt + DAY, closesAt: opensAt + DAY + HOUR };
}

describe('a forecast of one wave', () => {
  test.each<[string, ForecastFacts, number | undefined, string | undefined]>([
    // 4 at once, three rounds of ten minutes
    ['held back by concurrency', facts({ limits: limits({ maxInFlight: 4 }) }), 30 * MINUTE, 'concurrency'],
    // the tenth starts nine minutes after the first
    ['held back by the interval', facts({ limits: limits({ executeIntervalMs: MINUTE }) }), 19 * MINUTE, 'interval'],
    // 1,000 now, 1,000 tomorrow, 500 the day after
    [
      'held back by the daily quota',
      facts({ waves: [wave(2_500)], limits: limits({ executionsPerDay: 1_000, executionsLeftToday: 1_000 }) }),
      2 * DAY + 10 * MINUTE,
      'daily-quota',
    ],
    // 200 now; 1,000 tomorrow, when what was spent before is back; 300 the day after
    [
      'that begins with a quota partly spent',
      facts({ waves: [wave(1_500)], limits: limits({ executionsPerDay: 1_000, executionsLeftToday: 200 }) }),
      2 * DAY + 10 * MINUTE,
      'daily-quota',
    ],
    // 100 an hour for calls, 30 of them now; 100 in an hour; 20 in two
    [
      'held back by calls',
      facts({ waves: [wave(150)], limits: limits({ callsPerHour: 300, callsLeft: 90, callsPerExecution: 3 }) }),
      2 * HOUR + 10 * MINUTE,
      'calls',
    ],
    // one in three hours, the first one now
    [
      'for which an hour of calls is less than an execution',
      facts({ waves: [wave(3)], limits: limits({ callsPerHour: 1, callsLeft: 3, callsPerExecution: 3 }) }),
      6 * HOUR + 10 * MINUTE,
      'calls',
    ],
    // 22:00 and 22:30 tonight, 22:00 tomorrow
    [
      'held back by windows',
      facts({ waves: [wave(3)], limits: limits({ maxInFlight: 1 }), executionMs: 30 * MINUTE, nextOpening: nightly }),
      10 * HOUR + DAY + 30 * MINUTE,
      'windows',
    ],
    // 22:00, and tomorrow: from 22:40 on an execution would end after the window
    [
      'of which an execution must end inside its window',
      facts({ waves: [wave(2)], limits: limits({ maxInFlight: 1 }), executionMs: 40 * MINUTE, nextOpening: nightly }),
      10 * HOUR + DAY + 40 * MINUTE,
      'windows',
    ],
    // an execution of ten minutes every five: two in flight and the interval bind alike
    [
      'held back by two limits alike, of which the one that is named was waited for longer',
      facts({ waves: [wave(5)], limits: limits({ maxInFlight: 2, executeIntervalMs: 5 * MINUTE }) }),
      30 * MINUTE,
      'interval',
    ],
    ['that nothing holds back', facts(), 10 * MINUTE, undefined],
    ['with nothing to send', facts({ waves: [wave(0)] }), 0, undefined],
    ['that fits into no window', facts({ executionMs: 2 * HOUR, nextOpening: nightly }), undefined, 'windows'],
    ['that no window is left for', facts({ nextOpening: () => undefined }), undefined, 'windows'],
    ['in a window that stays open', facts({ nextOpening: () => ({ opensAt: T0 + HOUR }) }), HOUR + 10 * MINUTE, 'windows'],
    ['whose offline assets are given up at the deadline', facts({ waves: [wave(10, { lastVerdictMs: 6 * HOUR })] }), 6 * HOUR, undefined],
  ])('%s', (_, given, endsAfterMs, bottleneck) => {
    const { endsAt, bottleneck: found } = forecast(given);
    expect([endsAt === undefined ? undefined : endsAt - T0, found]).toEqual([endsAfterMs, bottleneck]);
  });

  test('a million assets by id at 1,000 executions a day take 40 days: 25,000 a day', () => {
    const given = facts({
      waves: [wave(40_000)],
      limits: limits({
        executionsPerDay: 1_000,
        executionsLeftToday: 1_000,
        executeIntervalMs: MINUTE,
        maxInFlight: 40,
        callsPerHour: 300,
        callsLeft: 300,
        callsPerExecution: 1.5,
      }),
    });
    const { endsAt, waves, calls, executions, bottleneck } = forecast(given);
    expect(waves[0]?.assets).toBe(1_000_000);
    // 999 minutes into the 40th day the last one starts
    expect((endsAt ?? 0) - T0).toBe(39 * DAY + 999 * MINUTE + 10 * MINUTE);
    expect([executions, calls, bottleneck]).toEqual([40_000, 60_000, 'daily-quota']);
  });
});

test.each([
  // Saturday's six hours hold twelve executions of half an hour, Sunday's only ten: the clock skips from 02:00 to 03:00.
  [22, '2027-03-28T04:00:00.000Z'],
  // The next one begins with the next Saturday, at midnight of summer time.
  [23, '2027-04-02T22:30:00.000Z'],
])('%d executions in weekend nights across a change of the clock end at %s', (executions, endsAt) => {
  const calendar = { windows: [{ days: ['SAT', 'SUN'] as const, from: '00:00', to: '06:00', timezone: 'Europe/Berlin' }] };
  const answer = forecast(
    facts({
      startsAt: Date.parse('2027-03-26T12:00Z'),
      waves: [wave(executions)],
      limits: limits({ maxInFlight: 1 }),
      executionMs: 30 * MINUTE,
      nextOpening: (at) => nextOpenings(calendar, at, 1)[0],
    }),
  );
  expect(new Date(answer.endsAt ?? 0).toISOString()).toBe(endsAt);
});

describe('a forecast of several waves', () => {
  test('counts what a step waits for behind the one before', () => {
    const steps = [
      { name: 'remediate', executions: 1 },
      { name: 'verify', executions: 1, afterMs: 30 * MINUTE },
    ];
    const [waits] = forecast(facts({ waves: [wave(1, { steps })] })).waves;
    expect([(waits?.startsAt ?? 0) - T0, (waits?.endsAt ?? 0) - T0]).toEqual([0, 50 * MINUTE]);
  });

  const waves = [
    wave(2, {
      name: 'canary',
      soakMs: DAY,
      steps: [
        { name: 'assess', executions: 2 },
        { name: 'remediate', executions: 2 },
        { name: 'verify', executions: 1 },
      ],
    }),
    wave(0, { name: 'empty', approval: true, soakMs: HOUR }),
    wave(4, { name: 'rest', approval: true, soakMs: 7 * DAY }),
  ];

  test('runs the steps of a wave one after the other, soaks between waves, but not after the last nor an empty one', () => {
    const given = facts({ waves, limits: limits({ maxInFlight: 2, callsPerExecution: 1.5, executionsLeftToday: 999_990 }) });
    expect(forecast(given)).toEqual({
      waves: [
        { name: 'canary', assets: 50, executions: 5, calls: 8, startsAt: T0, endsAt: T0 + 30 * MINUTE, closesAt: T0 + DAY + 30 * MINUTE },
        {
          name: 'empty',
          assets: 0,
          executions: 0,
          calls: 0,
          startsAt: T0 + DAY + 30 * MINUTE,
          endsAt: T0 + DAY + 30 * MINUTE,
          closesAt: T0 + DAY + 30 * MINUTE,
        },
        {
          name: 'rest',
          assets: 100,
          executions: 4,
          calls: 6,
          startsAt: T0 + DAY + 30 * MINUTE,
          endsAt: T0 + DAY + 50 * MINUTE,
          closesAt: T0 + DAY + 50 * MINUTE,
          bottleneck: 'concurrency',
        },
      ],
      executions: 9,
      calls: 14,
      endsAt: T0 + DAY + 50 * MINUTE,
      bottleneck: 'concurrency',
      notes: [
        'Does not include retries, pauses and usage by other runs.',
        'Assumes immediate approval of "rest".',
        '10 executions of the last 24 h are used. Assumes they are available again at 2026-11-15T12:00:00.000Z.',
      ],
    });
  });

  test('has no end from the first wave on that finds no opening, and says so', () => {
    const until = T0 + DAY;
    const nextOpening = (at: number) => (at < until ? { opensAt: T0, closesAt: until } : undefined);
    const answer = forecast(facts({ waves, nextOpening }));
    expect(answer.endsAt).toBeUndefined();
    expect(answer.waves.map(({ endsAt, calls }) => [endsAt, calls])).toEqual([
      [T0 + 30 * MINUTE, 5],
      [T0 + DAY + 30 * MINUTE, 0],
      [undefined, 4],
    ]);
    expect(answer.notes).toContain('Wave "rest" has no end: no remaining window is as long as an execution (10m 00s).');
  });

  test('carries the quota from wave to wave', () => {
    const answer = forecast(
      facts({ waves: [wave(6, { name: 'a' }), wave(6, { name: 'b' })], limits: limits({ executionsPerDay: 10, executionsLeftToday: 10 }) }),
    );
    expect(answer.waves.map(({ startsAt, endsAt, bottleneck }) => [(startsAt ?? 0) - T0, (endsAt ?? 0) - T0, bottleneck])).toEqual([
      [0, 10 * MINUTE, undefined],
      [10 * MINUTE, DAY + 10 * MINUTE, 'daily-quota'],
    ]);
  });
});

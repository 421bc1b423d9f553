import { describe, expect, test } from '@jest/globals';
import { restartCodes } from '../verdict/presets.js';
import {
  afterText,
  givenUpAt,
  isBack,
  longestWaitMs,
  overBefore,
  restartText,
  STEP_BEFORE,
  type StepBefore,
  stepWait,
} from './step-after.js';

const CHECK_IN = { checkIn: true, within: 600 } as const;

test.each<[string, StepBefore[], ReturnType<typeof stepWait>, ReturnType<typeof stepWait>]>([
  ['counts from the verdict', [{ decidedAt: 100, finishedAt: 7, endedAt: 9 }], { dueAt: 120 }, { behindAt: 9, byAt: 700 }],
  [
    'takes the host’s end where the platform’s is earlier',
    [{ decidedAt: 100, finishedAt: 9, endedAt: 7 }],
    { dueAt: 120 },
    { behindAt: 9, byAt: 700 },
  ],
  [
    'takes the sight of its status where a job has no end',
    [{ decidedAt: 100, statusSince: 50 }],
    { dueAt: 120 },
    { behindAt: 50, byAt: 700 },
  ],
  [
    'does not take the sight of a status for the end of a job that has one',
    [{ decidedAt: 1, endedAt: 9, statusSince: 50 }],
    { dueAt: 21 },
    { behindAt: 9, byAt: 601 },
  ],
  [
    'counts from the last of several steps',
    [
      { decidedAt: 100, endedAt: 9 },
      { decidedAt: 80, statusSince: 12 },
    ],
    { dueAt: 120 },
    { behindAt: 12, byAt: 700 },
  ],
  ['counts from the opening where no verdict is dated', [{ endedAt: 9 }, {}], { dueAt: 1_020 }, { behindAt: 9, byAt: 1_600 }],
  ['knows no check-in behind a job of which nothing is told', [{ decidedAt: 100 }], { dueAt: 120 }, { behindAt: undefined, byAt: 700 }],
])('a wait %s', (_, before, timed, checkIn) => {
  expect(stepWait({ after: 20 }, before, 1_000)).toEqual(timed);
  expect(stepWait({ after: CHECK_IN }, before, 1_000)).toEqual(checkIn);
});

test('a check-in at the very instant of the end is none after it, and none is later than what is not known', () => {
  expect([8, 9, 10].map((checkedInAt) => isBack({ checkedInAt }, { behindAt: 9 }))).toEqual([false, false, true]);
  expect(isBack({ checkedInAt: Number.MAX_SAFE_INTEGER }, { behindAt: undefined })).toBe(false);
});

test('a start of the host that is told must be later than the end, too, and a routine check-in is none', () => {
  const seen = (bootedAt: number) => isBack({ checkedInAt: 500, bootedAt }, { behindAt: 100 });
  expect([99, 100, 101].map(seen)).toEqual([false, false, true]);
  expect(isBack({ checkedInAt: 100, bootedAt: 101 }, { behindAt: 100 })).toBe(false);
  // What is known of the start needs no moment for it to begin.
  expect(isBack({ checkedInAt: 102, bootedAt: 101 }, { behindAt: 100, byDefault: true })).toBe(true);
});

describe('where the plan says nothing', () => {
  const waits = { restartCodes: [1641] };
  const behind = (exitCode?: number): StepBefore => ({ decidedAt: 100, endedAt: 9, exitCode });

  test('a host that was told to restart has an hour to check in again, and every other waits for nothing', () => {
    expect(stepWait(waits, [behind(1641)], 1_000)).toEqual({ behindAt: 9, byAt: 3_600_100, byDefault: true });
    for (const exitCode of [0, 3010, undefined]) expect(stepWait(waits, [behind(exitCode)], 1_000)).toEqual({ dueAt: 0 });
    expect(stepWait({}, [behind(1641)], 1_000)).toEqual({ dueAt: 0 });
  });

  test('a plan that says what it waits for is obeyed', () => {
    expect(stepWait({ after: 20, ...waits }, [behind(1641)], 1_000)).toEqual({ dueAt: 120 });
    expect(stepWait({ after: CHECK_IN, ...waits }, [behind(1641)], 1_000)).toEqual({ behindAt: 9, byAt: 700 });
  });

  test('a check-in within two minutes of the end may be one before the restart', () => {
    const seen = (checkedInAt: number) => isBack({ checkedInAt }, { behindAt: 9, byDefault: true });
    expect([10, 120_009, 120_010].map(seen)).toEqual([false, false, true]);
  });
});

test('an installer tells by 1641 alone that a restart has begun: 3010 leaves it to somebody', () => {
  expect([restartCodes('windows-installer'), restartCodes('qualys-mitigation'), restartCodes(undefined)]).toEqual([[1641], [], []]);
});

test('who has until noon is given up by the first reading from five minutes of Qualys’ clock past noon on', () => {
  const noon = 1_700_000_000_000;
  expect([givenUpAt(noon, 1) - noon, givenUpAt(noon, 600) - noon]).toEqual([300_000, 500]);
  for (const rate of [1, 600]) {
    const at = givenUpAt(noon, rate);
    expect([at - 1, at, at + 1].map((readAt) => overBefore({ readAt, rate }) >= noon)).toEqual([false, true, true]);
  }
});

test('a forecast counts the longest wait, and people read it', () => {
  expect([longestWaitMs(undefined), longestWaitMs(20), longestWaitMs(CHECK_IN)]).toEqual([0, 20, 600]);
  expect([afterText(900_000), afterText({ checkIn: true, within: 1_800_000 })]).toEqual([
    'after 15m 00s',
    'after a check-in within 30m 00s',
  ]);
  expect(restartText([1641])).toBe('where the code 1641 says that a restart has begun: after a check-in within 1h 00m');
});

test('every step that may wait has a step before it', () => {
  expect(STEP_BEFORE).toEqual({ assess: undefined, remediate: 'assess', verify: 'remediate', rollback: 'remediate' });
});

import { beforeAll, describe, expect, test } from '@jest/globals';
// @ts-expect-error a plain script without types
import { findTestServer } from '../../scripts/temporal.mjs';
import { parsePlan } from '../../src/contracts/plan.js';
import { defaultPolicy } from '../../src/contracts/policy.js';
import { rehearsedPlan } from '../../src/rehearsal/plan.js';
import { type Rehearsal, rehearse } from '../../src/rehearsal/run.js';
import type { TimelineEvent } from '../../src/rehearsal/timeline.js';
import { sharedBundle } from '../support/product/temporal-env.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const EXECUTION_MS = 10 * MINUTE_MS + 5_000;

/** Weekend nights by Berlin's clock, which is put back on 25 October 2026. */
const PLAN = {
  name: 'openssl',
  targets: { assetTagIds: [7588415] },
  steps: { remediate: 72648 },
  requestedBy: 'ann',
  poll: { interval: '2h' },
  deadline: '2h',
  unreachable: { wait: '10d' },
  windows: [{ days: ['SAT', 'SUN'], from: '00:00', to: '06:00', timezone: 'Europe/Berlin' }],
  errorBudget: { max: '10%' },
  waves: [
    { name: 'canary', size: 10, soak: '6d' },
    { name: 'ring', size: '10%', approval: { quorum: 2, approvers: ['bob', 'cid'] } },
    { name: 'half', size: '50%', errorBudget: { max: '1%' } },
    { name: 'rest', approval: {} },
  ],
};

describe('a campaign of three weeks', () => {
  let rehearsal: Rehearsal;

  beforeAll(async () => {
    const plan = parsePlan(PLAN);
    if (!plan.ok) throw new Error(JSON.stringify(plan.problems));
    const bundle = (await sharedBundle()).codePath;
    rehearsal = await rehearse({
      ...rehearsedPlan(
        { plan: plan.value, policy: defaultPolicy() },
        {
          assets: 300,
          seed: 1,
          failRate: 0.02,
          lostRate: 0,
          offline: { rate: 0.07, backAfterMs: { min: DAY_MS, max: 9 * DAY_MS } },
          executionMs: { min: EXECUTION_MS, max: EXECUTION_MS },
          executeIntervalMs: MINUTE_MS,
        },
      ),
      startsAt: Date.parse('2026-10-15T09:00:00Z'),
      answers: { approveAfterMs: HOUR_MS, resumeAfterMs: HOUR_MS },
      executable: await testServer(),
      bundle,
    });
  }, 900_000);

  test('opens, asks, waits, breaks its budget and ends at the minutes that its windows and people allow', () => {
    expect(rehearsal.events.filter(({ kind }) => kind !== 'late-verdicts').map(line)).toEqual([
      '2026-10-15 09:00 frozen 300 assets',
      '2026-10-15 09:00 canary begins',
      '2026-10-15 09:00 canary step remediate, 10 assets',
      '2026-10-15 09:00 canary waits window: No window is open; the next opening is at 2026-10-16 22:00 UTC.',
      '2026-10-16 22:00 canary first-sent remediate, the only one',
      '2026-10-17 00:00 canary step-ends remediate: go',
      '2026-10-17 00:00 canary soaks',
      '2026-10-23 00:00 canary closed succeeded',
      '2026-10-23 00:00 ring asks',
      '2026-10-23 01:00 ring approved by bob, cid',
      '2026-10-23 01:00 ring begins',
      '2026-10-23 01:00 ring step remediate, 30 assets',
      '2026-10-23 01:00 ring waits window: No window is open; the next opening is at 2026-10-23 22:00 UTC.',
      '2026-10-23 22:00 ring first-sent remediate',
      "2026-10-23 22:00 ring waits interval: the script's execution interval has not passed: HTTP 429, error code 429: Only one execution is allowed within the configured interval",
      '2026-10-23 22:01 ring last-sent remediate, of 2',
      '2026-10-24 02:00 ring step-ends remediate: go',
      '2026-10-24 02:00 ring closed partial',
      '2026-10-24 02:00 half begins',
      '2026-10-24 02:00 half step remediate, 150 assets',
      "2026-10-24 02:00 half waits interval: the script's execution interval has not passed",
      '2026-10-24 02:00 half first-sent remediate',
      '2026-10-24 04:00 half breach nothing more is sent until somebody decides',
      '2026-10-24 04:00 half asks-how-to-go-on wave half: error budget exceeded; resume (after adjust, if needed) or cancel',
      '2026-10-24 05:00 half resumed',
      '2026-10-24 05:00 half waits window: No window is open; the next opening is at 2026-10-24 22:00 UTC.',
      "2026-10-24 22:00 half waits interval: the script's execution interval has not passed",
      '2026-10-24 22:01 half last-sent remediate, of 6',
      '2026-10-25 02:00 half step-ends remediate: go',
      '2026-10-25 02:00 half closed partial',
      '2026-10-25 02:00 rest asks',
      '2026-10-25 03:00 rest approved by approver 1',
      '2026-10-25 03:00 rest begins',
      '2026-10-25 03:00 rest step remediate, 110 assets',
      "2026-10-25 03:00 rest waits interval: the script's execution interval has not passed",
      '2026-10-25 03:00 rest first-sent remediate',
      // The look at what is left of the waves before shows that its slots are free, within its first interval and within the window:
      // which of the looks at 04:00 and 04:02 comes first is a matter of the seconds that real work takes.
      expect.stringMatching(/^2026-10-25 04:0[0-2] rest last-sent remediate, of 5$/),
      '2026-10-25 08:00 rest step-ends remediate: go',
      '2026-10-25 08:00 rest closed partial',
      '2026-11-03 04:00 finished partial',
    ]);
  });

  test('takes the late verdicts of assets that come back on different days, at their minute', () => {
    const late = rehearsal.events.filter(({ kind }) => kind === 'late-verdicts');
    const expected: [wave: string, at: string, verdicts: number][] = [
      ['ring', '2026-10-25T09:36:32', 2],
      ['half', '2026-10-26T12:01:29', 1],
      ['rest', '2026-10-27T11:07:50', 1],
      ['ring', '2026-10-27T12:59:30', 1],
      ['half', '2026-10-27T21:45:13', 1],
      ['half', '2026-10-28T13:11:30', 2],
      ['rest', '2026-10-28T23:13:46', 1],
      ['half', '2026-10-29T07:58:07', 2],
      ['rest', '2026-10-30T02:44:38', 3],
      ['ring', '2026-10-30T05:51:03', 1],
      ['half', '2026-10-30T21:41:31', 1],
      ['rest', '2026-10-31T06:06:44', 1],
      ['ring', '2026-10-31T07:10:02', 1],
      ['half', '2026-11-01T04:30:49', 1],
      ['half', '2026-11-02T01:23:55', 1],
      ['rest', '2026-11-02T12:34:33', 2],
      ['rest', '2026-11-03T02:08:00', 1],
    ];
    expect(late.map(({ wave, detail }) => [wave, Number(detail)])).toEqual(expected.map(([wave, , verdicts]) => [wave, verdicts]));
    // The seconds that real work takes in between move an instant: by less than a minute, and by two more where they move the order.
    for (const [index, [, at]] of expected.entries())
      expect(Math.abs((late[index]?.at ?? 0) - Date.parse(`${at}Z`))).toBeLessThan(3 * MINUTE_MS);
  });

  test('ends as supposed, within the limits, in a bounded number of attempts', () => {
    expect(rehearsal).toMatchObject({
      status: 'partial',
      counts: { targeted: 300, succeeded: 293, failed: 7, unreachable: 0, skipped: 0 },
    });
    expect(rehearsal.waves.map(({ name, size, executions }) => [name, size, executions])).toEqual([
      ['canary', 10, 1],
      ['ring', 30, 2],
      ['half', 150, 6],
      ['rest', 110, 5],
    ]);
    expect(rehearsal.calls.busiestHour?.calls).toBeLessThan(20);
    expect(rehearsal.attempts).toBeLessThan(3_000);
  });
});

async function testServer(): Promise<string> {
  const path = (await findTestServer(() => undefined)) as string | undefined;
  if (path === undefined) throw new Error('There is no test server for this machine: `node scripts/temporal.mjs test-server` says why.');
  return path;
}

function line({ at, wave, kind, detail }: TimelineEvent): string {
  return [new Date(at).toISOString().slice(0, 16).replace('T', ' '), wave, kind, detail].filter((word) => word !== undefined).join(' ');
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { overhaul, type World } from '../../../../test/support/command-line.js';
import { type HeldClock, heldClock } from '../../../../test/support/gateway/caller.js';
import { type Simulator, startSimulator } from '../../../simulator/index.js';
import type { SimulatorOptions } from '../../../simulator/options.js';

let folder: string;
let clock: HeldClock;
const open: Simulator[] = [];

beforeEach(async () => {
  // A Monday.
  clock = heldClock(Date.parse('2026-01-05T08:00:00Z'));
  folder = await mkdtemp(join(tmpdir(), 'schedule-'));
});
afterEach(async () => {
  for (const simulator of open.splice(0)) await simulator.close();
  await rm(folder, { recursive: true });
});

/** A gateway, and `overhaul qualys schedule` of one script on two assets; each pause takes a minute there. */
async function gateway(options: SimulatorOptions = {}) {
  const simulator = await startSimulator({ assets: 10, assetNames: { 20452615: 'twin', 20452616: 'twin' }, ...options, now: clock.now });
  open.push(simulator);
  const env = {
    QUALYS_URL: simulator.url,
    QUALYS_USERNAME: 'demo',
    QUALYS_PASSWORD: 'demo',
    QUALYS_USER_ID: '4711',
    OVERHAUL_DATABASE_URL: `sqlite:${join(folder, 'none.db')}`,
  };
  const schedule = (argv: string[], world: World = {}) =>
    overhaul(['qualys', 'schedule', '--script', '72648', ...argv], { env, onPause: () => clock.advance(60_000), ...world });
  const sent = () => simulator.state.calls.filter(({ path }) => path.endsWith('/scripts/scheduler')).length;
  return { schedule, simulator, sent };
}

const TWO = ['--assets', '20452610,20452611'];
const ONCE = ['--title', 'Once', '--type', 'ONE_TIME', '--start-date', '2026-02-01', '--start-time', '03:00', ...TWO];

describe('schedule', () => {
  test.each([
    [['--type', 'ONE_TIME', '--after', '2h'], { startDate: '2026-01-05', startTime: '10:00:00', endDate: '2026-01-05' }],
    [['--type', 'HOURLY', '--every-hours', '6', '--end-date', '2026-01-07'], { hourlyInterval: 6, startTime: '09:00:00' }],
    [['--type', 'DAILY', '--start-time', '07:30', '--end-date', '2026-01-31'], { startDate: '2026-01-06', startTime: '07:30:00' }],
    [['--type', 'WEEKLY', '--days', 'mon,Thursday', '--end-date', '2026-02-01'], { daysOfWeek: ['2', '5'] }],
    [
      ['--type', 'MONTHLY', '--day-of-month', '7', '--every-months', '2', '--end-date', '2026-12-31'],
      { recurrenceDate: 7, recurrenceMonth: 2, monthlyScheduleType: 'MONTHLY_DATE_OF_MONTH_JOB' },
    ],
  ])('%j is created with agent UUIDs, in the operator’s name', async (when, expected) => {
    const { schedule, simulator } = await gateway();
    const ran = await schedule(['--title', 'Nightly', ...when, '--assets', '20452610', '--hosts', 'HOST-000002.example.com']);
    expect(ran).toMatchObject({ exitCode: 0, stderr: '' });
    expect(ran.stdout).toContain(
      `Created schedule ${simulator.state.schedules[0]?.id}: script 72648 on 2 assets, ${when[1]} from 2026-01-0`,
    );
    expect(simulator.state.schedules[0]?.body).toMatchObject({
      title: 'Nightly',
      scheduleType: when[1],
      user: { id: '4711', name: 'demo' },
      assets: [
        { id: 20_452_610, UUId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
        { id: 20_452_611, UUId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
      ],
      ...expected,
    });
  });

  test('run twice creates one; with another time under the same title it is another schedule', async () => {
    const { schedule, simulator, sent } = await gateway();
    const first = await schedule([...ONCE, '--json']);
    expect(JSON.parse(first.stdout)).toMatchObject({
      kind: 'created',
      foundBy: 'answer',
      title: 'Once',
      scheduleType: 'ONE_TIME',
      startDate: '2026-02-01',
      timezone: 'UTC',
      assetIds: ['20452610', '20452611'],
    });
    clock.advance(60_000);
    expect(await schedule(ONCE)).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Already exists. Nothing was sent') });
    expect(await schedule([...ONCE, '--start-time', '04:00'])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/another schedule is titled "Once" \(.+\), with a different startTime/),
    });
    expect([simulator.state.schedules.length, sent()]).toEqual([1, 1]);
  });

  test('whose answer is lost is found again, and not sent again', async () => {
    const { schedule, simulator, sent } = await gateway({ faults: { dropAfterEffectRate: 1 } });
    const ran = await schedule([...ONCE, '--json']);
    expect(ran.exitCode).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({ kind: 'created', foundBy: 'search', scheduleId: simulator.state.schedules[0]?.id });
    expect(sent()).toBe(1);
  });

  test('whose answer is lost where schedules cannot be searched is unverified, and the same command again meets its title', async () => {
    const { schedule, simulator, sent } = await gateway({ schedulerSearch: 'off', faults: { dropAfterEffectRate: 1 } });
    expect(await schedule(ONCE)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('cannot be created twice') });
    expect(await schedule(ONCE)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('it cannot be compared') });
    expect([simulator.state.schedules.length, sent()]).toEqual([1, 2]);
  });

  test('is refused with every problem before anything is asked', async () => {
    const { schedule, simulator } = await gateway();
    const ran = await schedule(['--title', 'x\\', '--type', 'WEEKLY', '--start-date', '2026-02-30', '--every-hours', '3', ...TWO]);
    expect(ran.exitCode).toBe(2);
    for (const part of [
      '--title: contains a backslash',
      '--start-date: must be a calendar date',
      '--every-hours: is for HOURLY',
      '--days: WEEKLY needs it',
    ]) {
      expect(ran.stderr).toContain(part);
    }
    expect(simulator.stats().calls).toBe(0);
  });

  test.each([
    [['--type', 'ONE_TIME', '--start-date', '2026-01-04', ...TWO], /--(start|end)-date: .*in the past: in UTC it is 2026-01-05 08:00:00/],
    [
      ['--type', 'ONE_TIME', '--assets', '7', '--hosts', 'twin,nobody'],
      /7 is unknown.*\n {2}twin is the name of 2 assets: 20452615, 20452616\n {2}nobody is unknown/,
    ],
    [['--type', 'ONE_TIME', '--assets', '1;2'], /not an id/],
    [['--type', 'ONE_TIME'], /--assets or --hosts/],
  ])('%j is refused by its reason, and nothing is sent', async (argv, why) => {
    const { schedule, sent } = await gateway();
    const ran = await schedule(['--title', 'Once', ...argv]);
    expect(ran).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringMatching(why) });
    expect(sent()).toBe(0);
  });
});

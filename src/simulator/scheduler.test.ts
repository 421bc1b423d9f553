import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type GatewayCaller, withGateway } from '../../test/support/gateway/caller.js';
import { type AskedSchedule, planSchedule } from '../domain/schedules/plan.js';
import { WEEKDAYS, weekdayNumber } from '../domain/schedules/trigger.js';
import { neverFires } from './endpoints/scheduler-firing.js';
import type { SimulatorOptions } from './options.js';

const FIRST = 20_452_610;
const SEARCH = '/sm/v1/scheduler/search';

/** The gateway's clock stands at Monday, 2026-01-05 08:00 UTC. */
function schedule(change: object = {}) {
  return {
    ...{ activate: true, title: 'Nightly', description: 'follow-up', scripts: [{ id: 72648, title: 'Patch OpenSSL' }] },
    ...{ assets: [{ UUId: 'b9b97f0b-cd96-48c1-a000-000000000000', id: FIRST }], assetTags: [], excludedAssets: [] },
    ...{ user: { id: '1', name: 'demo' }, scheduleType: 'ONE_TIME' },
    ...{ startDate: '2026-01-06', endDate: '2026-01-06', startTime: '02:00:00' },
    ...change,
  };
}

const create = (caller: GatewayCaller, change?: object) => caller.post('/sm/v1/scripts/scheduler', schedule(change));

describe('a schedule', () => {
  test.each<[string, object, number]>([
    ['HOURLY', { scheduleType: 'HOURLY', hourlyInterval: 6 }, 201],
    ['HOURLY without its interval', { scheduleType: 'HOURLY' }, 400],
    ['DAILY', { scheduleType: 'DAILY', endDate: '2026-12-31' }, 201],
    ['DAILY that began yesterday', { scheduleType: 'DAILY', startDate: '2026-01-04', endDate: '2026-12-31' }, 400],
    ['WEEKLY on a day of its time: 3 is Tuesday', { scheduleType: 'WEEKLY', daysOfWeek: ['3'] }, 201],
    ['WEEKLY on another day', { scheduleType: 'WEEKLY', daysOfWeek: ['2'] }, 400],
    ['WEEKLY by name', { scheduleType: 'WEEKLY', daysOfWeek: ['TUE'] }, 400],
    ['MONTHLY', { scheduleType: 'MONTHLY', recurrenceDate: 31, recurrenceMonth: 1, endDate: '2026-01-31' }, 201],
    [
      'MONTHLY on a day that its months lack',
      { scheduleType: 'MONTHLY', recurrenceDate: 5, recurrenceMonth: 1, endDate: '2026-02-04' },
      400,
    ],
    ['of a type that nobody knows', { scheduleType: 'YEARLY' }, 400],
  ])('%s', async (_what, change, status) => {
    await withGateway({}, async ({ caller }) => {
      expect((await create(caller, change)).status).toBe(status);
    });
  });

  test('whose answer is lost by its number exists', async () => {
    await withGateway({ faults: { loseSchedules: [2], lostAs: 'status' } }, async ({ simulator, caller }) => {
      expect((await create(caller)).status).toBe(201);
      expect((await create(caller, { title: 'Second' })).status).toBeGreaterThanOrEqual(502);
      expect(simulator.state.schedules.map(({ title }) => title)).toEqual(['Nightly', 'Second']);
    });
  });

  test('of somebody else is there from the start, and has its title', async () => {
    await withGateway({ schedules: [{ title: 'Nightly' }] }, async ({ caller }) => {
      expect((await create(caller)).status).toBe(409);
    });
  });
});

test('whatever the product plans, this calendar of days has a firing for', async () => {
  const now = Date.parse('2026-01-05T08:00:00Z');
  const day = fc.integer({ min: 0, max: 800 }).map((days) => new Date(now + days * 86_400_000).toISOString().slice(0, 10));
  const common = { startDate: fc.option(day, { nil: undefined }), endDate: fc.option(day, { nil: undefined }) };
  const times = {
    ...common,
    startTime: fc.constantFrom('00:00:00', '08:00:00', '09:30:00', '23:59:59', undefined),
    after: fc.nat(90_000_000),
  };
  const asked = fc.oneof(
    fc.record({ ...times, scheduleType: fc.constantFrom('ONE_TIME', 'DAILY') }),
    fc.record({ ...times, scheduleType: fc.constant('HOURLY'), hourlyInterval: fc.integer({ min: 1, max: 60 }) }),
    fc.record({ ...times, scheduleType: fc.constant('WEEKLY'), daysOfWeek: fc.subarray([...WEEKDAYS], { minLength: 1 }) }),
    fc.record({ ...times, scheduleType: fc.constant('MONTHLY'), recurrenceDate: fc.integer({ min: 1, max: 31 }) }),
  ) as fc.Arbitrary<AskedSchedule>;
  let fired = 0;
  fc.assert(
    fc.property(asked, (schedule) => {
      const { trigger, problem } = planSchedule(schedule, { now, timezone: 'UTC' });
      const isDifferent = trigger.scheduleType === 'HOURLY' && problem?.field === 'hourlyInterval';
      fc.pre(!isDifferent);
      const body = { ...trigger, daysOfWeek: trigger.daysOfWeek?.map((word) => weekdayNumber(word)) };
      fired += problem ? 0 : 1;
      expect(neverFires(body, now)).toBe(problem !== undefined);
    }),
    { numRuns: 2_000, seed: 4 },
  );
  expect(fired).toBeGreaterThan(300);
});

describe('the search of later gateways', () => {
  test.each<[NonNullable<SimulatorOptions['schedulerSearch']>, object | undefined, number]>([
    ['full', { scheduleType: 'WEEKLY', scripts: [{ id: 72648 }], startTime: '02:00:00' }, 200],
    ['brief', { scheduleType: 'RECURRING', startDate: '2026-01-06' }, 200],
    ['brief-only', { scheduleType: 'RECURRING', startDate: '2026-01-06' }, 404],
    ['off', undefined, 404],
  ])('%s', async (schedulerSearch, row, detail) => {
    await withGateway({ schedulerSearch }, async ({ simulator, caller }) => {
      await create(caller, { scheduleType: 'WEEKLY', daysOfWeek: ['3'] });
      const id = simulator.state.schedules[0]?.id;
      const answer = await caller.post(SEARCH, { filter: 'name:"Night"' });
      expect(answer.status).toBe(row ? 200 : 404);
      if (row) expect(answer.json).toMatchObject({ body: { totalCount: 1, list: [{ id, name: 'Nightly', ...row }] } });
      expect((await caller.get(`/sm/v1/scheduler/${id}`)).status).toBe(detail);
    });
  });
});

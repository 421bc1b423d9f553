import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { RunReport } from '../../../src/domain/run/outcome.js';
import { assetIds, failureOf, openProductHarness, type ProductHarness, requestFor } from '../product-harness.js';

const FAILING = 100;
const WEEKLY = { kind: 'schedule', on: 'unresolved', scheduleType: 'ONE_TIME', after: '7d' } as const;

describe('what follows a run', () => {
  let harness: ProductHarness;

  beforeAll(async () => {
    harness = await openProductHarness('follow-up', { simulator: { failAssets: assetIds(FAILING, 100), failAttempts: 1 } });
  }, 600_000);

  afterAll(() => harness?.close());

  test('a schedule for what failed, with a title that names the run', async () => {
    const handle = await harness.start(
      requestFor([...assetIds(0, 2), ...assetIds(FAILING, 2)], { followUp: { ...WEEKLY, script: 72649 } }),
    );
    const report = await handle.result();
    const title = `Overhaul follow-up of ${handle.workflowId}`;
    const schedule = scheduled(title);
    expect(report.followUp).toEqual({ kind: 'schedule', ids: [schedule?.id], titles: [title] });
    expect(schedule?.body).toMatchObject({ scripts: [{ id: '72649', title: 'Restart agent' }], scheduleType: 'ONE_TIME' });
    expect(assetsOf(title)).toEqual(['20452710', '20452711']);
  });

  test('nothing when nothing is unresolved', async () => {
    const before = harness.product.simulator.state.schedules.length;
    const report = await harness.run(requestFor(assetIds(2, 2), { followUp: WEEKLY }));
    expect([report.status, report.followUp]).toEqual(['succeeded', undefined]);
    expect(harness.product.simulator.state.schedules.length).toBe(before);
  });

  test('several schedules, each with its own title, when more failed than one takes', async () => {
    const report = await harness.run(requestFor(assetIds(FAILING + 10, 30), { followUp: { ...WEEKLY, title: 'Second try' } }));
    expect(report.followUp?.titles).toEqual(['Second try (1 of 2)', 'Second try (2 of 2)']);
    expect([assetsOf('Second try (1 of 2)').length, assetsOf('Second try (2 of 2)').length]).toEqual([25, 5]);
  });

  test('under a title of its own, when the one asked for is taken: the audit log says so', async () => {
    await harness.run(requestFor(assetIds(FAILING + 50, 1), { followUp: { ...WEEKLY, title: 'Taken' } }));
    const handle = await harness.start(requestFor(assetIds(FAILING + 51, 1), { followUp: { ...WEEKLY, title: 'Taken' } }));
    const { followUp } = await handle.result();
    expect(followUp?.titles).toEqual([expect.stringMatching(/^Taken \[[0-9a-f]{16}\]$/)]);
    expect(assetsOf(followUp?.titles[0] ?? '')).toEqual(['20452761']);
    expect(await harness.audit(handle.workflowId)).toContain('schedule-retitled');
  });

  test('no run at all, when the request asks for a schedule that can never fire', async () => {
    const followUp = {
      kind: 'schedule',
      on: 'always',
      scheduleType: 'WEEKLY',
      daysOfWeek: ['FRI'],
      startDate: '2031-05-12',
      endDate: '2031-05-15',
    };
    const failure = await failureOf(await harness.start({ ...requestFor(assetIds(6, 1)), followUp }));
    expect([failure.type, failure.details[0]]).toEqual([
      'InvalidRequest',
      [{ path: 'followUp.daysOfWeek', problem: 'no FRI between 2031-05-12 and 2031-05-15: it would never run' }],
    ]);
  });

  test('no run at all, when the dates of its schedule are past', async () => {
    const followUp = {
      kind: 'schedule',
      on: 'always',
      scheduleType: 'DAILY',
      startDate: '2020-01-01',
      startTime: '02:00',
      endDate: '2099-12-31',
    };
    const handle = await harness.start({ ...requestFor(assetIds(6, 1)), followUp });
    const failure = await failureOf(handle);
    expect([failure.type, failure.details[0]]).toEqual([
      'InvalidRequest',
      [{ path: 'followUp.startDate', problem: expect.stringMatching(/^the start, 2020-01-01 02:00, is in the past: in UTC it is /) }],
    ]);
    expect(await harness.rows(handle.workflowId)).toEqual([]);
  });

  test('a recheck: a run of its own on the same assets, linked by its id', async () => {
    const ids = assetIds(FAILING + 60, 2);
    const handle = await harness.start(
      requestFor([...assetIds(4, 2), ...ids], { followUp: { kind: 'recheck', on: 'unresolved', after: '1s' } }),
    );
    const report = await handle.result();
    const recheck = `${handle.workflowId}/recheck`;
    expect([report.status, report.followUp]).toEqual(['partial', { kind: 'recheck', ids: [], titles: [], workflowId: recheck }]);
    const second = (await harness.env.client.workflow.getHandle(recheck).result()) as RunReport;
    expect(second).toMatchObject({ runId: recheck, status: 'succeeded', counts: { targeted: 2, succeeded: 2 } });
    expect(second.recheck).toEqual({ of: handle.workflowId, changes: [{ before: 'failed', now: 'succeeded', assets: 2 }] });
    expect((await harness.rows(recheck)).map(({ assetId }) => Number(assetId))).toEqual(ids);
  });

  function scheduled(wanted: string) {
    return harness.product.simulator.state.schedules.find(({ title }) => title === wanted);
  }

  function assetsOf(title: string): string[] {
    const assets = (scheduled(title)?.body.assets ?? []) as { id: string }[];
    return assets.map(({ id }) => String(id));
  }
});

describe('a follow-up whose answer is lost', () => {
  let harness: ProductHarness;

  beforeAll(async () => {
    // Of this seed's effects the first, an execution, is answered; the second, a schedule, is not; the third is.
    const faults = { dropAfterEffectRate: 0.5, lostAs: 'reset' as const };
    harness = await openProductHarness('lost-follow-up', { simulator: { seed: 7, failAssets: assetIds(0, 25), faults } });
  }, 600_000);

  afterAll(() => harness?.close());

  test('is asked for once, found again, and reported by its id', async () => {
    const handle = await harness.start(requestFor(assetIds(0, 3), { followUp: WEEKLY }));
    const report = await handle.result();
    const title = `Overhaul follow-up of ${handle.workflowId}`;
    const [schedule, ...others] = harness.product.simulator.state.schedules;
    expect(report.followUp).toEqual({ kind: 'schedule', ids: [schedule?.id], titles: [title] });
    expect([schedule?.title, others]).toEqual([title, []]);
    const asked = harness.product.simulator.state.calls.filter(({ path }) => path === '/sm/v1/scripts/scheduler');
    expect(asked.map(({ fault }) => fault)).toEqual(['reset after the effect']);
  });
});

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ClientHarness, clientHarness } from '../../../test/support/gateway/client-harness.js';
import { refusal } from '../../../test/support/gateway/scripted.js';

const ID = 'd1a22786-2ddb-4942-8dda-6a03034162f0';
const ROW = {
  id: ID,
  name: 'Nightly',
  scripts: [{ id: 72648, title: 'Patch' }],
  assets: [{ UUId: 'u', id: 21094690 }, 7],
  assetTags: [],
  excludedAssets: null,
  scheduleType: 'one time',
  startDate: '2026-05-11',
  startTime: '07:25',
  endDate: '2026-05-11',
  daysOfWeek: '1, 2',
  hourlyInterval: '6',
};
const list = (...rows: unknown[]) => ({ status: 200, body: { body: { totalCount: rows.length, list: rows } } });

let it: ClientHarness;
beforeEach(async () => {
  it = await clientHarness();
});
afterEach(() => it.close());

describe('findSchedules', () => {
  test('gives the rows of exactly this title, as far as they can be understood', async () => {
    it.gateway.reply(
      list(ROW, { ...ROW, id: 'x', name: 'Nightly 2' }, { id: 'y', title: 'Nightly', startDate: 1_778_457_600_000, assets: [] }),
    );
    expect(await it.qualys.findSchedules({ title: 'Nightly', runId: 'run-1' })).toEqual([
      {
        id: ID,
        title: 'Nightly',
        content: {
          ...{ scriptIds: ['72648'], assetIds: ['21094690', '7'], otherTargets: 0, scheduleType: 'ONE_TIME' },
          ...{ startDate: '2026-05-11', startTime: '07:25:00', endDate: '2026-05-11', daysOfWeek: ['1', '2'], hourlyInterval: 6 },
        },
      },
      { id: 'y', title: 'Nightly', content: { otherTargets: 0 } },
    ]);
    expect(it.gateway.calls()[0]).toMatchObject({
      ...{ method: 'POST', url: '/sm/v1/scheduler/search' },
      json: { filter: 'name:"Nightly"', pageNumber: 0, pageSize: 100 },
    });
  });

  test.each<[string, { status: number; body?: unknown }]>([
    ['404, as before CAR 2.6', { status: 404 }],
    ['403', { status: 403 }],
    ['405', { status: 405 }],
    ['a filter that it does not know', { status: 400, body: { message: 'unknown token' } }],
    ['a row that nobody understands', list({ name: 'Nightly' })],
    ['a page of another application', { status: 200, body: '<html></html>' }],
  ])('tells nothing after %s', async (_what, answer) => {
    it.gateway.reply(answer, answer, answer);
    expect(await it.qualys.findSchedules({ title: 'Nightly' })).toBeUndefined();
  });

  test('leaves a limit to its caller', async () => {
    it.gateway.reply({ status: 429, headers: { 'x-ratelimit-towait-sec': '240' } });
    await expect(it.qualys.findSchedules({ title: 'Nightly' })).rejects.toMatchObject({ kind: 'limited', waitMs: 240_000 });
  });
});

describe('schedule', () => {
  test.each([[ROW], [{ errorCode: null, body: ROW }]])('is read by its id, bare or in an envelope', async (body) => {
    it.gateway.reply({ status: 200, body });
    expect(await it.qualys.schedule(ID)).toMatchObject({ id: ID, title: 'Nightly', content: { scriptIds: ['72648'] } });
    expect(it.gateway.calls()[0]).toMatchObject({ method: 'GET', url: `/sm/v1/scheduler/${ID}` });
  });

  test('is not told by a gateway that does not know the call', async () => {
    it.gateway.reply(refusal(404));
    expect(await it.qualys.schedule(ID)).toBeUndefined();
  });
});

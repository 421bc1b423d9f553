// Something between the worker and the gateway puts its own pages in the place of answers: what was executed is found, never sent again.
import { describe, expect, test } from '@jest/globals';
import { QualysError } from '../../../src/qualys/errors.js';
import { createQualys, type QualysClient } from '../../../src/qualys/index.js';
import { type Meddled, type MeddlingProxy, meddlingProxy, page } from '../../support/gateway/meddling-proxy.js';
import { assetIds, openProductHarness, type ProductHarness, phaseBecomes, requestFor } from '../product-harness.js';

interface Scene {
  harness: ProductHarness;
  proxy: MeddlingProxy;
  /** By way of the proxy. */
  through: QualysClient;
}

/**
 * A product of its own behind a proxy of its own, for each of the tests: most of what they do is waiting, so they wait side by side.
 */
async function behindProxy(play: (scene: Scene) => Promise<void>): Promise<void> {
  const harness = await openProductHarness('pages');
  const { dependencies, ledger, simulator } = harness.product;
  const direct = dependencies.qualys;
  const proxy = await meddlingProxy(simulator.url);
  const { calls: gate, serverClock: clock } = ledger;
  const through = createQualys({ baseUrl: proxy.url, username: 'demo', password: () => 'demo', gate, clock });
  dependencies.qualys = through;
  try {
    await play({ harness, proxy, through });
  } finally {
    dependencies.qualys = direct;
    await harness.close();
    await through.close();
    await proxy.close();
  }
}

/** How often each of these assets was executed at Qualys. */
function executedTimes({ harness }: Scene, ids: readonly number[]): number[] {
  const hit = harness.product.simulator.state.executions.flatMap(({ assetIds: sent }) => sent.map(Number));
  return ids.map((id) => hit.filter((other) => other === id).length);
}

const once = (ids: readonly number[]): number[] => ids.map(() => 1);
const isExecute = (path: string): boolean => /\/execute$/.test(path);
const EMPTY = { status: 403, headers: {}, body: '' };

describe('after the effect', () => {
  test.concurrent('every status that would be a refusal of the gateway is a lost answer: all are found, and none is sent twice', () =>
    behindProxy(async (scene) => {
      const INSTEAD: Meddled[] = [...[400, 401, 403, 404, 409, 422, 429].map((status) => page(status)), EMPTY];
      let executes = 0;
      scene.proxy.meddle = ({ path }) => (isExecute(path) ? INSTEAD[executes++] : undefined);
      const ids = assetIds(0, 25 * INSTEAD.length);
      const report = await scene.harness.run(requestFor(ids, { maxInFlight: 8 }));
      expect(report).toMatchObject({ status: 'succeeded', executions: INSTEAD.length, counts: { succeeded: ids.length } });
      expect(executedTimes(scene, ids)).toEqual(once(ids));
      expect(await scene.harness.audit(report.runId)).toEqual(expect.arrayContaining(INSTEAD.map(() => 'adopted')));
    }));

  test.concurrent.each<[string, Meddled]>([
    ['a page with 403', page(403)],
    ['a page with 401, although a new token could be had', page(401)],
    ['403 without a word', EMPTY],
    ['JSON of a load balancer', { status: 403, headers: { 'content-type': 'application/json' }, body: '{"message":"Forbidden"}' }],
  ])('%s as the very first answer does not end the run as if nothing had been sent', (_, instead) =>
    behindProxy(async (scene) => {
      let executes = 0;
      scene.proxy.meddle = ({ path }) => (isExecute(path) && ++executes === 1 ? instead : undefined);
      const ids = assetIds(0, 2);
      expect(await scene.harness.run(requestFor(ids))).toMatchObject({ status: 'succeeded', counts: { succeeded: 2 } });
      expect([executes, executedTimes(scene, ids)]).toEqual([1, [1, 1]]);
    }),
  );
});

describe('a schedule behind a run', () => {
  test.concurrent.each([403, 409, 429])('whose answer is replaced by a page with %i is found by its title, and made once', (status) =>
    behindProxy(async ({ harness, proxy }) => {
      let asked = 0;
      proxy.meddle = ({ path }) => (path.endsWith('/scripts/scheduler') && ++asked === 1 ? page(status) : undefined);
      const followUp = { kind: 'schedule', on: 'always', scheduleType: 'ONE_TIME', after: '7d', title: `After ${status}` } as const;
      const { followUp: made } = await harness.run(requestFor(assetIds(0, 2), { followUp }));
      const there = harness.product.simulator.state.schedules.filter(({ title }) => title === followUp.title);
      expect(there).toHaveLength(1);
      expect(made).toMatchObject({ ids: [there[0]?.id], titles: [followUp.title] });
    }),
  );
});

describe('an execution that is refused in words', () => {
  test.concurrent.each([
    ["for the day's cap", 'Daily limit of 1000 executions reached, try again in 32 seconds'],
    ['without a reason', 'Refused. Wait 32 seconds'],
  ])('%s waits as told, visibly, in those words, and is sent once', (_, message) =>
    behindProxy(async (scene) => {
      let executes = 0;
      let refusedAt = 0;
      let sentAt = 0;
      scene.proxy.intercept = ({ path }) => {
        if (!isExecute(path)) return undefined;
        executes += 1;
        if (executes > 1) {
          sentAt = performance.now();
          return undefined;
        }
        refusedAt = performance.now();
        const headers = { 'content-type': 'application/json', 'x-ratelimit-towait-sec': '' };
        return { status: 429, headers, body: JSON.stringify({ errorCode: '429', message }) };
      };
      const ids = assetIds(0, 2);
      const handle = await scene.harness.start(requestFor(ids));
      const { blocked } = await phaseBecomes(handle, 'blocked');
      expect(blocked).toContain(message);
      expect(await handle.result()).toMatchObject({ status: 'succeeded', executions: 1 });
      expect(executedTimes(scene, ids)).toEqual(once(ids));
      expect(executes).toBe(2);
      expect(sentAt - refusedAt).toBeGreaterThanOrEqual(32_000);
    }),
  );
});

describe('while a run opens', () => {
  const EVERYTHING_401 = {
    status: 401,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ status: 401, error: 'Unauthorized', message: 'Not authenticated' }),
  };

  test.concurrent.each<[string, (path: string) => Meddled]>([
    ['pages with 403 in place of every answer', () => page(403)],
    ['a 401 to everything, /auth included', () => EVERYTHING_401],
    ['a page that says that there is no such script', (path) => (path.startsWith('/sm/v1/scripts/') ? page(404) : undefined)],
    ['a page that takes the search for wrong', (path) => (path.includes('assets/search') ? page(400) : undefined)],
    ['an /auth that is not there', (path) => (path === '/auth' ? page(404) : undefined)],
  ])('%s are waited out, and the id is not lost', (_, instead) =>
    behindProxy(async ({ harness, proxy }) => {
      proxy.intercept = ({ path }) => instead(path);
      const handle = await harness.start(requestFor(assetIds(0, 2)));
      const { blocked } = await phaseBecomes(handle, 'blocked');
      expect(blocked).toMatch(/HTTP 40[0134]/);
      proxy.intercept = () => undefined;
      expect(await handle.result()).toMatchObject({ status: 'succeeded', counts: { succeeded: 2 } });
    }),
  );

  test.concurrent('credentials that are refused for a moment cost no run its id', () =>
    behindProxy(async ({ harness, through }) => {
      let refusals = 0;
      harness.product.dependencies.qualys = {
        ...through,
        script: (...args) =>
          ++refusals < 3 ? Promise.reject(new QualysError('authentication', 'Qualys refused the credentials')) : through.script(...args),
      };
      expect(await harness.run(requestFor(assetIds(0, 2)))).toMatchObject({ status: 'succeeded' });
    }));
});

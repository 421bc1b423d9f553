import { describe, expect, test } from '@jest/globals';
import { type GatewayCaller, signIn, withGateway } from '../../../test/support/gateway/caller.js';

const FIRST = 20_452_610;
const SCRIPT = '/sm/v1/scripts/72648';

async function outcome(call: Promise<{ status: number }>): Promise<number | string> {
  return call.then(({ status }) => status).catch((error: { code?: string }) => error.code ?? 'error');
}

describe('lost answers', () => {
  test('the named executes happen, and their answer is cut off', async () => {
    await withGateway({ faults: { loseExecutes: [2] } }, async ({ simulator, caller }) => {
      const outcomes = [];
      for (let run = 0; run < 3; run += 1) outcomes.push(await outcome(caller.execute([FIRST + run])));
      expect(outcomes).toEqual([200, expect.stringMatching(/ECONNRESET|UND_ERR_SOCKET/), 200]);
      expect(simulator.state.executions.map(({ assetIds, answered }) => [assetIds, answered])).toEqual([
        [[String(FIRST)], true],
        [[String(FIRST + 1)], false],
        [[String(FIRST + 2)], true],
      ]);
      expect(simulator.state.calls[1]).toMatchObject({ status: 0, fault: 'reset after the effect' });
    });
  });

  test('a refused execute is not counted among the named ones', async () => {
    await withGateway({ faults: { loseExecutes: [1], lostAs: 'status' } }, async ({ simulator, caller }) => {
      expect(await outcome(caller.execute([], 72648))).toBe(400);
      expect(await outcome(caller.execute([FIRST]))).toBeGreaterThanOrEqual(502);
      expect(simulator.state.executions).toMatchObject([{ answered: false }]);
    });
  });

  test('an answer can stay away until the caller gives up', async () => {
    await withGateway({ faults: { loseExecutes: [1], lostAs: 'hang' } }, async ({ simulator }) => {
      const headers = { authorization: `Bearer ${await signIn(simulator.url)}`, 'content-type': 'application/json' };
      const patience = new AbortController();
      const url = `${simulator.url}/sm/v1/scripts/72648/execute`;
      const call = fetch(url, { method: 'POST', headers, body: `{"assetIds":["${FIRST}"]}`, signal: patience.signal });
      while (simulator.state.executions.length === 0) await new Promise((resolve) => setImmediate(resolve));
      patience.abort();
      await expect(call).rejects.toThrow('aborted');
      expect(simulator.state.executions).toMatchObject([{ answered: false }]);
    });
  });

  test('a schedule whose answer is lost exists anyway', async () => {
    await withGateway({ faults: { dropAfterEffectRate: 1, lostAs: 'status' } }, async ({ simulator, caller }) => {
      expect(await outcome(caller.post('/sm/v1/scripts/scheduler', schedule('Nightly')))).toBeGreaterThanOrEqual(502);
      expect(simulator.state.schedules.map(({ title }) => title)).toEqual(['Nightly']);
      expect(await outcome(caller.post('/sm/v1/scripts/scheduler', schedule('Nightly')))).toBe(409);
    });
  });
});

describe('failing calls', () => {
  async function outcomes(caller: GatewayCaller, calls: number): Promise<(number | string)[]> {
    const seen = [];
    for (let call = 0; call < calls; call += 1) seen.push(await outcome(caller.get(SCRIPT)));
    return seen;
  }

  test('fail with 500, 502 or a reset at the asked rate, the same ones for the same seed', async () => {
    const runs: (number | string)[][] = [];
    for (let run = 0; run < 2; run += 1) {
      await withGateway({ seed: 3, faults: { failRate: 0.3 } }, async ({ caller }) => {
        runs.push((await outcomes(caller, 100)).map((seen) => (typeof seen === 'string' ? 'reset' : seen)));
      });
    }
    expect(runs[0]).toEqual(runs[1]);
    expect(new Set(runs[0])).toEqual(new Set([200, 500, 502, 'reset']));
    const failed = runs[0]?.filter((seen) => seen !== 200).length ?? 0;
    expect(failed).toBeGreaterThan(15);
    expect(failed).toBeLessThan(45);
  });

  test('have no effect', async () => {
    await withGateway({ faults: { failRate: 1 } }, async ({ simulator, caller }) => {
      for (let run = 0; run < 5; run += 1) await outcome(caller.execute([FIRST]));
      expect(simulator.state.executions).toEqual([]);
      expect(simulator.stats().calls).toBe(5);
    });
  });

  test('answer with the error body that was asked for', async () => {
    const bodies: Record<string, string[]> = {};
    for (const errorBody of ['envelope', 'empty', 'html', 'text'] as const) {
      await withGateway({ faults: { errorBody } }, async ({ caller }) => {
        const { headers, text } = await caller.get('/sm/v1/scripts/1');
        bodies[errorBody] = [String(headers['content-type']), text];
      });
    }
    expect(bodies).toEqual({
      envelope: ['application/json', '{"errorCode":"404","message":"Script not found: 1"}'],
      empty: ['text/plain', ''],
      html: ['text/html', '<html><head><title>404</title></head><body><h1>404 Error</h1></body></html>'],
      text: ['text/plain', 'Script not found: 1'],
    });
  });

  test('reads can be cut in the middle of their JSON', async () => {
    await withGateway({ faults: { truncateRate: 1 } }, async ({ caller }) => {
      const answer = await caller.get(SCRIPT);
      expect(answer).toMatchObject({ status: 200, json: undefined });
      expect(answer.text).toMatch(/^\{"body":\{"id":"72648"/);
      expect((await caller.execute([FIRST])).json).toMatchObject({ body: { correlationUuid: expect.stringMatching(/^[0-9a-f-]{36}$/) } });
    });
  });
});

describe('schedules', () => {
  test('are created with a UUID, are unique by title and counted by a matching name', async () => {
    await withGateway({}, async ({ caller }) => {
      const created = await caller.post('/sm/v1/scripts/scheduler', schedule('Nightly'));
      expect(created).toMatchObject({
        status: 201,
        json: { errorCode: '0', message: 'Script scheduler created successfully', body: { id: expect.stringMatching(/^[0-9a-f-]{36}$/) } },
      });
      expect(await caller.post('/sm/v1/scripts/scheduler', schedule('Nightly'))).toMatchObject({
        status: 409,
        json: { message: 'Scheduler with the same title already exists: Nightly' },
      });
      await caller.post('/sm/v1/scripts/scheduler', schedule('Nightly 2'));
      expect((await caller.post('/sm/v1/scheduler/count', { filter: 'name:"Nightly"' })).json).toEqual({ body: { count: 2 } });
      expect((await caller.post('/sm/v1/scheduler/count', { groupBy: ['status'] })).json).toEqual({ body: { ACTIVE: 2 } });
    });
  });

  test.each([
    ['without targets', { assets: [] }, 400, 'Either assets or assetTags must hold an entry'],
    ['with UUID instead of UUId', { assets: [{ UUID: 'x', id: FIRST }] }, 400, 'needs UUId and id'],
    ['without an end', { endDate: undefined }, 400, 'endDate is missing'],
    ['in the past', { startDate: '2026-01-04' }, 400, 'the given trigger will never fire'],
    ['that ends before it starts', { endDate: '2026-01-05' }, 400, 'the given trigger will never fire'],
    ['of an unknown script', { scripts: [{ id: 1, title: 'x' }] }, 404, 'Script not found: 1'],
  ])('%s are refused', async (_what, change, status, message) => {
    await withGateway({}, async ({ simulator, caller }) => {
      const answer = await caller.post('/sm/v1/scripts/scheduler', { ...schedule('Nightly'), ...change });
      expect(answer).toMatchObject({ status, json: { message: expect.stringContaining(message) } });
      expect(simulator.state.schedules).toEqual([]);
    });
  });
});

function schedule(title: string) {
  return {
    activate: true,
    title,
    description: 'follow-up',
    scripts: [{ id: 72648, title: 'Patch OpenSSL' }],
    assets: [{ UUId: 'b9b97f0b-cd96-48c1-a000-000000000000', id: FIRST }],
    assetTags: [],
    excludedAssets: [],
    user: { id: '1', name: 'demo' },
    startDate: '2026-01-06',
    endDate: '2026-01-06',
    startTime: '02:00:00',
    scheduleType: 'ONE_TIME',
  };
}

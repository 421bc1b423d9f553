import { describe, expect, test } from '@jest/globals';
import { send, signIn, withGateway } from '../../test/support/gateway/caller.js';

const FIRST = 20_452_610;
const GAV = '/rest/2.0/search/am/asset';

interface GavAnswer {
  count: number;
  hasMore: number;
  lastSeenAssetId: number | null;
  assetListData: { asset: Record<string, unknown>[] } | null;
}

describe('GAV', () => {
  test('pages by the query, never by the body', async () => {
    await withGateway({ assets: 5 }, async ({ caller }) => {
      const first = (await caller.post(`${GAV}?pageSize=2`)).json as GavAnswer;
      expect(first).toMatchObject({ responseCode: 'SUCCESS', count: 2, hasMore: 1, lastSeenAssetId: FIRST + 1 });
      const again = (await caller.post(`${GAV}?pageSize=2`, { filters: [], lastSeenAssetId: FIRST + 1 })).json as GavAnswer;
      expect(again.assetListData?.asset.map(({ assetId }) => assetId)).toEqual([FIRST, FIRST + 1]);
      const last = (await caller.post(`${GAV}?pageSize=2&lastSeenAssetId=${FIRST + 3}`)).json as GavAnswer;
      expect(last).toMatchObject({ count: 1, hasMore: 0, lastSeenAssetId: FIRST + 4 });
    });
  });

  test('gives at most 300 rows a page and 100 when not told', async () => {
    await withGateway({ assets: 400 }, async ({ caller }) => {
      expect(((await caller.post(GAV)).json as GavAnswer).count).toBe(100);
      expect(((await caller.post(`${GAV}?pageSize=1000`)).json as GavAnswer).count).toBe(300);
    });
  });

  test('answers one asset under all paths, and nothing for an unknown one', async () => {
    await withGateway({ assets: 3 }, async ({ caller }) => {
      for (const answer of [
        await caller.get(`/rest/2.0/get/am/asset?assetId=${FIRST + 1}`),
        await caller.get(`${GAV}?assetId=${FIRST + 1}`),
        await caller.post(`/am/v1/asset/host/id?assetId=${FIRST + 1}`),
      ]) {
        expect(answer.json).toMatchObject({
          count: 1,
          hasMore: 0,
          lastSeenAssetId: null,
          assetListData: { asset: [{ assetId: FIRST + 1 }] },
        });
      }
      expect(await caller.get('/rest/2.0/get/am/asset?assetId=7')).toMatchObject({ status: 204, text: '' });
    });
  });

  test('nulls what was not asked for, and custom attributes of a free subscription', async () => {
    await withGateway({ assets: 1 }, async ({ caller }) => {
      const { json } = await caller.get(`/rest/2.0/get/am/asset?assetId=${FIRST}&includeFields=customAttributes`);
      expect((json as GavAnswer).assetListData?.asset[0]).toMatchObject({
        hostId: null,
        customAttributes: [{ key: 'Department', value: 'Engineering', connectorName: 'Qualys' }],
      });
    });
    await withGateway({ assets: 1, gavSubscription: 'free' }, async ({ caller }) => {
      const { json } = await caller.get(`/rest/2.0/get/am/asset?assetId=${FIRST}`);
      expect((json as GavAnswer).assetListData?.asset[0]).toMatchObject({ hostId: FIRST + 40_000_000, customAttributes: null });
    });
  });

  test.each([
    [
      'application/xml',
      '<filters><Criteria field="customAttributes.key" operator="EQUALS"><value>Media State4</value></Criteria></filters>',
      3,
    ],
    ['application/json', '{"filters":[{"field":"customAttributes.value","operator":"CONTAINS","value":"disconn"}]}', 3],
    ['application/json', `{"filters":[{"field":"asset.id","operator":"IN","value":"${FIRST},${FIRST + 5}"}],"operation":"AND"}`, 2],
    ['application/xml', '', 30],
    ['application/xml', '<filters/>', 30],
    ['application/json', '{}', 30],
    ['application/json', '{"filters":[]}', 30],
    // The TruRisk of the n-th is 137 × n modulo 1,001.
    ['application/json', '{"filters":[{"field":"asset.truRisk","operator":"GREATER","value":"700"}]}', 8],
    ['application/json', '{"filters":[{"field":"asset.riskScore","operator":"LESS_THAN_EQUAL","value":"137"}]}', 5],
    ['application/json', '{"filters":[{"field":"interfaces.address","operator":"EQUALS","value":"10.0.0.5"}]}', 1],
    ['application/json', '{"filters":[{"field":"operatingSystem.name","operator":"CONTAINS","value":"linux"}]}', 30],
    ['application/json', '{"filters":[{"field":"asset.tag.name","operator":"EQUALS","value":"Web"}]}', 3],
    ['application/json', '{"filters":[{"field":"asset.criticalityScore","operator":"GREATER","value":"4"}]}', 6],
    ['application/json', '{"filters":[{"field":"asset.lastUpdatedDate","operator":"GREATER","value":"2020-01-01T00:00:00Z"}]}', 30],
    ['application/json', '{"filters":[{"field":"qualys.agent.lastCheckedInDate","operator":"LESSER","value":"2020-01-01T00:00:00Z"}]}', 0],
  ])('counts by %s %s', async (type, body, count) => {
    await withGateway({ assets: 30 }, async ({ simulator }) => {
      const headers = { authorization: `Bearer ${await signIn(simulator.url)}`, 'content-type': type };
      const answer = await send(`${simulator.url}/rest/2.0/count/am/asset`, { method: 'POST', headers, body });
      expect(answer.json).toEqual({ count, responseCode: 'SUCCESS', responseMessage: 'Valid API Access' });
    });
  });

  test.each([
    ['asset.id', 'EQUALS', 'web-1', 'asset.id is not compared with web-1'],
    ['asset.name', 'GREATER', 'web', 'takes CONTAINS, IN, EQUALS, NOT_EQUALS, not GREATER'],
    ['interfaces.address', 'CONTAINS', '10.', 'takes EQUALS, IN, not CONTAINS'],
    ['asset.lastUpdatedDate', 'GREATER', 'yesterday', 'is not compared with yesterday'],
    ['asset.address', 'EQUALS', '10.0.0.5', 'the field asset.address is not known'],
  ])('refuses a filter on %s by %s %s', async (field, operator, value, problem) => {
    await withGateway({ assets: 1 }, async ({ caller }) => {
      const answer = await caller.post('/rest/2.0/count/am/asset', { filters: [{ field, operator, value }] });
      expect(answer).toMatchObject({ status: 400, text: expect.stringContaining(problem) });
    });
  });

  test('tells when the agent checked in, and holds no field that the documents and public clients do not know', async () => {
    await withGateway({ assets: 2, seenBeforeMs: { [FIRST + 1]: 86_400_000 } }, async ({ caller, clock }) => {
      const rows = ((await caller.post(GAV)).json as GavAnswer).assetListData?.asset ?? [];
      expect(rows.map(({ agent }) => agent)).toEqual([
        { version: '5.0.0.17', lastActivity: clock.now(), lastCheckedIn: clock.now() },
        { version: '5.0.0.17', lastActivity: clock.now() - 86_400_000, lastCheckedIn: clock.now() - 86_400_000 },
      ]);
      expect(rows[0]).not.toHaveProperty('customerUuid');
    });
  });

  test('a page without rows has no list', async () => {
    await withGateway({ assets: 1 }, async ({ caller }) => {
      const nobody = { filters: [{ field: 'asset.name', operator: 'EQUALS', value: 'nobody' }] };
      const { json } = await caller.post(GAV, nobody);
      expect(json).toEqual({ responseMessage: 'Valid API Access', responseCode: 'SUCCESS', count: 0, lastSeenAssetId: null, hasMore: 0 });
    });
  });

  test('takes the nested filter of v1, and answers no match with an empty body', async () => {
    await withGateway({ assets: 30 }, async ({ caller }) => {
      const list = (filter: string) => caller.post(`/am/v1/assets/host/filter/list?filter=${encodeURIComponent(filter)}`);
      expect((await list("customAttributes:(key:'Media State4' and value:'Media disconnected')")).json).toMatchObject({ count: 3 });
      expect(await list("customAttributes.key:'Nothing'")).toMatchObject({ status: 200, text: '' });
      expect((await list("nosuch:'x'")).status).toBe(400);
    });
  });
});

describe('EDR', () => {
  test('puts the cursor into a header, and ends with an empty list', async () => {
    await withGateway({ assets: 15 }, async ({ caller }) => {
      const first = await caller.get('/ioc/v1/asset/searchAfter');
      expect(first.json).toHaveLength(10);
      const cursor = String(first.headers.searchaftervalue);
      expect(cursor).toMatch(/^\d{13},[0-9a-f-]{36}$/);
      const second = await caller.get(`/ioc/asset/searchAfter?searchAfterValues=${encodeURIComponent(cursor)}`);
      expect(second.json).toHaveLength(5);
      const end = await caller.get(
        `/ioc/asset/searchAfter?searchAfterValues=${encodeURIComponent(String(second.headers.searchaftervalue))}`,
      );
      expect(end.json).toEqual([]);
    });
  });

  test('filters by platform and by time, and projects strictly', async () => {
    await withGateway({ assets: 12, windowsEvery: 4 }, async ({ caller }) => {
      const ask = (query: Record<string, string>) => caller.get(`/ioc/asset/searchAfter?${new URLSearchParams(query)}`);
      expect((await ask({ filter: "asset.platform: 'Windows'" })).json).toHaveLength(3);
      const range = 'asset.timestamp: ["2026-01-01T00:01:00.000+0000" .. "2026-01-01T00:02:00.000+0000"]';
      expect((await ask({ filter: range })).json).toHaveLength(6);
      expect(((await ask({ include_attributes: 'hostName', pageSize: '1' })).json as object[]).map(Object.keys)).toEqual([['hostName']]);
    });
  });
});

describe('EASM', () => {
  test('completes after its simulated time', async () => {
    await withGateway(
      { speed: 60, easmProfiles: [{ profileId: 1, completedAfterMs: 600_000 }, { profileId: 2 }] },
      async ({ caller, clock }) => {
        const statuses = async () =>
          ((await caller.get('/easm/v1/profile/status')).json as { status: string }[]).map(({ status }) => status);
        expect(await statuses()).toEqual(['IN_PROGRESS', 'IN_PROGRESS']);
        clock.advance(10_000);
        expect(await statuses()).toEqual(['COMPLETED', 'IN_PROGRESS']);
      },
    );
  });
});

describe('clones', () => {
  const clone = (title: string) => ['/sm/v1/scripts/72648/clone', { scriptTitle: title }] as const;

  test('wait for review, and are found after the index lag', async () => {
    await withGateway({ indexLagMs: 2_000 }, async ({ caller, clock }) => {
      const answer = await caller.post(...clone('Copy'));
      expect(answer).toMatchObject({ status: 201, json: { errorCode: '0', body: { id: 72654 } } });
      const found = async () =>
        ((await caller.post('/sm/v1/scripts/search', { filter: 'name:"Copy"' })).json as { body: { totalCount: number } }).body;
      expect((await found()).totalCount).toBe(0);
      clock.advance(2_000);
      expect(await found()).toMatchObject({ totalCount: 1, list: [{ title: 'Copy', status: 'PENDING_REVIEW' }] });
    });
  });

  test('are refused for a title that exists, a dead source, and a full subscription', async () => {
    await withGateway({ scriptQuota: 7 }, async ({ caller }) => {
      expect((await caller.post(...clone('Rotate logs'))).status).toBe(400);
      expect((await caller.post('/sm/v1/scripts/72651/clone', { scriptTitle: 'x' })).status).toBe(400);
      expect((await caller.post('/sm/v1/scripts/72648/clone', { scriptId: 'x' })).status).toBe(400);
      expect((await caller.post(...clone('One more'))).status).toBe(201);
      expect((await caller.post(...clone('Too many'))).status).toBe(429);
    });
  });

  test('can lose their answer after the effect', async () => {
    await withGateway({ faults: { loseClones: [1], lostAs: 'status' } }, async ({ caller }) => {
      expect((await caller.post(...clone('Copy'))).status).toBeGreaterThanOrEqual(502);
      expect((await caller.get('/sm/v1/scripts/Copy')).json).toMatchObject({ body: { title: 'Copy' } });
      expect((await caller.post(...clone('Copy'))).status).toBe(400);
    });
  });
});

import { describe, expect, test } from '@jest/globals';
import { type GatewayAnswer, type GatewayCaller, withGateway } from '../../test/support/gateway/caller.js';

const FIRST = 20_452_610;
const SORT = '[{"created.dateTime":"asc"},{"id":"asc"}]';

interface Row {
  id: string;
  status: string;
  output?: { code: number };
  scriptResult?: string;
  enddate?: string;
  isAssetDisconnected: boolean;
  executionEndTime?: number;
  job: { id: number };
  asset: { id: number };
}

function uuidOf(answer: GatewayAnswer): string {
  return (answer.json as { body: { correlationUuid: string } }).body.correlationUuid;
}

async function rows(caller: GatewayCaller, filter: string, more: object = {}): Promise<Row[]> {
  const answer = await caller.post('/sm/v2/assetjobs/search', { filter, sort: SORT, pageSize: 1_000, ...more });
  return (answer.json as { body: { list: { data: Row }[] } }).body.list.map(({ data }) => data);
}

describe('execute', () => {
  const tooMany = Array.from({ length: 26 }, (_, index) => index);

  test.each([
    { what: 'an unknown script', script: 1, body: { assetIds: ['20452610'] }, status: 404, message: 'Script not found: 1' },
    { what: 'a deprecated script', script: 72651, body: { assetIds: ['20452610'] }, status: 400, message: 'its status is DEPRECATED' },
    { what: 'a script in review', script: 72652, body: { assetIds: ['20452610'] }, status: 400, message: 'its status is PENDING_REVIEW' },
    { what: 'no targets', script: 72648, body: { assetIds: [] }, status: 400, message: 'Either assetIds or assetTagIds' },
    { what: '26 assets', script: 72648, body: { assetIds: tooMany }, status: 400, message: 'assetIds has 26 entries, the limit is 25' },
    {
      what: '26 exclusions',
      script: 72648,
      body: { assetIds: [1], excludedAssetIds: tooMany },
      status: 400,
      message: 'excludedAssetIds has 26',
    },
    { what: 'test mode', script: 72648, body: { testMode: true, assetIds: ['20452610'] }, status: 400, message: 'testMode must be false' },
  ])('refuses $what without an effect', async ({ script, body, status, message }) => {
    await withGateway({}, async ({ simulator, caller }) => {
      const answer = await caller.post(`/sm/v1/scripts/${script}/execute`, body);
      expect(answer.status).toBe(status);
      expect(answer.json).toMatchObject({ errorCode: String(status), message: expect.stringContaining(message) });
      expect(simulator.state.executions).toEqual([]);
    });
  });

  test('a job, its asset jobs and its audit record appear after the index lag', async () => {
    await withGateway({ indexLagMs: 2_000, fanOutLagMs: 500, speed: 10 }, async ({ clock, caller }) => {
      const uuid = uuidOf(await caller.execute([FIRST, FIRST + 1, 999]));
      const seen = async () => {
        const jobs = await caller.post('/sm/v1/jobs/search', { filter: `correlationUuid:${uuid}` });
        const audit = await caller.post('/sm/v1/scripts/activities', { qql: 'activity: EXECUTE' });
        return [
          (jobs.json as { body: { totalCount: number } }).body.totalCount,
          (await rows(caller, `job.correlationUuid:${uuid}`)).length,
          (audit.json as { totalCount: number }).totalCount,
        ];
      };
      clock.advance(199);
      expect(await seen()).toEqual([0, 0, 0]);
      clock.advance(1);
      expect(await seen()).toEqual([1, 2, 1]);
    });
  });

  test('tags are resolved, exclusions and other platforms left out without a word', async () => {
    await withGateway({ assets: 50, windowsEvery: 5 }, async ({ simulator, caller }) => {
      await caller.post('/sm/v1/scripts/72648/execute', { assetIds: [FIRST], assetTagIds: ['7004'], excludedAssetIds: [FIRST + 13] });
      // Tag 7004 is on the assets with index 3, 13, 23, 33 and 43; every fifth asset (index 4, 9, …) is a Windows host.
      expect(simulator.state.executions[0]?.assetIds).toEqual([FIRST, FIRST + 3, FIRST + 23, FIRST + 33, FIRST + 43].map(String));
      await caller.execute([FIRST + 3, FIRST + 4], 72650);
      expect(simulator.state.executions[1]?.assetIds).toEqual([String(FIRST + 4)]);
    });
  });

  test('within the configured interval it is a 429 without limit evidence, for the script or for the subscription', async () => {
    for (const [scope, otherScript] of [
      ['script', 200],
      ['subscription', 429],
    ] as const) {
      await withGateway({ executionIntervalSec: 60, executionIntervalScope: scope }, async ({ simulator, clock, caller }) => {
        await caller.execute([FIRST]);
        clock.advance(59_999);
        const refused = await caller.execute([FIRST + 1]);
        expect(refused).toMatchObject({ status: 429, json: { errorCode: '429' } });
        expect(refused.headers).not.toHaveProperty('x-ratelimit-towait-sec');
        expect((await caller.execute([FIRST + 2], 72649)).status).toBe(otherScript);
        clock.advance(60_000);
        expect((await caller.execute([FIRST + 1])).status).toBe(200);
        expect(simulator.state.executionsPerAsset('demo').get(String(FIRST + 1))).toBe(1);
      });
    }
  });
});

describe('asset jobs', () => {
  test('go from assigned over uploaded to the verdict, and the output comes later', async () => {
    const options = {
      executionMs: { min: 60_000, max: 60_000 },
      uploadSettlingMs: 10_000,
      resultLagMs: 5_000,
      indexLagMs: 0,
      failAssets: [FIRST + 1],
    };
    await withGateway({ ...options, outputBytes: { min: 100, max: 100 } }, async ({ clock, caller }) => {
      await caller.execute([FIRST, FIRST + 1]);
      const look = async () =>
        (await rows(caller, 'job.id:80507', { includeScriptResult: true })).map((row) => [
          row.status,
          row.output?.code,
          row.scriptResult?.length,
        ]);
      clock.advance(49_999);
      expect(await look()).toEqual([
        ['MANIFEST ASSIGNED', undefined, undefined],
        ['MANIFEST ASSIGNED', undefined, undefined],
      ]);
      clock.advance(1);
      expect(await look()).toEqual([
        ['SCRIPT RESULT UPLOAD SUCCESS', undefined, undefined],
        ['SCRIPT RESULT UPLOAD SUCCESS', undefined, undefined],
      ]);
      clock.advance(10_000);
      expect(await look()).toEqual([
        ['EXECUTION PASSED', 0, undefined],
        ['EXECUTION FAILED', 1, undefined],
      ]);
      clock.advance(5_000);
      // 100 bytes are 136 characters of base64.
      expect(await look()).toEqual([
        ['EXECUTION PASSED', 0, 136],
        ['EXECUTION FAILED', 1, 136],
      ]);
      const [first] = await rows(caller, 'job.id:80507', { includeScriptResult: true });
      expect(Buffer.from(first?.scriptResult ?? '', 'base64').toString()).toMatch(/^✓ host-000001\.example\.com: up to date\n/);
      expect(first).toMatchObject({ enddate: '2026-01-05T08:01:00.000+00:00', isAssetDisconnected: false });
      expect((await rows(caller, 'job.id:80507'))[0]).not.toHaveProperty('scriptResult');
    });
  });

  test('of offline assets stay assigned and disconnected, until the asset is back and has done its work', async () => {
    const options = { executionMs: { min: 1_000, max: 1_000 }, indexLagMs: 0, offlineAssets: [FIRST], offlineForMs: 60_000 };
    await withGateway(options, async ({ clock, caller }) => {
      await caller.execute([FIRST]);
      clock.advance(59_999);
      expect(await rows(caller, 'job.id:80507')).toMatchObject([{ status: 'MANIFEST ASSIGNED', isAssetDisconnected: true }]);
      clock.advance(1);
      expect(await rows(caller, 'job.id:80507')).toMatchObject([{ status: 'MANIFEST ASSIGNED', isAssetDisconnected: false }]);
      clock.advance(1_000);
      expect(await rows(caller, 'job.id:80507')).toMatchObject([{ status: 'EXECUTION PASSED', isAssetDisconnected: false }]);
    });
  });

  test('of offline assets come back each at a time of its own, between the two that were given', async () => {
    const assets = Array.from({ length: 20 }, (_, index) => FIRST + index);
    const options = {
      ...{ executionMs: { min: 1_000, max: 1_000 }, indexLagMs: 0, tokenLifeSec: 1e9 },
      ...{ offlineAssets: assets, offlineForMs: { min: 86_400_000, max: 864_000_000 } },
    };
    await withGateway(options, async ({ clock, caller }) => {
      await caller.execute(assets);
      const back = async () =>
        (await rows(caller, 'job.id:80507', { pageSize: 20 })).filter(({ status }) => status === 'EXECUTION PASSED').length;
      clock.advance(86_400_000);
      expect(await back()).toBe(0);
      clock.advance(4 * 86_400_000);
      expect(await back()).toBe(8);
      clock.advance(5 * 86_400_000 + 1_000);
      expect(await back()).toBe(20);
    });
  });

  test('of an asset that never comes back are disconnected forever', async () => {
    await withGateway({ tokenLifeSec: 1e9, indexLagMs: 0, offlineAssets: [FIRST] }, async ({ clock, caller }) => {
      await caller.execute([FIRST]);
      clock.advance(30 * 86_400_000);
      expect(await rows(caller, 'job.id:80507')).toMatchObject([{ status: 'MANIFEST ASSIGNED', isAssetDisconnected: true }]);
    });
  });

  test('can be late, lose their result, or end with a word nobody knows', async () => {
    const options = {
      executionMs: { min: 1_000, max: 1_000 },
      indexLagMs: 0,
      lateAssets: [FIRST],
      lateByMs: 600_000,
      resultLostAssets: [FIRST + 1],
    };
    await withGateway(options, async ({ simulator, clock, caller }) => {
      await caller.execute([FIRST, FIRST + 1, FIRST + 2]);
      clock.advance(2_000);
      const statuses = (await rows(caller, 'job.id:80507')).map(({ status }) => status);
      expect(statuses).toEqual(['MANIFEST ASSIGNED', 'SCRIPT RESULT UPLOAD FAILED', 'EXECUTION PASSED']);
      clock.advance(600_000);
      expect((await rows(caller, 'job.id:80507'))[0]?.status).toBe('EXECUTION PASSED');
      expect(simulator.state.fateOf(FIRST + 1)).toBe('result-lost');
    });
    await withGateway({ ...options, faults: { unknownStatusRate: 1 } }, async ({ clock, caller }) => {
      await caller.execute(Array.from({ length: 25 }, (_, index) => FIRST + 2 + index));
      clock.advance(2_000);
      const seen = await rows(caller, 'job.id:80507');
      expect(new Set(seen.map(({ status }) => status))).toEqual(new Set(['EXECUTION HELD BY POLICY']));
      expect(new Set(seen.map(({ output }) => output?.code))).toEqual(new Set([0, undefined]));
    });
  });

  test('a failing asset passes on the attempt after failAttempts, counted for each user alone', async () => {
    const options = { executionMs: { min: 1_000, max: 1_000 }, indexLagMs: 0, failAssets: [FIRST], failAttempts: 1 };
    await withGateway({ ...options, foreignOperator: { everyMs: 10, scriptId: 72648, sameTargets: true } }, async ({ clock, caller }) => {
      await caller.execute([FIRST]);
      clock.advance(2_000);
      await caller.execute([FIRST]);
      clock.advance(2_000);
      const jobs = await caller.post('/sm/v1/scripts/activities', { qql: 'userName:demo and activity:EXECUTE' });
      expect(jobs.json).toMatchObject({ totalCount: 2 });
      const own = await rows(caller, 'job.id:80507');
      expect(own.map(({ status }) => status)).toEqual(['EXECUTION FAILED']);
    });
  });

  test('two simulators of one seed decide alike, and another seed differently', async () => {
    const options = { assets: 1_000, failRate: 0.2, offlineRate: 0.05 };
    const fates: string[] = [];
    for (const seed of [7, 7, 8]) {
      await withGateway({ ...options, seed }, async ({ simulator }) => {
        fates.push(Array.from({ length: 1_000 }, (_, index) => simulator.state.fateOf(FIRST + index)).join());
      });
    }
    expect(fates[0]).toBe(fates[1]);
    expect(fates[0]).not.toBe(fates[2]);
    const failed = fates[0]?.split(',').filter((fate) => fate === 'failed').length ?? 0;
    expect(failed).toBeGreaterThan(150);
    expect(failed).toBeLessThan(250);
  });

  test('speak the words of 2022 when asked', async () => {
    await withGateway({ legacyStatus: true, executionMs: { min: 0, max: 0 }, indexLagMs: 0 }, async ({ caller }) => {
      await caller.execute([FIRST]);
      expect((await rows(caller, 'job.id:80507'))[0]?.status).toBe('SUCCESS');
    });
  });

  test('are counted by status', async () => {
    const options = { executionMs: { min: 1_000, max: 1_000 }, indexLagMs: 0, failAssets: [FIRST], offlineAssets: [FIRST + 1] };
    await withGateway(options, async ({ clock, caller }) => {
      await caller.execute([FIRST, FIRST + 1, FIRST + 2, FIRST + 3]);
      clock.advance(1_100);
      const counted = await caller.get('/sm/v1/assetjobs/count?query=job.id%3A80507&groupBy=status');
      expect(counted.json).toEqual({
        data: { 'EXECUTION FAILED': 1, 'MANIFEST ASSIGNED': 1, 'EXECUTION PASSED': 2 },
        timestamp: '2026-01-05T08:00:01.100Z',
      });
      expect((await caller.get('/sm/v1/assetjobs/count')).json).toMatchObject({ data: { count: 4 } });
    });
  });
});

describe('another operator', () => {
  test('executes the same script at its own times, on a window of the fleet or on the same assets', async () => {
    await withGateway({ foreignOperator: { everyMs: 60_000, scriptId: 72648, assetsPerRun: 2 } }, async ({ simulator, clock, caller }) => {
      clock.advance(125_000);
      await caller.execute([FIRST]);
      const seen = simulator.state.executions.map(({ user, assetIds, simulatedAt }) => [
        user,
        assetIds.length,
        simulatedAt - simulator.state.now(),
      ]);
      expect(seen).toEqual([
        ['another operator', 2, -65_000],
        ['another operator', 2, -5_000],
        ['demo', 1, 0],
      ]);
    });
    await withGateway(
      { foreignOperator: { everyMs: 60_000, scriptId: 72648, sameTargets: true } },
      async ({ simulator, clock, caller }) => {
        await caller.execute([FIRST + 8, FIRST + 9]);
        clock.advance(60_000);
        await caller.get('/sm/v1/scripts/72648');
        expect(simulator.state.executions[1]).toMatchObject({ user: 'another operator', assetIds: [String(FIRST + 8), String(FIRST + 9)] });
        expect(simulator.state.executionsPerAsset('demo').get(String(FIRST + 8))).toBe(1);
        expect(simulator.state.executionsPerAsset().get(String(FIRST + 8))).toBe(2);
      },
    );
  });
});

describe('who and what others see of an execution', () => {
  test('operators that follow ours execute on their own part of the fleet, in the same seconds', async () => {
    const operator = { scriptId: 72648, assetsPerRun: 2, fromIndex: 90 };
    const foreignOperator = [
      { ...operator, username: 'ada', followsMs: 500 },
      { ...operator, username: 'bob', followsMs: 1_500 },
    ];
    await withGateway({ assets: 100, foreignOperator }, async ({ simulator, clock, caller }) => {
      await caller.execute([FIRST]);
      clock.advance(2_000);
      await caller.execute([FIRST + 1]);
      expect(simulator.state.executions.map(({ user, assetIds }) => [user, ...assetIds.map((id) => Number(id) - FIRST)])).toEqual([
        ['demo', 0],
        ['ada', 90, 91],
        ['bob', 90, 91],
        ['demo', 1],
      ]);
    });
  });

  test('the trail names users as the subscription does, with a UUID each', async () => {
    await withGateway({ indexLagMs: 0, displayNames: { demo: 'FIM Automation' } }, async ({ caller }) => {
      await caller.execute([FIRST]);
      const found = await caller.post('/sm/v1/scripts/activities', { qql: 'activity:EXECUTE' });
      expect(found.json).toMatchObject({
        auditRecords: [{ userName: 'FIM Automation', userUuid: expect.stringMatching(/^[0-9a-f-]{36}$/) }],
      });
    });
  });

  test('a split execution has a second job under its UUID, which comes later with its assets', async () => {
    const options = { indexLagMs: 0, splitRate: 1, splitAfterMs: { min: 60_000, max: 60_000 } };
    await withGateway(options, async ({ simulator, clock, caller }) => {
      await caller.execute([FIRST, FIRST + 1, FIRST + 2]);
      const filter = `job.correlationUuid:"${simulator.state.executions[0]?.correlationUuid}"`;
      const seen = async () => (await rows(caller, filter)).map(({ job, asset }) => [Number(job.id), Number(asset.id) - FIRST]);
      expect(await seen()).toEqual([
        [80507, 0],
        [80507, 1],
      ]);
      clock.advance(60_000);
      expect(await seen()).toEqual([
        [80507, 0],
        [80507, 1],
        [80508, 2],
      ]);
      expect(simulator.state.executions).toHaveLength(1);
    });
  });
});

describe('large executions', () => {
  test('by tags hit whoever has one of them now, each once', async () => {
    const tags = [
      { id: 1, name: 'fifth', modulo: 5, remainder: 2 },
      { id: 2, name: 'quarter', modulo: 4, remainder: 6 },
    ];
    await withGateway({ assets: 20, tags }, async ({ simulator, caller }) => {
      simulator.state.retag(FIRST + 7, 1, false);
      simulator.state.retag(FIRST + 19, 1, true);
      await caller.post('/sm/v1/scripts/72648/execute', {
        testMode: false,
        assetTagIds: ['1', '2', '404'],
        excludedAssetIds: [FIRST + 10],
      });
      expect(simulator.state.executions[0]?.assetIds).toEqual([2, 6, 12, 14, 17, 18, 19].map((index) => String(FIRST + index)));
      const found = await caller.post('/sm/v1/assets/search', { filter: 'tags.id: 1', sort: '[{"assetId":"asc"}]' });
      expect(found.json).toMatchObject({ body: { totalCount: 4 } });
    });
  });

  test('the asset jobs of a job that were asked for before still grow in number, and change', async () => {
    const options = { indexLagMs: 0, fanOutStaggerMs: 1_000, executionMs: { min: 5_000, max: 5_000 } };
    await withGateway(options, async ({ clock, simulator, caller }) => {
      await caller.execute([FIRST, FIRST + 1]);
      const filter = `job.id: ${simulator.state.executions[0]?.jobId}`;
      const words = async () => (await rows(caller, filter)).map(({ status }) => status);
      expect(await words()).toEqual(['MANIFEST ASSIGNED']);
      clock.advance(2_000);
      expect(await words()).toEqual(['MANIFEST ASSIGNED', 'MANIFEST ASSIGNED']);
      clock.advance(3_000);
      expect(await words()).toEqual(['EXECUTION PASSED', 'MANIFEST ASSIGNED']);
      clock.advance(1_000);
      expect(await words()).toEqual(['EXECUTION PASSED', 'EXECUTION PASSED']);
    });
  });
});

describe('a script that restarts its host', () => {
  const scripts = [
    { id: 9, title: 'Patch and restart', reboots: { awayMs: { min: 120_000, max: 120_000 }, neverAssets: [FIRST + 1] } },
    { id: 10, title: 'Look' },
  ];
  type Seen = Row & { lastCheckedIn: number };

  test('ends, is away, and checks in when it is back; an execution meanwhile waits for it, and one asset never comes back', async () => {
    await withGateway({ scripts, assets: 3, executionMs: { min: 10_000, max: 10_000 } }, async ({ caller, clock }) => {
      const uuid = uuidOf(await caller.execute([FIRST, FIRST + 1], 9));
      const seen = async (of = uuid) => (await rows(caller, `job.correlationUuid:${of}`)) as Seen[];
      clock.advance(12_000);
      const [back, gone] = await seen();
      const ended = [Date.parse(back?.enddate ?? ''), Date.parse(gone?.enddate ?? '')];
      // What came with the result is not later than its end.
      expect([back?.lastCheckedIn, gone?.lastCheckedIn]).toEqual(ended);
      const look = uuidOf(await caller.execute([FIRST, FIRST + 1], 10));
      clock.advance(100_000);
      expect((await seen()).map(({ lastCheckedIn }) => lastCheckedIn)).toEqual(ended);
      expect((await seen(look)).map(({ status, isAssetDisconnected }) => [status, isAssetDisconnected])).toEqual([
        ['MANIFEST ASSIGNED', true],
        ['MANIFEST ASSIGNED', true],
      ]);
      clock.advance(600_000);
      const [here, away] = await seen();
      expect(here?.lastCheckedIn).toBe(clock.now() - (clock.now() % 60_000));
      expect(away?.lastCheckedIn).toBe(ended[1]);
      const [looked, never] = await seen(look);
      expect([looked?.status, never?.status]).toEqual(['EXECUTION PASSED', 'MANIFEST ASSIGNED']);
      expect(looked?.executionEndTime).toBeGreaterThan((ended[0] ?? 0) + 120_000);
    });
  });
});

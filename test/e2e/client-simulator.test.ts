// The client and the simulator were written from the same documents by different hands: here they meet.
import { afterEach, describe, expect, test } from '@jest/globals';
import type { ServerClock } from '../../src/domain/limits/call-gate.js';
import { anyOf, idTerm, term } from '../../src/domain/targets/qql.js';
import { createQualys, type QualysClient, type QualysOptions } from '../../src/qualys/client.js';
import { QualysError } from '../../src/qualys/errors.js';
import type { AssetJobRow, Cursor } from '../../src/qualys/types.js';
import { type Simulator, startSimulator } from '../../src/simulator/index.js';
import type { SimulatorOptions } from '../../src/simulator/options.js';
import { all, recordingGate } from '../support/gateway/client-harness.js';

const started: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of started.splice(0).reverse()) await each.close();
});

/** The time of the last answer seen. */
function lastSeenClock(): ServerClock {
  let seen: number | undefined;
  return {
    async observe(serverMs) {
      seen = Math.max(seen ?? 0, serverMs);
    },
    now: async () => seen ?? Date.now(),
  };
}

async function meet(
  options: SimulatorOptions = {},
  client: Partial<QualysOptions> = {},
): Promise<{ simulator: Simulator; qualys: QualysClient }> {
  const simulator = await startSimulator({ assets: 50, indexLagMs: 0, speed: 2_000, ...options });
  const gate = recordingGate();
  const qualys = createQualys({
    baseUrl: simulator.url,
    username: 'demo',
    password: () => 'demo',
    gate,
    clock: lastSeenClock(),
    ...client,
  });
  started.push(simulator, qualys);
  return { simulator, qualys };
}

const assetIds = Array.from({ length: 25 }, (_, n) => String(20_452_610 + n));
const always = () => true;

async function accepted(qualys: QualysClient): Promise<string> {
  const answer = await qualys.execute({ scriptId: '72648', assetIds, mayStart: always });
  if (answer.kind !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(answer)}`);
  return answer.correlationUuid;
}

/** Asks until all 25 asset jobs have a verdict. */
async function finished(qualys: QualysClient, correlationUuid: string): Promise<AssetJobRow[]> {
  for (;;) {
    const [job] = await all(qualys.searchJobs({ filter: term('correlationUuid', correlationUuid) }));
    const rows =
      job === undefined ? [] : await all(qualys.searchAssetJobs({ filter: idTerm('job.id', job.id), includeOutput: true, pageSize: 7 }));
    if (rows.length === 25 && rows.every((row) => /PASSED|FAILED|SUCCESS/.test(row.status) && row.output !== undefined)) return rows;
  }
}

/** The ids of all assets, going on at the last cursor after each failure that passes, as a retried activity does. */
async function resumed(qualys: QualysClient): Promise<string[]> {
  const ids: string[] = [];
  for (let after: Cursor | undefined; ; ) {
    try {
      for await (const page of qualys.searchAssets({ pageSize: 10, after })) {
        ids.push(...page.rows.map((row) => row.assetId));
        after = page.cursor;
      }
      return ids;
    } catch (error) {
      if (!(error instanceof QualysError && error.kind === 'unavailable')) throw error;
    }
  }
}

describe('the client against the simulator', () => {
  test('goes the whole way of an execution', async () => {
    const { simulator, qualys } = await meet({ failAssets: [20_452_612] });
    const script = await qualys.script('Patch OpenSSL');
    expect(script).toMatchObject({ id: '72648', status: 'APPROVED', platform: 'LINUX', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
    const rows = await finished(qualys, await accepted(qualys));
    expect(rows.map((row) => row.assetId).sort()).toEqual(assetIds);
    expect(rows.find((row) => row.assetId === '20452612')).toMatchObject({ status: 'EXECUTION FAILED' });
    expect(rows.filter((row) => row.exitCode === 0)).toHaveLength(24);
    expect(await qualys.countAssetJobs({ query: idTerm('job.id', rows[0]?.jobId ?? ''), groupBy: 'status' })).toEqual({
      'EXECUTION PASSED': 24,
      'EXECUTION FAILED': 1,
    });
    expect(await all(qualys.activities({ filter: 'activity: EXECUTE' }))).toMatchObject([{ user: 'demo', targetId: '72648' }]);
    expect(simulator.state.executions).toHaveLength(1);
  });

  test.each([
    ['flat rows', { shape: 'flat' as const }],
    ['wrapped and flat rows in turn, ids of changing types', { shape: 'mixed' as const, ids: 'mixed' as const }],
    ['overlapping pages', { faults: { walk: 'overlap' as const } }],
  ])('walks every asset and asset job once through %s', async (_, options) => {
    const { qualys } = await meet({ assets: 500, executionMs: { min: 0, max: 0 }, ...options });
    const assets = await all(qualys.searchAssets({ pageSize: 30 }));
    expect(new Set(assets.map((asset) => asset.assetId)).size).toBe(500);
    expect(assets).toHaveLength(500);
    const rows = await finished(qualys, await accepted(qualys));
    expect(new Set(rows.map((row) => row.id)).size).toBe(25);
    expect(await all(qualys.searchTags({ pageSize: 2 }))).toHaveLength(5);
    expect(await all(qualys.searchScripts({ pageSize: 4 }))).toHaveLength(6);
  });

  test('walks every asset once, resuming, through failing and truncated answers and revoked tokens', async () => {
    const faults = { failRate: 0.1, truncateRate: 0.1, revokeTokensAfterCalls: [3, 20] };
    const { simulator, qualys } = await meet({ assets: 500, faults });
    const walked = await resumed(qualys);
    expect(walked).toHaveLength(500);
    expect(new Set(walked).size).toBe(500);
    expect(simulator.stats()).toMatchObject({ tokensIssued: 3 });
    expect(simulator.stats().calls).toBeGreaterThan(55);
  });

  test('finds assets by id and by name', async () => {
    const { qualys } = await meet();
    const byId = anyOf(assetIds.slice(0, 3).map((id) => idTerm('assetId', id)));
    expect((await all(qualys.searchAssets({ filter: byId }))).map((asset) => asset.name).sort()).toEqual([
      'host-000001.example.com',
      'host-000002.example.com',
      'host-000003.example.com',
    ]);
    expect(await all(qualys.searchAssets({ filter: term('name', 'host-000002.example.com') }))).toMatchObject([{ assetId: '20452611' }]);
  });

  test('stops at a stalled cursor instead of going round', async () => {
    const { qualys } = await meet({ faults: { walk: 'stalled' } });
    await expect(all(qualys.searchAssets({ pageSize: 20 }))).rejects.toMatchObject({ kind: 'protocol' });
  });

  test.each(['reset', 'status', 'hang'] as const)(
    'an answer lost as %s after the effect is unknown, and the script ran once',
    async (lostAs) => {
      const { simulator, qualys } = await meet({ faults: { loseExecutes: [1], lostAs } }, { timeoutMs: 500 });
      expect(await qualys.execute({ scriptId: '72648', assetIds, mayStart: always })).toMatchObject({ kind: 'unknown' });
      expect(simulator.state.executions).toHaveLength(1);
    },
  );

  test('hears of interval, limit, unknown and deprecated scripts', async () => {
    const interval = await meet({ executionIntervalSec: 100_000 });
    await accepted(interval.qualys);
    expect(await interval.qualys.execute({ scriptId: '72648', assetIds, mayStart: always })).toMatchObject({
      kind: 'refused',
      why: 'interval',
    });
    expect(await interval.qualys.execute({ scriptId: '1', assetIds, mayStart: always })).toMatchObject({
      kind: 'rejected',
      why: 'not-found',
    });
    expect(await interval.qualys.execute({ scriptId: '72651', assetIds, mayStart: always })).toMatchObject({
      kind: 'rejected',
      why: 'invalid',
    });
    for (const regime of [429, 409] as const) {
      const limited = await meet({ limits: { perWindow: 1, windowSec: 3_600_000, regime } });
      await limited.qualys.countSchedules({});
      expect(await limited.qualys.execute({ scriptId: '72648', assetIds, mayStart: always })).toMatchObject({
        kind: 'refused',
        why: 'limit',
      });
      await expect(limited.qualys.countSchedules({})).rejects.toMatchObject({ kind: 'limited', waitMs: expect.any(Number) });
    }
  });

  test('creates a schedule once', async () => {
    const { simulator, qualys } = await meet({ speed: 1 });
    const tomorrow = new Date(simulator.state.now() + 86_400_000).toISOString().slice(0, 10);
    const [asset] = await all(qualys.searchAssets({ filter: idTerm('assetId', '20452610') }));
    const request = {
      title: 'again',
      description: '',
      scripts: [{ id: '72648', title: 'Patch OpenSSL' }],
      assets: [{ UUId: asset?.agentUuid ?? '', id: '20452610' }],
      scheduleType: 'ONE_TIME' as const,
      startDate: tomorrow,
      startTime: '07:00:00',
      endDate: tomorrow,
      user: { id: 'u', name: 'demo' },
    };
    expect(await qualys.createSchedule(request)).toMatchObject({ kind: 'created' });
    expect(await qualys.createSchedule(request)).toMatchObject({ kind: 'exists' });
    expect(await qualys.countSchedules({ filter: term('name', 'again') })).toBe(1);
  });

  test('wrong credentials are said so', async () => {
    const { qualys } = await meet({}, { password: () => 'wrong' });
    await expect(qualys.script('72648')).rejects.toMatchObject({ kind: 'authentication' });
  });

  test('takes new tokens as they end, by the clock of the gateway', async () => {
    const { simulator, qualys } = await meet({ tokenLifeSec: 200, dateSkewMs: 86_400_000 });
    // Counted in calls, because a busy machine makes few of them while a token lives; one that stands still for longer than a token
    // lives has even a fresh one refused.
    const stalled = (error: unknown): void => expect(error).toMatchObject({ kind: 'unavailable', status: 401 });
    while (simulator.stats().tokensIssued < 4 && simulator.stats().calls < 5_000) await qualys.countSchedules({}).catch(stalled);
    const { tokensIssued, calls } = simulator.stats();
    expect(tokensIssued).toBeGreaterThanOrEqual(4);
    expect(calls).toBeGreaterThan(tokensIssued);
  });
});

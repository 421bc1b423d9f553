import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readNotJoined } from '../../../src/domain/targets/join-record.js';
import { createQualys, type QualysClient } from '../../../src/qualys/client.js';
import { type Simulator, startSimulator } from '../../../src/simulator/index.js';
import { overhaul } from '../../support/command-line.js';
import { eventually, failureOf, openProductHarness, type ProductHarness, progressOf } from '../product-harness.js';

const REQUEST = { script: 72648, poll: { interval: '1s' }, deadline: '1m' } as const;
const WINDOWS = { source: 'gav', filter: '{"filters":[{"field":"operatingSystem","operator":"CONTAINS","value":"Windows"}]}' } as const;

describe('targets from another inventory', () => {
  let harness: ProductHarness;
  /** An inventory that knows the hosts of the harness, and twenty more. */
  let inventory: Simulator;
  let client: QualysClient;

  beforeAll(async () => {
    harness = await openProductHarness('inventory', {
      simulator: {
        assets: 60,
        windowsEvery: 2,
        scripts: [
          { id: 72648, title: 'Patch OpenSSL', status: 'APPROVED', platform: 'LINUX' },
          { id: 72700, title: 'Patch IIS', status: 'APPROVED', platform: 'WINDOWS' },
        ],
        easmProfiles: [{ profileId: 3101, completedAfterMs: 0 }, { profileId: 3102 }],
      },
    });
    inventory = await startSimulator({ assets: 80, windowsEvery: 2 });
    client = createQualys({
      baseUrl: inventory.url,
      username: 'demo',
      password: () => 'demo',
      gate: { enter: async () => ({ kind: 'go', callId: 1 }), leave: async () => undefined, cancel: async () => undefined },
      clock: harness.product.ledger.serverClock,
    });
    const { gavV1Assets } = client;
    harness.product.dependencies.qualys = { ...harness.product.dependencies.qualys, gavV1Assets };
  }, 600_000);

  afterAll(async () => {
    await harness?.close();
    await client?.close();
    await inventory?.close();
  });

  test('a run on a GAV query ends with a report on exactly the cohort that its dry run printed', async () => {
    const { simulator, ledger } = harness.product;
    const env = {
      QUALYS_URL: simulator.url,
      QUALYS_USERNAME: 'demo',
      QUALYS_PASSWORD: 'demo',
      OVERHAUL_DATABASE_URL: 'sqlite:/nowhere/ledger.db',
    };
    const argv = [
      'run',
      '--script',
      '72700',
      '--query',
      `${WINDOWS.source}:${WINDOWS.filter}`,
      '--assets',
      '20452610',
      '--dry-run',
      '--json',
    ];
    const plan = JSON.parse((await overhaul(argv, { env })).stdout) as {
      cohort: { size: number; digest: string };
      skipped: Record<string, number>;
      executions: number;
      calls: { atLeast: number; atMost: number };
    };
    expect(plan).toMatchObject({ cohort: { size: 31 }, skipped: { 'other-platform': 1 }, executions: 2 });
    const report = await harness.run(
      { ...REQUEST, script: 72700, targets: { query: WINDOWS, assetIds: [20452610] } },
      { workflowId: 'gav' },
    );
    expect(report).toMatchObject({ status: 'partial', executions: 2, counts: { targeted: 31, succeeded: 30, skipped: 1 } });
    expect((await ledger.runs.get('gav'))?.cohort).toEqual(plan.cohort);
    expect(report.apiCalls).toBeGreaterThanOrEqual(plan.calls.atLeast);
    expect(report.apiCalls).toBeLessThanOrEqual(plan.calls.atMost);
    const [first] = await harness.rows('gav');
    expect(first).toMatchObject({ assetId: '20452610', name: 'host-000001.example.com', outcome: 'skipped', reason: 'other-platform' });
    expect(simulator.state.executionsPerAsset().size).toBe(30);
  });

  test('hosts that CAR does not know are named, and the others get the script', async () => {
    const query = { source: 'gav-v1', filter: 'asset.id:[20452665 .. 20452675]' } as const;
    const report = await harness.run({ ...REQUEST, targets: { query } }, { workflowId: 'apart' });
    expect(report.counts.targeted).toBe(5);
    const { count, assets } = readNotJoined(await harness.product.ledger.audit.of('apart'));
    expect(count).toBe(6);
    expect(assets[0]).toEqual({ source: 'gav-v1', id: '20452670', name: 'host-000061.example.com', why: 'unknown' });
  });

  test('a query of which CAR knows no host fails as NoTargets and says which they are', async () => {
    const query = { source: 'gav-v1', filter: 'asset.id:[20452670 .. 20452671]' } as const;
    const failure = await failureOf(await harness.start({ ...REQUEST, targets: { query } }));
    expect(failure).toMatchObject({
      type: 'NoTargets',
      message:
        'None of the 2 hosts found by the query is a CAR asset: host-000061.example.com (gav-v1 20452670): unknown to CAR; host-000062.example.com (gav-v1 20452671): unknown to CAR',
    });
  });

  test.each([
    [{ source: 'gav', filter: 'operatingSystem:Windows' }, 'must be JSON'],
    [{ source: 'gav', filter: '<filters><Criteria>' }, 'has no operator'],
    [{ source: 'edr', filter: 'no.such:token' }, 'no.such'],
  ])('a filter that is none is an InvalidRequest that names it: %j', async (query, message) => {
    const failure = await failureOf(await harness.start({ ...REQUEST, targets: { query } }));
    expect(failure.type).toBe('InvalidRequest');
    expect(failure.details[0]).toEqual([{ path: 'targets.query.filter', problem: expect.stringMatching(message) }]);
  });

  test('a run waits for the EASM sync, says so, and goes on when it is completed', async () => {
    const handle = await harness.start({ ...REQUEST, targets: { assetIds: [20452610] }, waitFor: { easm: true, timeout: '1h' } });
    const waiting = await eventually(
      () => progressOf(handle),
      ({ blocked }) => blocked !== undefined,
    );
    expect(waiting).toMatchObject({ phase: 'blocked', blocked: 'waiting for the EASM sync: 3101 is COMPLETED, 3102 is IN_PROGRESS' });
    expect((await harness.product.ledger.reader.run(handle.workflowId))?.blocked).toBe(waiting.blocked);
    const easmStatus = harness.product.dependencies.qualys.easmStatus;
    harness.product.dependencies.qualys.easmStatus = async () => [{ profileId: '3102', status: 'COMPLETED', isCompleted: true }];
    try {
      expect(await handle.result()).toMatchObject({ status: 'succeeded' });
    } finally {
      harness.product.dependencies.qualys.easmStatus = easmStatus;
    }
    expect((await harness.product.ledger.reader.run(handle.workflowId))?.blocked).toBeUndefined();
  });

  test('one profile that is completed is enough where only that one is asked for', async () => {
    const report = await harness.run({ ...REQUEST, targets: { assetIds: [20452612] }, waitFor: { easm: 3101 } });
    expect(report.status).toBe('succeeded');
  });

  test.each([
    [
      { easm: 3102, timeout: '1s' },
      'QualysUnavailable',
      'The EASM sync was not completed within 1s: 3102 is IN_PROGRESS. Nothing was sent.',
    ],
    [{ easm: 9 }, 'InvalidRequest', 'profile 9 is not active: active are 3101, 3102'],
  ])('a wait that cannot end well fails the run: %j', async (waitFor, type, message) => {
    const failure = await failureOf(await harness.start({ ...REQUEST, targets: { assetIds: [20452614] }, waitFor }));
    expect(failure).toMatchObject({ type, message });
    if (type === 'InvalidRequest') expect(failure.details[0]).toEqual([{ path: 'waitFor.easm', problem: message }]);
  });
});

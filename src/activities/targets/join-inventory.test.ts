// Targets from GAV and EDR, through the real client and the simulator: one gateway for the inventory, another for CAR, so that the two
// know the same hosts under other ids, and not all of them.

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ledgerOf } from '../../../test/support/ledger/inspector.js';
import { useLedgers } from '../../../test/support/ledger/ledger.js';
import { MACHINE_TIME, NOBODY_WAITS, resolveCohort } from '../../../test/support/resolving.js';
import type { RemediationRequestInput } from '../../contracts/request.js';
import { readNotJoined } from '../../domain/targets/join-record.js';
import type { Ledger } from '../../ledger/index.js';
import { createQualys, type QualysClient } from '../../qualys/client.js';
import { type Simulator, startSimulator } from '../../simulator/index.js';
import type { SimulatorOptions } from '../../simulator/options.js';
import type { ResolvingWith } from '../opening/resolve-targets.js';

const ledgers = useLedgers();

const simulators: Simulator[] = [];
const clients: QualysClient[] = [];

async function gateway(options: SimulatorOptions): Promise<{ simulator: Simulator; qualys: QualysClient }> {
  const simulator = await startSimulator(options);
  const qualys = createQualys({
    baseUrl: simulator.url,
    username: 'demo',
    password: () => 'demo',
    gate: NOBODY_WAITS,
    clock: MACHINE_TIME,
  });
  simulators.push(simulator);
  clients.push(qualys);
  return { simulator, qualys };
}

async function resolved(
  qualys: ResolvingWith['qualys'],
  targets: RemediationRequestInput['targets'],
  { platform = '', neverTouch = [] as string[] } = {},
): Promise<{ ledger: Ledger; cohort: { size: number; digest: string }; rows: Record<string, string>; apart: string[] }> {
  const ledger = await ledgers.open();
  const cohort = await resolveCohort({ ledger, qualys, targets, platform, neverTouch: { assetIds: neverTouch } });
  const stored = await ledgerOf(ledger).columns('attempts', ['assetId', 'name', 'agentUuid', 'reason']);
  const apart = readNotJoined(await ledger.audit.of('r')).assets.map(({ name, why }) => `${name}: ${why}`);
  const rows = Object.fromEntries(
    stored.map(({ assetId: id, name, agentUuid: agent, reason }) => [
      id,
      `${name}${agent ? '' : ' without agent'}${reason ? ` ${reason}` : ''}`,
    ]),
  );
  return { ledger, cohort, rows, apart };
}

/** Names of the simulated hosts from the first to the last of these. */
const names = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => `host-${String(first + index).padStart(6, '0')}.example.com`);

/** The inventory of one gateway, the CAR of the other. */
function mixed(inventory: QualysClient, car: QualysClient): ResolvingWith['qualys'] {
  const { gavAssets, gavV1Assets, edrAssets } = inventory;
  return { ...car, gavAssets, gavV1Assets, edrAssets };
}

describe('targets of another inventory', () => {
  let one: { simulator: Simulator; qualys: QualysClient };
  let other: { simulator: Simulator; qualys: QualysClient };

  beforeAll(async () => {
    one = await gateway({ assets: 1_400, windowsEvery: 2 });
    // The same agents and names, other ids, and only the first thirty.
    other = await gateway({ assets: 30, firstAssetId: 5_000, windowsEvery: 2 });
  });
  afterAll(async () => {
    for (const client of clients) await client.close();
    for (const simulator of simulators) await simulator.close();
  });

  test.each([
    ['gav', '{"filters":[{"field":"operatingSystem","operator":"CONTAINS","value":"Windows"}]}'],
    ['gav', '<filters><Criteria field="operatingSystem" operator="CONTAINS"><value>Windows</value></Criteria></filters>'],
    ['gav-v1', 'operatingSystem:"Windows"'],
    ['edr', 'asset.platform:windows'],
  ] as const)('%s %s: its hosts are CAR assets, each once, in few calls', async (source, filter) => {
    const before = one.simulator.stats().callsByPath['/sm/v1/assets/search'] ?? 0;
    const { cohort, rows, apart } = await resolved(one.qualys, { query: { source, filter } });
    expect([cohort.size, apart]).toEqual([700, []]);
    expect(Object.entries(rows)[0]).toEqual(['20452611', 'host-000002.example.com']);
    // 700 hosts by id are one search. By agent they are two, after three that show which token CAR knows.
    expect((one.simulator.stats().callsByPath['/sm/v1/assets/search'] ?? 0) - before).toBe(source === 'edr' ? 5 : 1);
  });

  test('whose ids differ are joined by agent, and those that CAR has not are named', async () => {
    const query = { source: 'gav-v1' as const, filter: 'asset.id:[20452630 .. 20452645]' };
    const { cohort, rows, apart } = await resolved(mixed(one.qualys, other.qualys), { query });
    expect(cohort.size).toBe(10);
    expect(Object.values(rows)).toEqual(names(21, 30));
    expect(apart).toEqual(names(31, 36).map((name) => `${name}: unknown`));
  });

  test('of EDR without a known agent are joined by host name', async () => {
    const strangers = await gateway({ assets: 32, seed: 99 });
    const query = { source: 'edr' as const, filter: 'asset.platform:linux' };
    const { cohort, apart } = await resolved(mixed(strangers.qualys, other.qualys), { query, everything: true });
    expect(cohort.size).toBe(30);
    expect(apart).toEqual(names(31, 32).map((name) => `${name}: unknown`));
  });

  test('of GAV are not joined by name to an asset with another agent', async () => {
    const strangers = await gateway({ assets: 3, seed: 99 });
    const query = { source: 'gav-v1' as const, filter: 'operatingSystem:Linux' };
    const { cohort, apart } = await resolved(mixed(strangers.qualys, other.qualys), { query });
    expect(cohort.size).toBe(0);
    expect(apart).toEqual(names(1, 3).map((name) => `${name}: contradictory`));
  });

  test('add up with ids, names and tags, less the exclusions, and what is never touched stays, skipped', async () => {
    const query = { source: 'gav-v1' as const, filter: 'asset.id:[20452610 .. 20452613]' };
    const { cohort, rows } = await resolved(
      one.qualys,
      {
        query,
        assetIds: [20452612, 20452700],
        hostnames: ['HOST-000001.example.com', 'host-000201.example.com'],
        excludedAssetIds: [20452611],
      },
      { neverTouch: ['20452613'] },
    );
    expect(cohort.size).toBe(5);
    expect(rows).toEqual({
      // Given by id, and known by what the query told of it.
      20452612: 'host-000003.example.com',
      20452700: 'null without agent',
      20452610: 'host-000001.example.com',
      20452810: 'host-000201.example.com',
      20452613: 'host-000004.example.com never-touch',
    });
  });
});

describe('assets given by id', () => {
  let it: { simulator: Simulator; qualys: QualysClient };

  beforeAll(async () => {
    it = await gateway({ assets: 3_000, windowsEvery: 3 });
  });
  afterAll(async () => {
    for (const client of clients) await client.close();
    for (const simulator of simulators) await simulator.close();
  });

  test('of another platform are skipped; what CAR does not know stays; names and agents are kept', async () => {
    const { cohort, rows } = await resolved(it.qualys, { assetIds: [20452610, 20452612, 99, 20452613] }, { platform: 'LINUX' });
    expect(cohort.size).toBe(4);
    expect(rows).toEqual({
      20452610: 'host-000001.example.com',
      20452612: 'host-000003.example.com other-platform',
      99: 'null without agent',
      20452613: 'host-000004.example.com',
    });
  });

  test('cost a search for each thousand', async () => {
    const before = it.simulator.stats().calls;
    const assetIds = Array.from({ length: 2_500 }, (_, index) => 20452610 + index);
    const { cohort } = await resolved(it.qualys, { assetIds }, { platform: 'WINDOWS' });
    expect([cohort.size, it.simulator.stats().calls - before]).toEqual([2_500, 3]);
  });

  test('cost nothing where the script has no platform', async () => {
    const before = it.simulator.stats().calls;
    await resolved(it.qualys, { assetIds: [20452610] });
    expect(it.simulator.stats().calls - before).toBe(0);
  });
});

// What policy says is never touched, through the real client and the simulator.

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ledgerOf } from '../../../test/support/ledger/inspector.js';
import { useLedgers } from '../../../test/support/ledger/ledger.js';
import { MACHINE_TIME, NOBODY_WAITS, resolveCohort } from '../../../test/support/resolving.js';
import type { NeverTouch } from '../../contracts/policy.js';
import { parseRequest, type RemediationRequestInput } from '../../contracts/request.js';
import type { Ledger } from '../../ledger/index.js';
import { createQualys, type QualysClient } from '../../qualys/client.js';
import { type Simulator, startSimulator } from '../../simulator/index.js';
import type { SimulatorOptions } from '../../simulator/options.js';
import { PolicyRefused } from './refusal.js';

const ledgers = useLedgers();
const FIRST = 20_452_610;

let simulator: Simulator;
let qualys: QualysClient;

beforeAll(async () => {
  simulator = await startSimulator({
    assets: 40,
    tags: [
      { id: 7001, name: 'Crown Jewels', modulo: 10, remainder: 3 },
      { id: 7002, name: 'crown jewels', modulo: 10, remainder: 4 },
      { id: 7003, name: '7001', modulo: 10, remainder: 5 },
      { id: 7004, name: 'Nobody', modulo: 1_000, remainder: 999 },
    ],
    assetNames: {
      // Of names that begin, end or go on as another one does.
      [FIRST + 20]: 'host-0000012.example.com',
      [FIRST + 21]: 'HOST-000002.Example.ORG',
      [FIRST + 22]: 'host-000002',
      [FIRST + 23]: 'xhost-000002.example.com',
    },
  });
  qualys = createQualys({ baseUrl: simulator.url, username: 'demo', password: () => 'demo', gate: NOBODY_WAITS, clock: MACHINE_TIME });
});

afterAll(async () => {
  await qualys.close();
  await simulator.close();
});

const ALL = Array.from({ length: 40 }, (_, index) => FIRST + index);

async function resolved(
  neverTouch: Partial<NeverTouch>,
  targets: RemediationRequestInput['targets'] = { assetIds: ALL },
  client = qualys,
): Promise<{ ledger: Ledger; skipped: number[]; warnings: string[] }> {
  const ledger = await ledgers.open();
  await resolveCohort({ ledger, qualys: client, targets, neverTouch });
  const rows = await ledgerOf(ledger).columns('attempts', ['assetId'], { outcome: 'skipped', reason: 'never-touch' });
  return { ledger, skipped: rows.map(({ assetId: id }) => Number(id) - FIRST), warnings: await ledger.runs.warnings('r') };
}

async function withSimulator(options: SimulatorOptions, use: (client: QualysClient) => Promise<void>): Promise<void> {
  const other = await startSimulator(options);
  const client = createQualys({ baseUrl: other.url, username: 'demo', password: () => 'demo', gate: NOBODY_WAITS, clock: MACHINE_TIME });
  try {
    await use(client);
  } finally {
    await client.close();
    await other.close();
  }
}

describe('what policy never touches', () => {
  test.each<[string, Partial<NeverTouch>, number[]]>([
    ['a host by its first label, whatever the case, and no longer name', { hostnames: ['HOST-000001'] }, [0]],
    ['every host of that first label, in any domain or none', { hostnames: ['host-000002'] }, [1, 21, 22]],
    ['a host by its whole name, and no other of its first label', { hostnames: ['host-000002.EXAMPLE.com'] }, [1]],
    ['several names of one host once', { hostnames: ['host-000003', 'host-000003.example.com.'] }, [2]],
    ['tags by name, all of that name', { tags: ['CROWN jewels'] }, [3, 4, 13, 14, 23, 24, 33, 34]],
    ['a tag by id, and by a name that looks like one', { tags: ['7001'] }, [3, 5, 13, 15, 23, 25, 33, 35]],
    ['a tag that nobody bears', { tags: ['Nobody'], assetIds: [] }, []],
    ['an asset by its id, also one that Qualys does not know', { assetIds: [String(FIRST), '1'] }, [0]],
  ])('%s', async (_, neverTouch, skipped) => {
    expect(await resolved(neverTouch)).toMatchObject({ skipped, warnings: [] });
  });

  test('what Qualys does not know refuses the run, each by its name', async () => {
    const refused = resolved({ tags: ['Prod DB', '7099', 'Nobody'], hostnames: ['host-000001', 'no-such-host', 'host-0000'] });
    await expect(refused).rejects.toThrow(PolicyRefused);
    await expect(refused).rejects.toMatchObject({
      problems: [
        { path: 'policy.neverTouch.tags[0]', problem: 'Qualys lists no tag "Prod DB"' },
        { path: 'policy.neverTouch.tags[1]', problem: 'Qualys lists no tag "7099"' },
        { path: 'policy.neverTouch.hostnames[1]', problem: 'Qualys knows no host "no-such-host"' },
        { path: 'policy.neverTouch.hostnames[2]', problem: 'Qualys knows no host "host-0000"' },
      ],
    });
    for (const name of ['"Prod DB"', '"7099"', '"no-such-host"', '"host-0000"']) await expect(refused).rejects.toThrow(name);
  });

  test('the same is told instead where policy says so, and what is known is left alone', async () => {
    const { skipped, warnings } = await resolved({ tags: ['Prod DB'], hostnames: ['nobody', 'host-000001'], unknown: 'warn' });
    expect(skipped).toEqual([0]);
    expect(warnings).toEqual([
      'policy.neverTouch.tags[0]: Qualys lists no tag "Prod DB", so it excludes nothing',
      'policy.neverTouch.hostnames[0]: Qualys knows no host "nobody", so it excludes nothing',
    ]);
  });

  /** One asset for each place in which Qualys has a name for it, beside the name of its own. */
  const CALLED: [string, number, NonNullable<SimulatorOptions['moreFields']>[string]][] = [
    ['dnsName of CAR', 30, { car: { dnsName: 'alias.corp.example' } }],
    ['netbiosName of CAR', 31, { car: { netbiosName: 'ALIAS' } }],
    ['fqdn of CAR', 32, { car: { fqdn: 'alias.corp.example.' } }],
    ['hostName of CAR', 33, { car: { hostName: 'Alias' } }],
    ['an interface of an interface list of CAR', 34, { car: { interfaces: null, networkInterface: [{ host_name: 'alias' }] } }],
    ['assetName of GAV', 30, { gav: { assetName: 'alias.corp.example' } }],
    ['dnsName of GAV', 31, { gav: { dnsName: 'alias.corp.example' } }],
    ['netbiosName of GAV', 32, { gav: { netbiosName: 'ALIAS' } }],
    ['an interface of GAV', 33, { gav: { networkInterfaceListData: { networkInterface: [{ hostname: null }, { hostname: 'alias' }] } } }],
  ];
  const GAV_QUERY = { source: 'gav', filter: '{"filters":[{"field":"asset.name","operator":"CONTAINS","value":"host-00003"}]}' } as const;

  test.each(CALLED)('a host is left alone that is called so by %s', async (_, index, fields) => {
    await withSimulator({ assets: 40, moreFields: { [FIRST + index]: fields } }, async (other) => {
      const targets = 'gav' in fields ? { query: GAV_QUERY } : { query: { source: 'car', filter: 'name:"host-00003"' } as const };
      for (const name of ['alias', 'ALIAS.'])
        expect((await resolved({ hostnames: [name], unknown: 'warn' }, targets, other)).skipped).toEqual([index]);
      expect((await resolved({ hostnames: ['alia', 'corp'], unknown: 'warn' }, targets, other)).skipped).toEqual([]);
    });
  });

  test('a host of EDR is left alone by the whole name that EDR has for it', async () => {
    const moreFields = { [FIRST + 30]: { edr: { hostName: 'host-000031.corp.example' } } };
    await withSimulator({ assets: 40, moreFields }, async (other) => {
      const targets = { query: { source: 'edr', filter: 'asset.hostName:"host-00003"' } as const };
      const { skipped } = await resolved({ hostnames: ['HOST-000031.corp.EXAMPLE'], unknown: 'warn' }, targets, other);
      expect(skipped).toEqual([30]);
    });
  });

  test.each([
    ['filters by the names of interfaces', {}],
    ['refuses them as a filter', { interfaceToken: false }],
    ['passes over them as a filter', { interfaceToken: false, unknownToken: 'ignore' as const }],
  ])('a host given by its id is left alone by the name of one of its interfaces, where CAR %s', async (_, options) => {
    const interfaceNames = {
      [FIRST + 5]: ['host-000006.example.com', null, 'db-1.storage.example'],
      [FIRST + 6]: [null],
      [FIRST + 7]: ['DB-1'],
      [FIRST + 8]: ['xdb-1.storage.example', 'db-10'],
    };
    await withSimulator({ assets: 40, interfaceNames, ...options }, async (other) => {
      expect((await resolved({ hostnames: ['db-1'] }, undefined, other)).skipped).toEqual([5, 7]);
      expect((await resolved({ hostnames: ['Db-1.storage.example.'] }, undefined, other)).skipped).toEqual([5]);
      await expect(resolved({ hostnames: ['storage.example'] }, undefined, other)).rejects.toThrow('"storage.example"');
    });
  });

  test('a name learned later of an asset that is in already counts, and none is lost by another that begins like it', async () => {
    const ledger = await ledgers.open();
    const parsed = parseRequest({ script: 7, targets: { assetIds: [1, 2] } });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    const { targets: _, ...request } = parsed.value;
    await ledger.runs.open({ id: 'r', firstExecutionId: 'f', namespace: 'default', request });
    await ledger.cohort.begin('r');
    await ledger.cohort.add('r', [{ assetId: '1' }, { assetId: '2', name: 'web-2', aliases: ['db-10'] }], 1);
    const again = [
      { assetId: '1', name: 'web-1', aliases: ['web-1.example.com', 'WEB-1', 'pay.example'] },
      { assetId: '2', name: 'other', aliases: ['db-1'] },
    ];
    await ledger.cohort.add('r', again, 1);
    await ledger.cohort.add('r', again, 1);
    expect(await ledgerOf(ledger).columns('attempts', ['assetId', 'name', 'aliases'])).toEqual([
      { assetId: '1', name: 'web-1', aliases: 'web-1.example.com\npay.example' },
      { assetId: '2', name: 'web-2', aliases: 'db-10\ndb-1' },
    ]);
    await ledger.cohort.freeze('r', { attempt: 1, neverTouch: { assetIds: [], hostnames: ['db-1', 'pay'] } });
    expect(await ledgerOf(ledger).columns('attempts', ['assetId'], { outcome: 'skipped' })).toHaveLength(2);
  });

  test('a host is left alone however it came into the cohort', async () => {
    const hostnames = ['host-000001'];
    expect((await resolved({ hostnames }, { hostnames: ['host-000001.example.com', 'host-000003.example.com'] })).skipped).toEqual([0]);
    expect((await resolved({ hostnames }, { query: { source: 'car', filter: 'name:"host-00000"' } })).skipped).toEqual([0]);
  });
});

// Queries whose filter chooses nothing, through the real client and a simulator that ignores tokens it does not know.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { useLedgers } from '../../../test/support/ledger/ledger.js';
import { MACHINE_TIME, NOBODY_WAITS, resolveCohort } from '../../../test/support/resolving.js';
import type { RemediationRequestInput } from '../../contracts/request.js';
import { createQualys, type QualysClient } from '../../qualys/client.js';
import { QualysError } from '../../qualys/errors.js';
import { type Simulator, startSimulator } from '../../simulator/index.js';
import { PolicyRefused } from '../policy/refusal.js';
import type { ResolvingWith } from './resolve-targets.js';

type Targets = RemediationRequestInput['targets'];
type Query = NonNullable<Targets['query']>;

const ledgers = useLedgers();
const ASSETS = 700;

let simulator: Simulator;
let qualys: QualysClient;

beforeAll(async () => {
  simulator = await startSimulator({ assets: ASSETS, windowsEvery: 10, unknownToken: 'ignore' });
  qualys = createQualys({ baseUrl: simulator.url, username: 'demo', password: () => 'demo', gate: NOBODY_WAITS, clock: MACHINE_TIME });
});
afterAll(async () => {
  await qualys.close();
  await simulator.close();
});

async function resolved(targets: Targets, asked: ResolvingWith['qualys'] = gateway()): Promise<number> {
  const ledger = await ledgers.open();
  const cohort = await resolveCohort({ ledger, qualys: asked, targets });
  return cohort.size;
}

async function refusalOf(targets: Targets, asked?: ResolvingWith['qualys']): Promise<PolicyRefused> {
  const refused = await resolved(targets, asked).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(PolicyRefused);
  return refused as PolicyRefused;
}

/** The simulator refuses fields of GAV v2 that it does not know, and an empty filter: here they find everything, as tokens of QQL do. */
function gateway(): QualysClient {
  return {
    ...qualys,
    gavAssets: ({ filter, ...options }) => {
      const isHonoured = JSON.stringify(filter ?? '').includes('operatingSystem');
      return qualys.gavAssets({ ...options, ...(filter && isHonoured ? { filter } : {}) });
    },
  };
}

/** A gateway that has no counts. */
function uncounted(): ResolvingWith['qualys'] {
  const refuse = async () => Promise.reject(new QualysError('not-found', 'no such path'));
  return { ...gateway(), count: refuse, countGavAssets: refuse, countGavV1Assets: refuse };
}

/** A gateway whose CAR counts these, one after the other. */
function counting(...counts: number[]): ResolvingWith['qualys'] {
  return { ...qualys, count: async () => counts.shift() ?? Number.NaN };
}

/** Calls that the work takes, by path. */
async function callsOf(work: () => Promise<unknown>): Promise<Record<string, number>> {
  const { callsByPath: before } = simulator.stats();
  await work();
  const { callsByPath: after } = simulator.stats();
  const grown = Object.entries(after).map(([path, calls]) => [path, calls - (before[path] ?? 0)] as const);
  return Object.fromEntries(grown.filter(([path, calls]) => calls > 0 && path !== '/auth'));
}

const IGNORED: Query[] = [
  { source: 'car', filter: 'operatingSytem:Windows' },
  { source: 'gav', filter: '{"filters":[{"field":"operatingSytem","operator":"CONTAINS","value":"Windows"}]}' },
  { source: 'gav', filter: '<filters><Criteria field="operatingSytem" operator="CONTAINS"><value>Windows</value></Criteria></filters>' },
  { source: 'gav-v1', filter: 'operatingSytem:Windows' },
  { source: 'edr', filter: 'asset.platfrom:windows' },
];
const HONOURED: Query[] = [
  { source: 'car', filter: 'operatingSystem:CentOS' },
  { source: 'gav', filter: '{"filters":[{"field":"operatingSystem","operator":"CONTAINS","value":"CentOS"}]}' },
  { source: 'gav-v1', filter: 'operatingSystem:CentOS' },
  { source: 'edr', filter: 'asset.platform:linux' },
];

describe('a query whose filter the gateway ignores', () => {
  test.each(IGNORED)('of $source, $filter, is refused', async (query) => {
    const { message, problems } = await refusalOf({ query });
    expect(message).toMatch(new RegExp(`^targets\\.query: the filter finds ${ASSETS} assets, all assets of ${query.source}`));
    expect(problems).toMatchObject([{ path: 'targets.query.filter', problem: expect.stringContaining('targets.everything: true') }]);
  });

  test.each(IGNORED)('of $source, $filter, is refused where nothing can be counted', async (query) => {
    expect((await refusalOf({ query }, uncounted())).message).toContain(`finds ${ASSETS} assets`);
  });

  test.each(IGNORED)('of $source, $filter, runs on everything if that is meant', async (query) => {
    expect(await resolved({ query, everything: true })).toBe(ASSETS);
  });

  test('is refused whatever else is named beside it, and whatever is left out', async () => {
    await refusalOf({
      query: { source: 'car', filter: 'operatingSytem:Windows' },
      assetIds: [1],
      assetTagIds: [7002],
      excludedAssetIds: [20_452_610, 20_452_611],
    });
  });

  test.each([
    ['has grown while it was walked', [ASSETS - 1]],
    ['has shrunk while it was walked', [ASSETS + 3, ASSETS]],
  ])('is refused, too, by a count that says that the inventory %s', async (_, counts) => {
    await refusalOf({ query: { source: 'car', filter: 'operatingSytem:Windows' } }, counting(...counts));
  });
});

describe('a query whose filter is honoured', () => {
  test.each(HONOURED)('of $source, $filter, is not refused, and costs one call', async (query) => {
    const narrow = await callsOf(async () => expect(await resolved({ query })).toBe(630));
    const trusting = await callsOf(async () => expect(await resolved({ query, everything: true })).toBe(630));
    const calls = (byPath: Record<string, number>) => Object.values(byPath).reduce((sum, count) => sum + count, 0);
    expect(calls(narrow) - calls(trusting)).toBe(1);
  });

  test.each(HONOURED)('of $source, $filter, is not refused where nothing can be counted', async (query) => {
    expect(await resolved({ query }, uncounted())).toBe(630);
  });

  test('and finds nearly everything is counted once more, and not refused', async () => {
    const query = { source: 'car', filter: 'not name:"host-000001"' } as const;
    expect(await resolved({ query })).toBe(ASSETS - 1);
  });

  test('and finds nothing leaves an empty cohort, also where the inventory is empty', async () => {
    expect(await resolved({ query: { source: 'car', filter: 'name:"nobody"' } }, counting(0))).toBe(0);
  });

  test.each(['{}', '{"filters":[]}', '{"filters":[],"operation":"OR"}', '<filters/>'])(
    'the empty filter %s of GAV is refused before anything is asked, and runs on everything if that is meant',
    async (filter) => {
      const query = { source: 'gav', filter } as const;
      const calls = await callsOf(async () => {
        const { message, problems } = await refusalOf({ query });
        expect(message).toContain('targets.query: the filter is empty, which finds all assets of gav');
        expect(problems).toMatchObject([{ path: 'targets.query.filter', problem: expect.stringContaining('targets.everything: true') }]);
      });
      expect(calls).toEqual({});
      expect(await resolved({ query, everything: true })).toBe(ASSETS);
    },
  );
});

test('a count that fails for now is waited for, and refuses nothing', async () => {
  const count = async () => Promise.reject(new QualysError('unavailable', 'HTTP 503'));
  const query = { source: 'car', filter: 'operatingSystem:CentOS' } as const;
  await expect(resolved({ query }, { ...qualys, count })).rejects.toMatchObject({ kind: 'unavailable' });
});

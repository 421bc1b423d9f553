// Rows that Qualys sends and that cannot be understood: whatever they would have been, they are never left out in silence.
import { beforeEach, describe, expect, test } from '@jest/globals';
import { useLedgers } from '../../../test/support/ledger/ledger.js';
import { resolveCohort } from '../../../test/support/resolving.js';
import type { NeverTouch } from '../../contracts/policy.js';
import type { RemediationRequestInput } from '../../contracts/request.js';
import { notJoinedText, readNotJoined } from '../../domain/targets/join-record.js';
import type { Ledger } from '../../ledger/index.js';
import type { CarAsset, Page, WalkOptions } from '../../qualys/types.js';
import type { ResolvingWith } from '../opening/resolve-targets.js';
import { UnresolvedTargets } from './unresolved.js';

const ledgers = useLedgers();
let ledger: Ledger;
beforeEach(async () => {
  ledger = await ledgers.open();
});

const asset = (n: number): CarAsset => ({ assetId: String(n), name: `host-${n}`, agentUuid: `agent-${n}`, tags: ['9'] });
const FLEET = [1, 2, 3].map(asset);

interface Gateway {
  /** Unreadable rows in the answer to a filter that begins so; '' is the walk over everything. */
  unreadable?: Record<string, number>;
  /** Of every search: no filter is honoured. */
  isDeaf?: boolean;
  /** Hosts of GAV, and rows beside them that cannot be understood. */
  gav?: { assetId: string; agentUuid?: string; name: string }[];
  gavUnreadable?: number;
  tagsUnreadable?: number;
}

/** A gateway with three assets, all with tag 9, that honours filters by id, agent, name and tag. */
function gateway({ unreadable = {}, isDeaf = false, gav = [], gavUnreadable = 0, tagsUnreadable = 0 }: Gateway): ResolvingWith['qualys'] {
  async function* searchAssets({ filter = '' }: WalkOptions): AsyncGenerator<Page<CarAsset>> {
    const terms = filter.split(' or ').map((one) => one.split(':').map((part) => part.replace(/"/g, '')));
    const has = (row: CarAsset): boolean =>
      terms.some(([token, value = '']) => {
        const values = { assetId: row.assetId, agentUuid: row.agentUuid, name: row.name, 'tags.id': row.tags[0] };
        return values[token as keyof typeof values] === value;
      });
    const rows = filter === '' || filter === 'all' || isDeaf ? FLEET : FLEET.filter(has);
    const rest = Object.entries(unreadable).find(([start]) => (start === '' ? filter === '' : filter.startsWith(start)));
    yield { rows: [...rows], unreadable: rest?.[1] ?? 0, bytes: 0 };
  }
  async function* gavAssets() {
    yield { rows: gav.map((row) => ({ ...row, raw: {} })), unreadable: gavUnreadable, bytes: 0 };
  }
  async function* searchTags() {
    yield { rows: [{ tagId: '9', name: 'Prod' }], unreadable: tagsUnreadable, bytes: 0 };
  }
  return { searchAssets, gavAssets, searchTags } as unknown as ResolvingWith['qualys'];
}

async function resolve(
  qualys: ResolvingWith['qualys'],
  targets: RemediationRequestInput['targets'],
  { neverTouch = {}, platform = '' }: { neverTouch?: Partial<NeverTouch>; platform?: string } = {},
): Promise<{ size: number; told: string[]; audit: string[] }> {
  const { size } = await resolveCohort({ ledger, qualys, targets, neverTouch, platform });
  const entries = await ledger.audit.of('r');
  const { count, assets } = readNotJoined(entries);
  const audit = entries.filter(({ action }) => action !== 'not-joined').map(({ action, detail }) => `${action}: ${detail}`);
  return { size, told: [String(count), ...assets.map(notJoinedText)], audit };
}

const GAV = { source: 'gav', filter: '<filters/>' } as const;
const EVERYTHING = { query: GAV, everything: true } as const;

describe('rows that cannot be understood are counted among what is not joined:', () => {
  test('those of a query of CAR', async () => {
    const { size, told } = await resolve(gateway({ unreadable: { all: 2 } }), {
      query: { source: 'car', filter: 'all' },
      everything: true,
    });
    expect([size, told]).toEqual([3, ['2', '2 rows of car: unreadable, so they may be what was meant']]);
  });

  test('those of a tag', async () => {
    const { size, told } = await resolve(gateway({ unreadable: { 'tags.id:9': 1 } }), { assetTagIds: [9] });
    expect([size, told]).toEqual([3, ['1', '1 row of tag 9: unreadable, so it may be what was meant']]);
  });

  test('those of a tag on a gateway that has to be walked, once', async () => {
    const { told } = await resolve(gateway({ isDeaf: true, unreadable: { 'tags.id:8': 2, '': 2 } }), { assetTagIds: [8, 9] });
    expect(told).toEqual(['2', '2 rows of tag 8: unreadable, so they may be what was meant']);
  });

  test('those of GAV, and those of CAR among the assets that its hosts may be', async () => {
    const gav = [
      { assetId: '1', agentUuid: 'agent-1', name: 'host-1' },
      { assetId: '7', name: 'host-7' },
    ];
    const { size, told } = await resolve(gateway({ gav, gavUnreadable: 3, unreadable: { assetId: 1 } }), EVERYTHING);
    expect([size, told]).toEqual([
      1,
      [
        '5',
        '3 rows of gav: unreadable, so they may be what was meant',
        '1 row of car: unreadable, so it may be what was meant',
        'host-7 (gav 7): has no agent, and CAR knows neither its id nor its name',
      ],
    ]);
  });
});

describe('a row that cannot be understood', () => {
  test('may be a host that was named, or its namesake: nothing is resolved', async () => {
    const resolving = resolve(gateway({ unreadable: { name: 1 } }), { hostnames: ['host-1'] });
    await expect(resolving).rejects.toThrow(UnresolvedTargets);
    await expect(resolving).rejects.toThrow('targets.hostnames: Qualys lists 1 asset(s) for these names in unreadable rows');
  });

  test('may hide the platform of an asset that was given by id, which stays', async () => {
    const { size, audit } = await resolve(gateway({ unreadable: { assetId: 1 } }), { assetIds: [1, 4] }, { platform: 'LINUX' });
    expect([size, audit]).toEqual([
      2,
      ['platforms-unread: Qualys lists 1 asset(s) in unreadable rows: the platforms of 1 assets were not read'],
    ]);
  });

  test.each<[string, Partial<NeverTouch>, Gateway]>([
    ['tag', { tags: ['9'] }, { unreadable: { 'tags.id': 1 } }],
    ['name', { hostnames: ['host-2'] }, { unreadable: { name: 1 } }],
  ])('of what is never touched by %s may be an id that was given: nothing is resolved', async (_, neverTouch, it) => {
    await expect(resolve(gateway(it), { assetIds: [5] }, { neverTouch })).rejects.toThrow('which may include one of these ids');
  });

  test('of what is never touched comes into no cohort that is found by searching', async () => {
    const neverTouch = { hostnames: ['host-2'] };
    const { size, audit } = await resolve(
      gateway({ unreadable: { name: 1 } }),
      { query: { source: 'car', filter: 'all' }, everything: true },
      { neverTouch },
    );
    expect(size).toBe(3);
    expect(audit).toEqual(['never-touch-unread: Qualys lists 1 asset(s) for policy.neverTouch in unreadable rows']);
  });

  test('may be the tag that policy names, and its assets are not known: nothing is resolved', async () => {
    const neverTouch = { tags: ['Crown jewels'] };
    await expect(resolve(gateway({ tagsUnreadable: 1 }), { assetTagIds: [9] }, { neverTouch })).rejects.toThrow(
      'policy.neverTouch.tags: Crown jewels: Qualys lists no such tag, and 1 in unreadable rows',
    );
    const known = await resolve(gateway({ tagsUnreadable: 1 }), { assetTagIds: [9] }, { neverTouch: { tags: ['prod'] } });
    expect(known).toEqual({ size: 3, told: ['0'], audit: [] });
  });
});

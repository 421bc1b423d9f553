import { describe, expect, test } from '@jest/globals';
import { QualysError } from '../../qualys/errors.js';
import type { CarAsset, Page, Qualys, WalkOptions } from '../../qualys/types.js';
import { AssetsByKey } from './find-by-key.js';

const FLEET: CarAsset[] = Array.from({ length: 4_000 }, (_, n) => ({
  assetId: String(20_000_000 + n),
  name: `Host-${n}.example.com`,
  agentUuid: `agent-${n}`,
  tags: [],
}));
const ids = (count: number) => FLEET.slice(0, count).map(({ assetId }) => assetId);

interface Gateway {
  /** Token to the property that it filters by; others are refused, or ignored. */
  tokens?: Record<string, 'assetId' | 'agentUuid' | 'name'>;
  unknown?: 'refused' | 'ignored' | 'nothing';
  /** Longer filters fail so. */
  longest?: { terms: number; as: 'invalid' | 'unavailable' };
}

function lookup({ tokens = { assetId: 'assetId', agentUuid: 'agentUuid', name: 'name' }, unknown = 'refused', longest }: Gateway) {
  const calls: string[] = [];
  async function* searchAssets({ filter, pageSize }: WalkOptions): AsyncGenerator<Page<CarAsset>> {
    const terms = filter?.split(' or ') ?? [];
    calls.push(filter === undefined ? 'all' : `${terms[0]?.split(':')[0]} × ${terms.length}`);
    if (longest && terms.length > longest.terms) throw new QualysError(longest.as, 'too long', { endpoint: 'assets/search' });
    const property = tokens[terms[0]?.split(':')[0] ?? ''];
    if (filter !== undefined && !property && unknown === 'refused') {
      throw new QualysError('invalid', 'unknown token', { endpoint: 'assets/search' });
    }
    const wanted = new Set(
      terms.map((term) =>
        term
          .slice(term.indexOf(':') + 1)
          .replace(/"/g, '')
          .toLowerCase(),
      ),
    );
    const rows =
      filter === undefined || (!property && unknown === 'ignored')
        ? FLEET
        : FLEET.filter((asset) => property && wanted.has((asset[property] ?? '').toLowerCase()));
    const size = Number(pageSize);
    for (let at = 0; at < Math.max(1, rows.length); at += size) {
      if (at > 0) calls.push('next page');
      yield { rows: rows.slice(at, at + size), bytes: 0, ...(at + size < rows.length ? { cursor: [at] } : {}) };
    }
  }
  const assets = new AssetsByKey({ searchAssets } as unknown as Qualys, { runId: 'r', onPage: () => undefined });
  return { assets, calls };
}

const found = async (it: ReturnType<typeof lookup>, ...[key, values, pages]: Parameters<AssetsByKey['find']>) => {
  const { assets, isComplete } = await it.assets.find(key, values, pages);
  return `${assets.length}${isComplete ? '' : ' so far'}`;
};

describe('assets by key', () => {
  test('a thousand ids are one call', async () => {
    const it = lookup({});
    expect([await found(it, 'assetId', ids(1_000)), it.calls]).toEqual(['1000', ['assetId × 1000']]);
  });

  test('filters stay under twenty kilobytes', async () => {
    const it = lookup({});
    const names = FLEET.slice(0, 1_500).map(({ name }) => name.toUpperCase());
    expect([await found(it, 'name', names), it.calls]).toEqual(['1500', ['name × 664', 'name × 650', 'name × 186']]);
  });

  test('a name finds no asset that only contains it, and any case finds it', async () => {
    const it = lookup({ unknown: 'ignored' });
    expect((await it.assets.find('name', ['HOST-7.example.com'])).assets.map(({ name }) => name)).toEqual(['Host-7.example.com']);
  });

  test.each(['invalid', 'unavailable'] as const)('a filter that is %s for its length is asked in shorter ones from then on', async (as) => {
    const it = lookup({ longest: { terms: 100, as } });
    expect(await found(it, 'assetId', ids(500))).toBe('500');
    const searches = it.calls.filter((call) => call.startsWith('assetId ×'));
    expect(searches.slice(-16)).toEqual(new Array(16).fill('assetId × 32').fill('assetId × 20', 15));
    expect(it.calls.length).toBeLessThan(24);
  });

  test('a gateway that gives no answer is never taken for one that knows no such asset', async () => {
    const it = lookup({ longest: { terms: 0, as: 'unavailable' } });
    await expect(it.assets.find('assetId', ids(500))).rejects.toThrow('too long');
  });

  test('an agent is also asked for under the name that samples have for it', async () => {
    const it = lookup({ tokens: { id: 'agentUuid' } });
    expect(await found(it, 'agentUuid', ['AGENT-1', 'agent-2'])).toBe('2');
    expect(it.calls).toEqual(['agentUuid × 2', 'all', 'agentUuid × 1', 'id × 2']);
    expect(await found(it, 'agentUuid', ['agent-3'])).toBe('1');
    expect(it.calls.slice(4)).toEqual(['id × 1']);
  });

  test.each(['refused', 'nothing', 'ignored'] as const)(
    'where the answer to an unknown token is %s, one walk serves all keys',
    async (unknown) => {
      const it = lookup({ tokens: {}, unknown });
      expect(await found(it, 'assetId', ids(20))).toBe('20');
      expect(it.assets.keysAtOnce).toBe(20_000);
      const before = it.calls.length;
      expect(await found(it, 'assetId', ids(2_000))).toBe('2000');
      expect(it.calls.slice(before)).toEqual(['all', 'next page', 'next page', 'next page']);
    },
  );

  test('a walk that is bounded says that it saw a part only', async () => {
    const it = lookup({ tokens: {} });
    expect(await found(it, 'assetId', ids(3_000), 2)).toBe('2000 so far');
  });

  test('what nobody has costs two calls more, once', async () => {
    const it = lookup({});
    expect(await found(it, 'assetId', ['1', '2'])).toBe('0');
    expect(await found(it, 'assetId', ['3'])).toBe('0');
    expect(it.calls).toEqual(['assetId × 2', 'all', 'assetId × 1', 'assetId × 1']);
  });

  test('come with the number of rows that could not be understood, once also where a search is followed by a walk', async () => {
    const assets = (tokens: readonly string[]) => {
      async function* searchAssets({ filter }: WalkOptions): AsyncGenerator<Page<CarAsset>> {
        const isKnown = filter === undefined || tokens.includes(filter.split(':')[0] ?? '');
        yield { rows: isKnown ? FLEET.slice(0, 2) : [], unreadable: 3, bytes: 0 };
      }
      return new AssetsByKey({ searchAssets } as unknown as Qualys, { runId: 'r', onPage: () => undefined });
    };
    expect(await assets(['assetId']).find('assetId', ids(1))).toMatchObject({ assets: [FLEET[0]], unreadable: 3 });
    expect(await assets([]).find('name', ['Host-1.example.com'])).toMatchObject({ assets: [FLEET[1]], unreadable: 3 });
  });
});

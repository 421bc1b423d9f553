import { describe, expect, test } from '@jest/globals';
import { idTerm } from '../../domain/targets/qql.js';
import { QualysError } from '../../qualys/errors.js';
import type { CarAsset, Page, Qualys, WalkOptions } from '../../qualys/types.js';
import { findAssets } from './find.js';

const FLEET: CarAsset[] = [1, 2, 3, 4].map((n) => ({
  assetId: String(n),
  name: `host-${n}`,
  tags: n % 2 === 0 ? ['8', '9'] : ['9'],
}));

type Filtering = 'honours' | 'knows no token' | 'ignores' | 'refuses';

/** A gateway with pages of two rows, and a log of the filters it was asked with. */
function gateway(filtering: Filtering, fleet = FLEET): { qualys: Qualys; asked: (string | undefined)[] } {
  const asked: (string | undefined)[] = [];
  async function* searchAssets({ filter }: WalkOptions): AsyncGenerator<Page<CarAsset>> {
    asked.push(filter);
    if (filter !== undefined && filtering === 'refuses') throw new QualysError('invalid', 'unknown token', { endpoint: 'assets/search' });
    const tag = filter?.split(':')[1] ?? '';
    const rows =
      filter === undefined || filtering === 'ignores'
        ? fleet
        : filtering === 'honours'
          ? fleet.filter(({ tags }) => tags.includes(tag))
          : [];
    for (let at = 0; at < Math.max(rows.length, 1); at += 2) {
      const part = rows.slice(at, at + 2);
      yield { rows: part, bytes: 1, ...(at + 2 < rows.length ? { cursor: [at] } : {}) };
    }
  }
  return { qualys: { searchAssets } as unknown as Qualys, asked };
}

async function tagged(qualys: Qualys, tagId: string): Promise<string[]> {
  const found: string[] = [];
  const pages = findAssets(qualys, {
    runId: 'run',
    filter: idTerm('tags.id', tagId),
    belongs: ({ tags }) => tags.includes(tagId),
    probe: ({ tags }) => (tags[0] === undefined ? undefined : idTerm('tags.id', tags[0])),
    onPage: () => undefined,
  });
  for await (const assets of pages) found.push(...assets.map(({ assetId }) => assetId));
  return found;
}

describe('assets by a property', () => {
  test.each<[Filtering, number]>([
    ['honours', 1],
    ['ignores', 1],
    ['knows no token', 4],
    ['refuses', 2],
  ])('are all found where the gateway %s the filter', async (filtering, calls) => {
    const { qualys, asked } = gateway(filtering);
    expect(await tagged(qualys, '8')).toEqual(['2', '4']);
    expect(asked).toHaveLength(calls);
  });

  test('that nobody has cost two calls more where the filter is honoured, and no walk', async () => {
    const { qualys, asked } = gateway('honours');
    expect(await tagged(qualys, '7')).toEqual([]);
    expect(asked).toEqual(['tags.id:7', undefined, 'tags.id:9']);
  });

  test('cannot be searched for in an empty subscription', async () => {
    const { qualys, asked } = gateway('honours', []);
    expect(await tagged(qualys, '7')).toEqual([]);
    expect(asked).toEqual(['tags.id:7', undefined]);
  });

  test('are never taken for absent when the gateway cannot be reached', async () => {
    const searchAssets = () => {
      throw new QualysError('unavailable', 'no answer', { endpoint: 'assets/search' });
    };
    const qualys = { searchAssets } as unknown as Qualys;
    await expect(tagged(qualys, '8')).rejects.toThrow('no answer');
  });
});

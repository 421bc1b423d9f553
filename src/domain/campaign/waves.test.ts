import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { assetsInNoWave, orderKey, sliceWaves, type WavePlan } from './waves.js';

describe('a cohort is cut', () => {
  test.each<[string, number, WavePlan[], [number, number][], number]>([
    ['into one wave', 7, [{ name: 'all' }], [[0, 7]], 0],
    [
      'by count, by percent of the whole, and the rest',
      1_000,
      [{ name: 'canary', size: 5 }, { name: 'ring', size: '10%' }, { name: 'rest' }],
      [
        [0, 5],
        [5, 105],
        [105, 1_000],
      ],
      0,
    ],
    [
      'with percentages rounded up',
      11,
      [
        { name: 'a', size: '10%' },
        { name: 'b', size: '50%' },
        { name: 'c', size: '40%' },
      ],
      [
        [0, 2],
        [2, 8],
        [8, 11],
      ],
      0,
    ],
    [
      'leaving what no wave asks for',
      30,
      [
        { name: 'a', size: 10 },
        { name: 'b', size: 12 },
      ],
      [
        [0, 10],
        [10, 22],
      ],
      8,
    ],
    [
      'with nothing in it',
      0,
      [{ name: 'a', size: '5%' }, { name: 'rest' }],
      [
        [0, 0],
        [0, 0],
      ],
      0,
    ],
  ])('%s', (...[, cohortSize, waves, expected, left]) => {
    const slices = sliceWaves(cohortSize, waves);
    expect(slices.map(({ from, to }) => [from, to])).toEqual(expected);
    expect(assetsInNoWave(cohortSize, slices)).toBe(left);
  });

  test('by tag: the wave is as large as the tag still is', () => {
    const waves = [{ name: 'canary', size: 2 }, { name: 'lab', tag: '77' }, { name: 'rest' }];
    expect(sliceWaves(10, waves, { lab: 3 })).toEqual([
      { name: 'canary', size: 2, from: 0, to: 2 },
      { name: 'lab', size: 3, from: 2, to: 5 },
      { name: 'rest', size: 5, from: 5, to: 10 },
    ]);
  });

  test('and a wave that comes out smaller than planned says so', () => {
    const waves = [{ name: 'a', size: 8 }, { name: 'b', size: '50%' }, { name: 'c', size: 4 }, { name: 'd', tag: '77' }, { name: 'e' }];
    expect(sliceWaves(10, waves).map(({ size, note }) => [size, note])).toEqual([
      [8, undefined],
      [2, '50% of 10, 5, requested, 2 left'],
      [0, '4 requested, 0 left'],
      [0, 'no asset outside earlier waves has tag 77'],
      [0, 'no assets left'],
    ]);
  });

  test('side by side, whatever the sizes', () => {
    const size = fc.oneof(
      fc.nat(50),
      fc.nat(100).map((percent) => `${percent}%`),
    );
    fc.assert(
      fc.property(fc.nat(500), fc.array(size, { maxLength: 6 }), (cohortSize, sizes) => {
        const slices = sliceWaves(cohortSize, [...sizes.map((asked, n) => ({ name: `w${n}`, size: asked })), { name: 'rest' }]);
        expect(slices.map(({ from }) => from)).toEqual([0, ...slices.slice(0, -1).map(({ to }) => to)]);
        expect(slices.at(-1)?.to).toBe(cohortSize);
        for (const slice of slices) expect(slice.to - slice.from).toBe(slice.size);
      }),
    );
  });
});

describe('the order of a campaign', () => {
  const ids = Array.from({ length: 2_000 }, (_, index) => String(20_452_610 + index));
  const ordered = (seed: string, assetIds: readonly string[]) =>
    assetIds
      .map((assetId) => ({ assetId, key: orderKey(seed, assetId) }))
      .sort((one, other) => (one.key < other.key ? -1 : 1))
      .map(({ assetId }) => assetId);

  test('is the same forever', () => {
    expect(['20452610', '20452611', '1'].map((id) => orderKey('patch-openssl', id))).toEqual([
      'febf7c7fb9634626',
      'ba7741ef01e08207',
      'f2160a9ce6e9dfa9',
    ]);
    expect(orderKey('été', '20452610')).toBe('6f42e55aa37209a4');
  });

  test('differs with the seed', () => {
    expect(ordered('spring', ids).slice(0, 20)).not.toEqual(ordered('autumn', ids).slice(0, 20));
  });

  test('keeps every asset in its place relative to the others when assets join or leave', () => {
    const joined = [...ids.slice(100), '5', '6', '7'];
    const stayed = new Set(ids.slice(100));
    expect(ordered('spring', joined).filter((id) => stayed.has(id))).toEqual(ordered('spring', ids).filter((id) => stayed.has(id)));
  });

  test('does not depend on the order in which the assets were found', () => {
    expect(ordered('spring', [...ids].reverse())).toEqual(ordered('spring', ids));
  });

  test('is spread evenly: the first tenth takes about a tenth of every stretch of ids', () => {
    const canary = new Set(ordered('spring', ids).slice(0, 200));
    const perStretch = Array.from({ length: 10 }, (_, n) => ids.slice(n * 200, n * 200 + 200).filter((id) => canary.has(id)).length);
    expect(Math.min(...perStretch)).toBeGreaterThanOrEqual(8);
    expect(Math.max(...perStretch)).toBeLessThanOrEqual(35);
  });
});

import { describe, expect, test } from '@jest/globals';
import { LastSeen, staleAgentsText, unknownText } from './stale-agents.js';

const NOON = Date.parse('2026-11-30T12:00:00Z');
const seen = (...rows: [assetId: string, lastSeenAt?: number][]) => {
  const found = new LastSeen();
  for (const [assetId, lastSeenAt] of rows) found.note({ assetId, lastSeenAt });
  return found;
};

describe('agents that were last seen', () => {
  test('before the instant are stale, at it and after it they are not, and unknown is not stale', () => {
    const found = seen(['1', NOON - 1_000], ['2', NOON], ['3', NOON + 60_000], ['4']);
    expect([[...found.before(NOON)], found.unknown, found.size]).toEqual([['1'], 1, 4]);
  });

  test('less than a second before it are not called stale', () => {
    expect([...seen(['1', NOON - 999]).before(NOON)]).toEqual([]);
  });

  test.each([
    [
      'the later word',
      [
        ['1', NOON - 86_400_000],
        ['1', NOON],
      ],
    ],
    [
      'whatever comes first',
      [
        ['1', NOON],
        ['1', NOON - 86_400_000],
      ],
    ],
    ['whoever does not know', [['1', NOON], ['1']]],
  ] as [string, [string, number?][]][])('by several inventories count by %s', (_, rows) => {
    const found = seen(...rows);
    expect([[...found.before(NOON - 1_000)], found.unknown, found.size]).toEqual([[], 0, 1]);
  });

  test('keep ids that are no small numbers', () => {
    const ids = ['9007199254740993', '20452610', '0'];
    expect([...seen(...ids.map((id): [string, number] => [id, 1_000])).before(NOON)]).toEqual(ids);
  });

  test('are told in numbers', () => {
    const found = { stale: 3, size: 12, unknown: 2, before: NOON };
    expect(staleAgentsText(found)).toBe(
      '3 of 12 assets are left out: their agent was last seen before 2026-11-30T12:00:00.000Z; of 2 of 12 assets no inventory tells when their agent was last seen, so they stay in',
    );
    expect(staleAgentsText({ ...found, unknown: 0 })).toBe(
      '3 of 12 assets are left out: their agent was last seen before 2026-11-30T12:00:00.000Z',
    );
    expect(unknownText(found)).toBe('of 2 of 12 assets no inventory tells when their agent was last seen, so they stay in');
  });
});

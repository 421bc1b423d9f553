import { describe, expect, test } from '@jest/globals';
import { closestWord } from './closest-word.js';

const KEYS = ['assetIds', 'hostnames', 'assetTagIds', 'query', 'excludedAssetIds', 'maxInFlight', 'run', 'on'];

describe('the closest word', () => {
  test.each([
    ['hostNames', 'hostnames'],
    ['asset_ids', 'assetIds'],
    ['assetIDs', 'assetIds'],
    ['max-in-flight', 'maxInFlight'],
    ['qurey', 'query'],
    ['querry', 'query'],
    ['hostname', 'hostnames'],
    ['assetId', 'assetIds'],
    ['rum', 'run'],
  ])('of %s is %s', (word, expected) => {
    expect(closestWord(word, KEYS)).toBe(expected);
  });

  test.each(['targets', 'of', 'x', '', 'tags', 'a'.repeat(5_000)])('of %j is none: a wrong suggestion is worse than none', (word) => {
    expect(closestWord(word, KEYS)).toBeUndefined();
  });
});

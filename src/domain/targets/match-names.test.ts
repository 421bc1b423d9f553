import { describe, expect, test } from '@jest/globals';
import { askedFor, labelMatchText, matchNames } from './match-names.js';

const ASSETS = [
  { assetId: '1', name: 'web-1' },
  { assetId: '2', name: 'DB-1.corp.example.com' },
  { assetId: '3', name: 'app-1.a.example.com' },
  { assetId: '4', name: 'app-1.b.example.com' },
  { assetId: '5', name: '10.0.0.5' },
  { assetId: '6', name: 'twin' },
  { assetId: '7', name: 'TWIN' },
  { assetId: '8', name: '' },
];
const matched = (hostnames: string[], match: 'exact' | 'label', assets: { assetId: string; name: string; aliases?: string[] }[] = ASSETS) =>
  matchNames(hostnames, assets, match).map((found) => {
    if (found.kind === 'unknown') return 'unknown';
    if (found.kind === 'ambiguous') return `ambiguous ${found.assets.map(({ assetId }) => assetId).join()}`;
    return `${found.kind} ${found.asset.assetId}${found.kind === 'claimed' ? ` by ${found.by.join()}` : ''}`;
  });

describe('a host name of a request', () => {
  test.each([
    ['web-1', 'whole 1', 'whole 1'],
    ['WEB-1', 'whole 1', 'whole 1'],
    ['web-1.corp.example.com', 'unknown', 'label 1'],
    ['db-1', 'unknown', 'label 2'],
    ['db-1.corp.example.com', 'whole 2', 'whole 2'],
    ['db-1.other.example.com', 'unknown', 'label 2'],
    ['app-1.b.example.com', 'whole 4', 'whole 4'],
    ['app-1', 'unknown', 'ambiguous 3,4'],
    ['app-1.c.example.com', 'unknown', 'ambiguous 3,4'],
    ['twin', 'ambiguous 6,7', 'ambiguous 6,7'],
    ['twin.corp.example.com', 'unknown', 'ambiguous 6,7'],
    ['10.0.0.5', 'whole 5', 'whole 5'],
    ['10.0.0.6', 'unknown', 'unknown'],
    ['10', 'unknown', 'unknown'],
    ['web-10', 'unknown', 'unknown'],
    ['.', 'unknown', 'unknown'],
  ])('%s is %s exactly, and %s by label', (hostname, exactly, byLabel) => {
    expect([matched([hostname], 'exact'), matched([hostname], 'label')]).toEqual([[exactly], [byLabel]]);
  });

  test('claims no asset that a name of another domain claims, too', () => {
    const both = ['web-1.a.example.com', 'web-1.b.example.com'];
    expect(matched(both, 'label')).toEqual([`claimed 1 by ${both.join()}`, `claimed 1 by ${both.join()}`]);
    expect(matched(['db-1.corp.example.com', 'db-1.other.example.com'], 'label')).toEqual([
      'whole 2',
      'claimed 2 by db-1.corp.example.com,db-1.other.example.com',
    ]);
    expect(matched(['web-1', 'web-1.a.example.com', 'WEB-1.A.example.com'], 'label')).toEqual(['whole 1', 'label 1', 'label 1']);
  });

  test.each<[string, string[], string, string]>([
    ['its own other names do not matter', ['1'], 'label 1', 'whole 1'],
    ['another asset is called so in DNS', ['2'], 'ambiguous 1,2', 'whole 1'],
    ['several are', ['2', '1', '3'], 'ambiguous 1,2,3', 'whole 1'],
  ])('that is a label beside other host names: %s', (_, called, byLabel, whole) => {
    const assets = ASSETS.map((asset) =>
      called.includes(asset.assetId) ? { ...asset, aliases: ['x', 'WEB-1.corp', 'web-1.lab.'] } : asset,
    );
    expect(matched(['web-1.corp.example.com', 'web-1', 'x'], 'label', assets)).toEqual([byLabel, whole, 'unknown']);
    expect(matched(['web-1.corp'], 'exact', assets)).toEqual(['unknown']);
  });

  test('is asked for whole, and by its label where that counts', () => {
    expect([askedFor('Web-1.a', 'exact'), askedFor('Web-1.a', 'label'), askedFor('10.0.0.5', 'label')]).toEqual([
      ['Web-1.a'],
      ['web-1.a', 'web-1'],
      ['10.0.0.5'],
    ]);
  });

  test('that is taken by its label is told, another domain with a word', () => {
    expect(labelMatchText('web-1.corp', { assetId: '1', name: 'WEB-1' })).toBe('web-1.corp → WEB-1 (1)');
    expect(labelMatchText('web-1.corp', { assetId: '1', name: 'web-1.lab' })).toBe('web-1.corp → web-1.lab (1, of another domain)');
    expect(labelMatchText('web-1.corp', { assetId: '1', name: 'web-1' }, { areAllKnown: false })).toBe(
      'web-1.corp → web-1 (1, other names not all compared)',
    );
  });
});

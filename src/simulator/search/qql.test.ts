import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseQql } from './qql.js';
import { type QqlTokens, qqlOnlyValues, qqlTest } from './qql-match.js';

interface Host {
  assetId: number;
  name: string;
  status: string;
  tags: number[];
}

const tokens: QqlTokens<Host> = {
  assetId: { kind: 'id', read: ({ assetId }) => assetId },
  name: { kind: 'text', read: ({ name }) => name },
  status: { kind: 'word', read: ({ status }) => status },
  'tags.id': { kind: 'id', read: ({ tags }) => tags },
};
const web: Host = { assetId: 11, name: 'Web server one', status: 'EXECUTION PASSED', tags: [7, 8] };
const mail: Host = { assetId: 12, name: 'mail-server', status: 'MANIFEST ASSIGNED', tags: [8] };
const database: Host = { assetId: 113, name: 'Database server', status: 'EXECUTION FAILED', tags: [] };

function matching(filter: string): number[] {
  const node = parseQql(filter);
  return [web, mail, database].filter((host) => !node || qqlTest(node, tokens, 'error')(host)).map(({ assetId }) => assetId);
}

describe('the query language', () => {
  test.each([
    ['', [11, 12, 113]],
    ['assetId:11', [11]],
    ['assetId: 11', [11]],
    ['assetId:1', []],
    ['assetId:"113"', [113]],
    ['tags.id:8', [11, 12]],
    ['name:"server one"', [11]],
    ['name:"SERVER"', [11, 12, 113]],
    ["name:'mail'", [12]],
    ['name:`mail-server`', [12]],
    ['name:`mail`', []],
    ['name:server web', [11]],
    ['name:Web server one and assetId:11', [11]],
    ['status:EXECUTION PASSED', [11]],
    ['status:"EXECUTION"', []],
    ['assetId:11 or assetId:12', [11, 12]],
    ['assetId:11 OR assetId:12 And tags.id:7', [11]],
    ['(assetId:11 or assetId:12) and not tags.id:7', [12]],
    ['not (assetId:11 or assetId:12)', [113]],
    ['NOT name:mail', [11, 113]],
    ['assetId:[11 .. 12]', [11, 12]],
    ['assetId:["12" .. "200"]', [12, 113]],
    ['assetId:(11 .. 113)', [12]],
    ['name:"a or b" or name:"mail"', [12]],
  ])('%s finds %j', (filter, expected) => {
    expect(matching(filter)).toEqual(expected);
  });

  test.each([
    ['assetId', 'expected token:value'],
    ['assetId:', 'expected a value'],
    ['name:"open', 'the quote " is never closed'],
    ['(assetId:1', 'expected )'],
    ['assetId:1)', 'expected and, or, or the end'],
    ['assetId:1 and', 'expected token:value'],
    ['assetId:1 name:x', 'expected and, or, or the end'],
    ['assetId:[1, 2]', 'expected a range such as [a .. b] or (a .. b)'],
    ['assetId:[1 .. 2)', 'expected a range such as [a .. b] or (a .. b)'],
  ])('%s is refused: %s', (filter, problem) => {
    expect(() => parseQql(filter)).toThrow(problem);
  });

  test('an unknown token is refused with the known ones, or ignored when asked', () => {
    const node = parseQql('severity:5');
    expect(node && (() => qqlTest(node, tokens, 'error'))).toThrow(
      'the token severity is not known here. Known: assetId, name, status, tags.id',
    );
    expect(node && qqlTest(node, tokens, 'ignore')(web)).toBe(true);
  });

  test('an index is told the values only where the filter confines them', () => {
    const only = (filter: string) => qqlOnlyValues(parseQql(filter), 'assetId');
    expect(only('assetId:1 or assetId:2 or (assetId:3 and name:x)')).toEqual(new Set(['1', '2', '3']));
    expect(only('(assetId:1 or assetId:2) and status:"X" and assetId:2')).toEqual(new Set(['2']));
    expect(only('assetId:1 or name:x')).toBeUndefined();
    expect(only('not assetId:1')).toBeUndefined();
    expect(only('assetId:[1 .. 5]')).toBeUndefined();
    expect(only('')).toBeUndefined();
  });

  test('a text in quotes that it does not hold comes back whole, whatever else it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.constantFrom('"', '`', "'"), (text, quote) => {
        fc.pre(!text.includes(quote));
        const kind = { '"': 'phrase', '`': 'exact', "'": 'single' }[quote];
        expect(parseQql(`name:${quote}${text}${quote}`)).toEqual({ kind: 'term', token: 'name', value: { kind, text } });
      }),
    );
  });

  test('any text is parsed or refused with a sentence, never anything else', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', ':', ' ', '"', '(', ')', '[', ']', '..', ' or ', 'not ', '1') }), (filter) => {
        try {
          parseQql(filter);
        } catch (error) {
          expect((error as Error).message).toMatch(/^Invalid QQL at character \d+: /);
        }
      }),
    );
  });
});

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { XMLParser } from 'fast-xml-parser';
import { GAV_OPERATORS, type GavFilter } from '../../contracts/gav-filter.js';
import { gavXmlFilter } from './gav-xml.js';

const MEDIA_STATE = { field: 'customAttributes.key', operator: 'EQUALS', value: 'Media State4' } as const;

test('is what the release notes print', () => {
  expect(gavXmlFilter({ filters: [MEDIA_STATE] })).toBe(
    '<filters><Criteria field="customAttributes.key" operator="EQUALS"><value>Media State4</value></Criteria></filters>',
  );
});

test('carries several criteria and how they are joined', () => {
  expect(gavXmlFilter({ filters: [MEDIA_STATE, { ...MEDIA_STATE, operator: 'CONTAINS', value: 'a<b & "c"' }], operation: 'OR' })).toBe(
    '<filters operation="OR">' +
      '<Criteria field="customAttributes.key" operator="EQUALS"><value>Media State4</value></Criteria>' +
      '<Criteria field="customAttributes.key" operator="CONTAINS"><value>a&lt;b &amp; &quot;c&quot;</value></Criteria>' +
      '</filters>',
  );
});

describe('hostile values', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '<',
      '>',
      '&',
      '"',
      "'",
      ']]>',
      '<![CDATA[',
      '<!--',
      '</value>',
      '&amp;',
      '&#13;',
      '\r\n',
      '\r',
      '\t',
      ' ',
      '?>',
      '\u2028',
      '😀',
      '\u0001',
    ),
    fc.string({ unit: 'binary' }),
  );
  const criterion = fc.record({
    field: fc.constantFrom('asset.name', 'customAttributes.value', 'tags.id'),
    operator: fc.constantFrom(...GAV_OPERATORS),
    value: fc.array(piece, { minLength: 1 }).map((pieces) => `x${pieces.join('')}`),
  } satisfies Record<keyof GavFilter['filters'][number], unknown>);
  const filter = fc.record(
    { filters: fc.array(criterion, { minLength: 1, maxLength: 4 }), operation: fc.constantFrom('AND', 'OR') },
    { requiredKeys: ['filters'] },
  );

  test('are read back by an XML parser exactly as they were given, or refused', () => {
    let refused = 0;
    let carried = 0;
    fc.assert(
      fc.property(filter as fc.Arbitrary<GavFilter>, (given) => {
        // The characters of XML 1.0, production 2, told code point by code point.
        const isXml = (code: number) =>
          [9, 10, 13].includes(code) || (code >= 32 && code < 0xd800) || (code > 0xdfff && code < 0xfffe) || code > 0xffff;
        if (given.filters.every(({ value }) => Array.from(value).every((character) => isXml(character.codePointAt(0) ?? 0)))) {
          expect(readBack(gavXmlFilter(given))).toEqual(given);
          carried += 1;
        } else {
          expect(() => gavXmlFilter(given)).toThrow('invalid in XML');
          refused += 1;
        }
      }),
      { numRuns: 2_000 },
    );
    expect(Math.min(refused, carried)).toBeGreaterThan(100);
  });

  test.each(['\u0000', '\u001b[2J', '\ud800', '\ufffe'])('%j is in no XML, so the criterion is named', (value) => {
    const broken = { filters: [MEDIA_STATE, { ...MEDIA_STATE, value }] };
    expect(() => gavXmlFilter(broken)).toThrow('filters.1.value contains a character that is invalid in XML');
  });
});

test('a field or an operator that no document has is refused, all of them at once', () => {
  const filters = [
    { ...MEDIA_STATE, field: 'a" operator="EQUALS' },
    { ...MEDIA_STATE, operator: 'LIKE' },
  ] as unknown as GavFilter['filters'];
  expect(() => gavXmlFilter({ filters })).toThrow(/filters\.0\.field must be a field name.*; filters\.1\.operator/);
});

function readBack(xml: string): unknown {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '',
    trimValues: false,
    parseTagValue: false,
    // Numeric references such as that of the carriage return.
    htmlEntities: true,
    isArray: (name) => name === 'Criteria',
  });
  const { filters } = parser.parse(xml) as { filters: { Criteria: unknown; operation?: string } };
  return { filters: filters.Criteria, ...(filters.operation === undefined ? {} : { operation: filters.operation }) };
}

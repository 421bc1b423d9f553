import { describe, expect, test } from '@jest/globals';
import { GAV_OPERATORS, gavFilterOf, gavFilterProblem, isEmptyGavFilter } from './gav-filter.js';
import { parseRequest } from './request.js';

const JSON_FILTER = '{"filters":[{"field":"asset.name","operator":"CONTAINS","value":"web"}],"operation":"OR"}';

describe('the filter of a gav query', () => {
  test('is JSON, as the service takes it', () => {
    expect(gavFilterOf(JSON_FILTER)).toEqual({ filters: [{ field: 'asset.name', operator: 'CONTAINS', value: 'web' }], operation: 'OR' });
    expect(gavFilterProblem(JSON_FILTER)).toBeUndefined();
  });

  test('or XML, which goes out as it is', () => {
    const xml = ' <filters><Criteria field="a" operator="EQUALS"><value>b</value></Criteria></filters>';
    expect([gavFilterOf(xml), gavFilterProblem(xml)]).toEqual([{ xml }, undefined]);
  });

  test.each([
    ['operatingSystem:Windows', 'QQL is for gav-v1'],
    [
      '{"filters":[{"field":"a","operator":"LIKE","value":"b"}]}',
      'filters.0.operator "LIKE" is not a GAV operator: use EQUALS, NOT_EQUALS',
    ],
    ['{"filters":[{"field":"a","operator":"equals","value":"b"}]}', '"equals" is not a GAV operator'],
    ['{"filters":[{"field":"a","value":"b"}]}', 'filters.0.operator must be one of EQUALS'],
    ['<filters><Criteria field="a" operator="NOT_IN"><value>b</value></Criteria></filters>', '"NOT_IN" is not a GAV operator'],
    ["<filters><Criteria operator='LIKE' field='a'><value/></Criteria></filters>", '"LIKE" is not a GAV operator'],
    ['<filters><Criteria field="a"><value>operator="EQUALS"</value></Criteria></filters>', 'a criterion has no operator: use EQUALS'],
    ['{"filters":[{"field":"a b","operator":"LIKE","value":""}]}', 'filters.0.field must be a field name'],
    ['< 5', 'must be JSON'],
    ['[1]', 'is not a valid filter'],
  ])('%s is refused with what is wrong', (text, problem) => {
    expect(gavFilterOf(text)).toBeUndefined();
    expect(gavFilterProblem(text)).toContain(problem);
  });

  test.each([
    ['<filters/>', true],
    [' <?xml version="1.0"?>\n<filters>\n</filters> ', true],
    ['<filters operation="AND"></filters>', true],
    ['<filters><Criterion field="a"/></filters>', false],
    ['<filters>a</filters>', false],
    ['<filters/><filters/>', false],
    [JSON_FILTER, false],
  ])('%s says that it asks for everything: %s', (text, isEmpty) => {
    expect(isEmptyGavFilter(text)).toBe(isEmpty);
  });

  test.each(GAV_OPERATORS)('takes the operator %s, in JSON and in XML', (operator) => {
    const xml = `<?xml version="1.0"?><filters><Criteria field="asset.created" operator="${operator}"><value>1</value></Criteria></filters>`;
    const json = JSON.stringify({ filters: [{ field: 'asset.created', operator, value: '1' }] });
    expect([gavFilterProblem(xml), gavFilterProblem(json), gavFilterOf(xml)]).toEqual([undefined, undefined, { xml }]);
    expect(gavFilterOf(json)).toMatchObject({ filters: [{ operator }] });
  });

  test.each(['{}', '{"filters":[]}', '{"filters":[],"operation":"OR"}', '<filters/>'])('%s is empty, and asks for everything', (empty) => {
    expect([gavFilterProblem(empty), isEmptyGavFilter(empty)]).toEqual([undefined, true]);
  });

  test('is judged with the request, and QQL of the other sources is not', () => {
    const targets = (source: string) => parseRequest({ script: 1, targets: { query: { source, filter: 'a:b' } } });
    expect(targets('gav')).toEqual({ ok: false, problems: [{ path: 'targets.query.filter', problem: expect.stringContaining('QQL') }] });
    for (const source of ['car', 'gav-v1', 'edr']) expect(targets(source).ok).toBe(true);
  });
});

describe('what a run waits for', () => {
  const waitFor = (value: unknown) => {
    const parsed = parseRequest({ script: 1, targets: { assetIds: [1] }, waitFor: value });
    return parsed.ok ? parsed.value.waitFor : parsed.problems;
  };

  test('is all profiles or one, for four hours unless told otherwise', () => {
    expect(waitFor({ easm: true })).toEqual({ easm: true, timeout: 14_400_000 });
    expect(waitFor({ easm: 3101, timeout: '1h' })).toEqual({ easm: '3101', timeout: 3_600_000 });
  });

  test('is nothing else', () => {
    expect(waitFor({ easm: false })).toEqual([
      { path: 'waitFor.easm', problem: 'must be true (all active profiles) or the id of one profile' },
    ]);
    expect(waitFor({})).toHaveLength(1);
  });
});

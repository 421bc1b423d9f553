import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ticketWorkflowId } from './workflow-id.js';

const idOf = (source: string, ticket: string, generation: string) => {
  const result = ticketWorkflowId({ source, ticket, generation });
  return result.ok ? result.workflowId : result.problem;
};

describe('the workflow id of a ticket', () => {
  test.each([
    ['snow', 'CHG0030001', '2', 'snow/CHG0030001/2'],
    ['snow', 'a/b', '2', 'snow/a%2Fb/2'],
    ['snow', 'a', 'b/2', 'snow/a/b%2F2'],
    ['snow', 'a%2Fb', '2', 'snow/a%252Fb/2'],
    ['snow', 'Änderung 7', '2', 'snow/%C3%84nderung%207/2'],
  ])('%s, %s, %s is %4$s', (source, ticket, generation, id) => {
    expect(idOf(source, ticket, generation)).toBe(id);
  });

  const segment = fc.string({ unit: fc.constantFrom('/', '%', '2', 'F', 'a', ' ', 'ä', '.'), minLength: 1, maxLength: 5 });
  const triple = fc.tuple(segment, segment, segment);
  test('distinct tickets give distinct ids', () => {
    fc.assert(
      fc.property(triple, triple, (one, other) => {
        fc.pre(JSON.stringify(one) !== JSON.stringify(other));
        expect(idOf(...one)).not.toBe(idOf(...other));
      }),
      { numRuns: 2_000 },
    );
  });

  test('every text gives an id or a problem, never an exception', () => {
    const anything = fc.string({ unit: 'binary' });
    fc.assert(fc.property(anything, anything, (ticket, generation) => idOf('snow', ticket, generation).length > 0));
  });

  test('1,000 bytes are the most', () => {
    expect(idOf('s', 'x'.repeat(996), '1')).toHaveLength(1_000);
    expect(ticketWorkflowId({ source: 's', ticket: 'x'.repeat(997), generation: '1' })).toEqual({
      ok: false,
      problem: 'the workflow id of this ticket would have 1001 bytes (limit 1000): shorten the ticket id or its generation',
    });
    expect(ticketWorkflowId({ source: 's', ticket: 'ä'.repeat(200), generation: '1' })).toMatchObject({ ok: false });
  });

  test('an empty segment and a half character are refused', () => {
    expect(idOf('s', '', '1')).toBe('the ticket id and its generation must not be empty');
    expect(idOf('s', '\ud800', '1')).toBe('the ticket id or its generation is not valid Unicode text');
  });
});

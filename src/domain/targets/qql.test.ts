import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseQql } from '../../simulator/search/qql.js';
import { type QqlTokens, qqlTest } from '../../simulator/search/qql-match.js';
import { allOf, anyOf, idTerm, not, type Qql, QqlUnsafe, quoted, term } from './qql.js';

type Piece = { token: string; value: string };

/** A reader of the query language that knows only what its documents say: a value runs to the next delimiter of its kind. */
function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let rest = text;
  while (rest !== '') {
    const opening = /^([A-Za-z][\w.]*):\s*(["'`])/.exec(rest);
    const bare = /^([A-Za-z][\w.]*):\s*(\d+)/.exec(rest);
    const between = /^(\s+|\(|\)|and\b|or\b|not\b)/i.exec(rest);
    if (opening?.[1] !== undefined && opening[2] !== undefined) {
      const end = rest.indexOf(opening[2], opening[0].length);
      if (end < 0) throw new Error(`unbalanced ${opening[2]} in ${text}`);
      found.push({ token: opening[1], value: rest.slice(opening[0].length, end) });
      rest = rest.slice(end + 1);
    } else if (bare?.[1] !== undefined && bare[2] !== undefined) {
      found.push({ token: bare[1], value: bare[2] });
      rest = rest.slice(bare[0].length);
    } else if (between) {
      rest = rest.slice(between[0].length);
    } else {
      throw new Error(`cannot read ${rest} in ${text}`);
    }
  }
  return found;
}

const hostile = fc.string({
  unit: fc.constantFrom('a', 'B', '7', ' ', ':', '(', ')', '"', '`', "'", ' or ', ' and ', 'not ', '*', '+', 'ü', '\\', '\n'),
});

function safely(build: () => Qql): Qql | undefined {
  try {
    return build();
  } catch (error) {
    if (error instanceof QqlUnsafe) return undefined;
    throw error;
  }
}

describe('QQL', () => {
  test('picks the first delimiter that does not occur in the value', () => {
    expect(term('script.name', 'Script test')).toBe('script.name:"Script test"');
    expect(term('name', 'the "big" one')).toBe('name:`the "big" one`');
    expect(term('name', 'the "big" `one`')).toBe('name:\'the "big" `one`\'');
  });

  test.each([
    ['all three kinds of quote', `"\`'`],
    ['a line break', 'a\nb'],
    ['a NUL', 'a\0b'],
    ['a Unicode line separator', 'a\u2028b'],
    ['a backslash', 'CORP\\web'],
    ['a direction override', 'a\u202eb'],
    ['a zero-width space', '\u200b'],
    ['a soft hyphen', 'a\u00adb'],
    ['half a surrogate pair', 'a\ud800b'],
    ['nothing', '  '],
  ])('refuses a value with %s', (_, value) => {
    expect(() => quoted(value)).toThrow(QqlUnsafe);
  });

  test('takes digits only for ids, and only tokens for tokens', () => {
    expect(idTerm('job.id', '80507')).toBe('job.id:80507');
    for (const id of ['80507 or 1', '', '-1', '1e3', '٣']) expect(() => idTerm('job.id', id)).toThrow(QqlUnsafe);
    for (const token of ['a b', 'a:"x" or b', '.a', '']) expect(() => term(token, 'x')).toThrow(QqlUnsafe);
  });

  test('joins terms with and, or and not', () => {
    const [a, b, c] = [idTerm('job.id', '1'), idTerm('job.id', '2'), term('name', 'x')];
    expect(allOf([anyOf([a, b]), not(c)])).toBe('(job.id:1 or job.id:2) and (not (name:"x"))');
    expect(anyOf([a, b, c])).toBe('job.id:1 or job.id:2 or name:"x"');
    expect(anyOf([a])).toBe('job.id:1');
    expect(() => anyOf([])).toThrow('needs at least one term');
  });

  test('every value that is taken reads back as it was, alone', () => {
    fc.assert(
      fc.property(hostile, (value) => {
        const built = safely(() => term('name', value));
        if (built !== undefined) expect(pieces(built)).toEqual([{ token: 'name', value }]);
      }),
      { numRuns: 2_000 },
    );
  });

  test('joined terms read back one by one, in order', () => {
    fc.assert(
      fc.property(fc.array(hostile, { minLength: 1, maxLength: 5 }), fc.boolean(), (values, any) => {
        const built = safely(() => (any ? anyOf : allOf)(values.map((value) => term('name', value))));
        if (built !== undefined) expect(pieces(built).map(({ value }) => value)).toEqual(values);
      }),
      { numRuns: 1_000 },
    );
  });

  test('ordinary names are never refused', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9 _.()&+:"'-]*[A-Za-z0-9]$/), (value) => {
        expect(pieces(term('name', value))).toEqual([{ token: 'name', value }]);
      }),
    );
  });
});

/**
 * Characters and words that have ended values, filters or parsers: quotes of all kinds, operators, invisible and broken unicode, line ends.
 */
const HOSTILE_PIECES = [
  ...['"', '`', "'", '“', '”', '‘', '’', '«', '»', '„', '‚', '′', '″', '＂', '＇', '｀', '\u0301'],
  ...[' or ', ' and ', ' OR ', 'not ', '(', ')', '[', ']', ' .. ', ':', '*', '?', '~', '^', '+', '-', '&&', '||', '!', '/', '%', '#', ';'],
  ...['\n', '\r\n', '\t', '\0', '\u0085', '\u2028', '\u2029', '\u00a0', '\u3000', '\\', '\\"', '\\u0022', '%22', '&quot;'],
  ...['\u202e', '\u2066', '\u2069', '\u200b', '\u200d', '\ufeff', '\u00ad', '\ud800', '\udc00', '\ud83d\ude00'],
  ...['status:ACTIVE', 'assetId:1', 'name:*', 'name:"', '" or assetId:1', "' or assetId:1 or name:'", '` or assetId:1 or name:`'],
  ...['web', 'db-01', '7', 'ü', 'İ', 'ß', ' '],
];

interface Host {
  assetId: string;
  name: string;
  status: string;
}
const TOKENS: QqlTokens<Host> = {
  assetId: { kind: 'id', read: ({ assetId }) => assetId },
  name: { kind: 'text', read: ({ name }) => name },
  status: { kind: 'word', read: ({ status }) => status },
};

/** Hosts that an injected filter would hit, and hosts named like the value, a part of it, or more than it. */
function fleetOf(value: string): Host[] {
  const half = Math.ceil(value.length / 2);
  const names = ['web', 'db-01', 'other', '', '*', value, `x${value}y`, value.slice(0, half), value.slice(half), ...value.split(/\W+/)];
  return names.map((name, index) => ({ assetId: String(index + 1), name, status: index % 2 === 0 ? 'ACTIVE' : 'INACTIVE' }));
}

/** What the simulator, which shares no code with the builder, makes of the filter. */
function hits(filter: Qql, fleet: readonly Host[]): string[] {
  const node = parseQql(filter);
  if (!node) throw new Error(`${filter} is empty`);
  return fleet.filter(qqlTest(node, TOKENS, 'error')).map(({ assetId }) => assetId);
}

function isMeant(value: string, { name }: Host): boolean {
  const isExact = value.includes('"') && !value.includes('`');
  return isExact ? name === value : name.toLowerCase().includes(value.toLowerCase());
}

describe('a hostile value', () => {
  test('of 10,000 is refused, or hits exactly the hosts it is meant for, alone, joined and negated', () => {
    const seen = { taken: 0, refused: 0 };
    const values = fc.array(fc.constantFrom(...HOSTILE_PIECES), { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(values, (value) => {
        const built = safely(() => term('name', value));
        seen[built === undefined ? 'refused' : 'taken'] += 1;
        if (built === undefined) return;
        const fleet = fleetOf(value);
        const meant = fleet.filter((host) => isMeant(value, host)).map(({ assetId }) => assetId);
        const others = fleet.map(({ assetId }) => assetId).filter((assetId) => !meant.includes(assetId));
        expect(hits(built, fleet)).toEqual(meant);
        expect(hits(not(built), fleet)).toEqual(others);
        expect(hits(anyOf([idTerm('assetId', '3'), built]), fleet)).toEqual(
          fleet.map(({ assetId }) => assetId).filter((assetId) => assetId === '3' || meant.includes(assetId)),
        );
        expect(hits(allOf([term('status', 'inactive'), built]), fleet)).toEqual(meant.filter((assetId) => Number(assetId) % 2 === 0));
      }),
      { numRuns: 10_000 },
    );
    expect(seen.taken + seen.refused).toBe(10_000);
    // Neither answer may come from a test that builds or refuses everything.
    expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(1_000);
  });
});

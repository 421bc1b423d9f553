import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { expect, test } from '@jest/globals';
import {
  byIndex,
  INTEGERS,
  integerOfRow,
  JOIN_IN_ORDER,
  jsonArraysOf,
  PAIRS,
  placeOf,
  rendered,
  rowsGiven,
  textAt,
  textOfRow,
} from './dialect.js';

const DUE = `SELECT seq FROM attempts ${byIndex('attempts_due')} WHERE run_id = ? AND seq IN ${INTEGERS} AND name <> '?'`;

test('a statement is rendered in the words of the database', () => {
  expect(rendered(DUE, 'sqlite')).toBe(
    "SELECT seq FROM attempts INDEXED BY attempts_due WHERE run_id = ? AND seq IN (SELECT value FROM json_each(?)) AND name <> '?'",
  );
  expect(rendered(DUE, 'postgres')).toBe(
    "SELECT seq FROM attempts  WHERE run_id = $1 AND seq IN (SELECT CAST(jsonb_array_elements_text(CAST($2 AS jsonb)) AS bigint)) AND name <> '?'",
  );
});

test('rows that come as one parameter have their columns and places in both', () => {
  const rows = `SELECT ${placeOf('it')}, ${textAt('it', 1)} FROM ${rowsGiven('it')} ${JOIN_IN_ORDER} runs ON (run_id, seq) IN ${PAIRS}`;
  expect(rendered(rows, 'sqlite')).toBe(
    "SELECT it.key, json_extract(it.value, '$[1]') FROM json_each(?) AS it CROSS JOIN runs ON (run_id, seq) IN " +
      "(SELECT json_extract(pair.value, '$[0]'), json_extract(pair.value, '$[1]') FROM json_each(?) AS pair)",
  );
  expect(rendered(rows, 'postgres')).toBe(
    'SELECT (it.place - 1), (it.value ->> 1) FROM jsonb_array_elements(CAST($1 AS jsonb)) WITH ORDINALITY AS it(value, place) JOIN runs ' +
      'ON (run_id, seq) IN (SELECT CAST(pair.value ->> 0 AS bigint), CAST(pair.value ->> 1 AS bigint) ' +
      'FROM jsonb_array_elements(CAST($2 AS jsonb)) WITH ORDINALITY AS pair(value, place))',
  );
  expect(rendered(`SELECT ${jsonArraysOf(['seq', 'status'])} AS rows`, 'sqlite')).toBe(
    'SELECT json_group_array(json_array(seq, status)) AS rows',
  );
});

test('a value of a row comes from one parameter for many in both', () => {
  const set = `UPDATE attempts SET name = ${textOfRow('attempts')}, exit_code = ${integerOfRow('attempts')}`;
  const ofRow = `json_extract(?, '$."' || attempts.seq || '/' || attempts.attempt || '"')`;
  expect(rendered(set, 'sqlite')).toBe(`UPDATE attempts SET name = ${ofRow}, exit_code = ${ofRow}`);
  expect(rendered(set, 'postgres')).toBe(
    "UPDATE attempts SET name = (CAST($1 AS jsonb) ->> (attempts.seq || '/' || attempts.attempt)), " +
      "exit_code = CAST(CAST($2 AS jsonb) ->> (attempts.seq || '/' || attempts.attempt) AS bigint)",
  );
});

test('a fragment that no dialect knows is refused', () => {
  expect(() => rendered('SELECT {{hour|1}}', 'sqlite')).toThrow('no dialect knows: hour');
});

/** What one of the two does not have, or takes for something else. */
const OF_ONE_DATABASE: readonly [string, RegExp][] = [
  ['names an index: byIndex', /\bINDEXED BY\b/],
  ['reads JSON: rowsGiven, TEXTS, INTEGERS, PAIRS, textAt', /\bjsonb?_\w+\s*\(/],
  ['CROSS JOIN with ON is of SQLite: JOIN_IN_ORDER', /\bCROSS JOIN\b/],
  ['max and min of two are aggregates in PostgreSQL: greatestOf, leastOf', /(?<![.\w])(?:max|min)\((?:[^()$]|\([^()]*\))*,/],
  ['IS compares values in SQLite alone: IS DISTINCT FROM', /\bIS (?:NOT )?(?!NOT\b|NULL\b|DISTINCT FROM\b|TRUE\b|FALSE\b)[a-z$?'"\d]/],
  ['OR IGNORE, OR REPLACE: ON CONFLICT', /\bOR (?:IGNORE|REPLACE|ABORT|FAIL|ROLLBACK)\b/],
  ['a function of SQLite', /\b(?:ifnull|iif|instr|group_concat|printf|char|total|typeof|hex|unixepoch|strftime|julianday|datetime)\(/],
  ['a row has no number of its own', /\browid\b|\blast_insert_rowid\b/i],
  ['GLOB, REGEXP, MATCH', /\b(?:GLOB|REGEXP|MATCH)\b/],
  ['a condition is no number in PostgreSQL: count(CASE WHEN … THEN 1 END)', /\bsum\([^()]*(?:=|<|>|\bIS\b)/],
  ['a parameter is no condition in PostgreSQL: ? = 1', /\b(?:WHEN|WHERE|AND|OR|NOT) \(?\?(?= (?:THEN|AND|OR)\b|\)|[`'"]$)/],
  ['a join says on what', /\bJOIN (?:\w+|\([^()]*\))(?: AS \w+)?\s+(?:LEFT |INNER )?(?:JOIN|WHERE)\b/],
  ['a subquery has a name', /\bFROM \(SELECT [^()]*\)\s*(?:$|[`'"]|WHERE|GROUP|ORDER)/],
  ['LIMIT -1, LIMIT a, b', /\bLIMIT (?:-1|\?\s*,|\d+\s*,)/],
  ['a cast of PostgreSQL: CAST', /[\w?)]::[a-z]/],
  ['tables of SQLite itself', /\bsqlite_\w+|\bPRAGMA\b/],
];

const LEDGER = join(import.meta.dirname, '..');
/** The driver of a database writes its own words, and the dialect both. */
const MAY_SAY_SO = /^(?:sqlite|postgres)\/|^sql\/dialect\.ts$|\.test\.ts$/;
const SQL = /\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|WHERE|AND|OR|JOIN|CASE|SET|EXISTS|coalesce|count)\b/;

/** The quoted texts of a source that look like SQL, with the line they begin at. Comments are none. */
function statementsIn(source: string): { line: number; text: string }[] {
  const code = source.replace(/\/\*[\s\S]*?\*\/|(?<=^|[\s;{])\/\/[^\n]*/g, (comment) => comment.replace(/[^\n]/g, ' '));
  const found = [...code.matchAll(/`(?:[^`\\]|\\.)*`|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g)];
  return found.filter(([text]) => SQL.test(text)).map(({ 0: text, index }) => ({ line: code.slice(0, index).split('\n').length, text }));
}

test('no statement of the ledger says what only one database understands', async () => {
  const files = (await readdir(LEDGER, { recursive: true })).filter((file) => file.endsWith('.ts') && !MAY_SAY_SO.test(file));
  const statements = await Promise.all(
    files.map(async (file) =>
      statementsIn(await readFile(join(LEDGER, file), 'utf8')).map((found) => ({ ...found, file: relative(LEDGER, join(LEDGER, file)) })),
    ),
  );
  expect(statements.flat().length).toBeGreaterThan(200);
  const found = statements
    .flat()
    .flatMap(({ file, line, text }) => OF_ONE_DATABASE.filter(([, words]) => words.test(text)).map(([why]) => `${file}:${line} ${why}`));
  expect(found).toEqual([]);
});

test.each([
  ['`SELECT 1 FROM a INDEXED BY b`', 'names an index'],
  ["'SELECT value FROM json_each(?)'", 'reads JSON'],
  ["'UPDATE a SET b = max(coalesce(b, 0), ?)'", 'max and min'],
  ["'UPDATE a SET b = CASE WHEN ? THEN 1 END'", 'a parameter is no condition'],
  ["'SELECT 1 FROM a WHERE (? OR b = 1)'", 'a parameter is no condition'],
  ["'SELECT 1 FROM a WHERE b IS NULL OR ?'", 'a parameter is no condition'],
  ["'SELECT 1 FROM a JOIN b LEFT JOIN c ON c.d = a.d'", 'a join says on what'],
  ["'SELECT 1 FROM (SELECT 1 FROM a LIMIT 2)'", 'a subquery has a name'],
  ["'SELECT 1 WHERE a IS NOT b'", 'IS compares'],
  ['"SELECT a WHERE b IS \'c\'"', 'IS compares'],
  ["'SELECT sum(a = 1) AS n'", 'a condition is no number'],
])('%s is found', (source, why) => {
  const [statement] = statementsIn(`const A =\n  ${source};`);
  expect(statement?.line).toBe(2);
  expect(OF_ONE_DATABASE.filter(([, words]) => words.test(statement?.text ?? '')).map(([said]) => said)).toEqual([
    expect.stringContaining(why),
  ]);
});

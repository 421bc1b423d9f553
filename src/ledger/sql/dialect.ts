// What SQLite and PostgreSQL write differently. A statement of the ledger is in the SQL that both have, and says the rest by the names
// below; the driver renders it once, when it prepares it. Booleans are 0 and 1 in both, texts compare byte by byte, and what a statement
// answers with is made 0 or 1 by CASE: PostgreSQL has no number for a condition.

export type DialectName = 'sqlite' | 'postgres';

/** How a fragment is written in each. A question mark in it is one of the statement's parameters, at that place. */
type Renderings = Readonly<Record<DialectName, (...given: string[]) => string>>;

const FRAGMENTS: Readonly<Record<string, Renderings>> = {
  index: { sqlite: (name) => `INDEXED BY ${name}`, postgres: () => '' },
  joinInOrder: { sqlite: () => 'CROSS JOIN', postgres: () => 'JOIN' },
  greatest: { sqlite: (a, b) => `max(${a}, ${b})`, postgres: (a, b) => `greatest(${a}, ${b})` },
  least: { sqlite: (a, b) => `min(${a}, ${b})`, postgres: (a, b) => `least(${a}, ${b})` },
  texts: {
    sqlite: () => '(SELECT value FROM json_each(?))',
    postgres: () => '(SELECT jsonb_array_elements_text(CAST(? AS jsonb)))',
  },
  integers: {
    sqlite: () => '(SELECT value FROM json_each(?))',
    postgres: () => '(SELECT CAST(jsonb_array_elements_text(CAST(? AS jsonb)) AS bigint))',
  },
  rows: {
    sqlite: (alias) => `json_each(?) AS ${alias}`,
    postgres: (alias) => `jsonb_array_elements(CAST(? AS jsonb)) WITH ORDINALITY AS ${alias}(value, place)`,
  },
  element: { sqlite: (alias) => `${alias}.value`, postgres: (alias) => `(${alias}.value #>> '{}')` },
  place: { sqlite: (alias) => `${alias}.key`, postgres: (alias) => `(${alias}.place - 1)` },
  text: { sqlite: (alias, at) => `json_extract(${alias}.value, '$[${at}]')`, postgres: (alias, at) => `(${alias}.value ->> ${at})` },
  integer: {
    sqlite: (alias, at) => `json_extract(${alias}.value, '$[${at}]')`,
    postgres: (alias, at) => `CAST(${alias}.value ->> ${at} AS bigint)`,
  },
  textOfRow: {
    sqlite: (table) => `json_extract(?, '$."' || ${table}.seq || '/' || ${table}.attempt || '"')`,
    postgres: (table) => `(CAST(? AS jsonb) ->> (${table}.seq || '/' || ${table}.attempt))`,
  },
  integerOfRow: {
    sqlite: (table) => `json_extract(?, '$."' || ${table}.seq || '/' || ${table}.attempt || '"')`,
    postgres: (table) => `CAST(CAST(? AS jsonb) ->> (${table}.seq || '/' || ${table}.attempt) AS bigint)`,
  },
  arrays: {
    sqlite: (...columns) => `json_group_array(json_array(${columns.join(', ')}))`,
    postgres: (...columns) => `CAST(coalesce(json_agg(json_build_array(${columns.join(', ')})), '[]') AS text)`,
  },
};

/** As it stands in a statement until that is rendered. */
const fragment = (name: string, ...given: string[]): string => `{{${[name, ...given].join('|')}}}`;
const FRAGMENT = /\{\{([^{}]*)\}\}/g;
/** Quoted text and comments, in which a question mark is no parameter; else a question mark. */
const LITERAL_OR_PARAMETER = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\?/g;

/**
 * After a table: read it by this index. SQLite has no statistics here, and would rather read a whole run by its primary key
 * (sqlite/query-plans.test.ts); PostgreSQL has them, and chooses itself.
 */
export const byIndex = (name: string): string => fragment('index', name);
/** A join that SQLite does not turn round: the rows before it are few, and what they join is not. */
export const JOIN_IN_ORDER = fragment('joinInOrder');
/** The larger, the smaller of two that are not NULL, which the two databases treat differently. */
export const greatestOf = (a: string, b: string): string => fragment('greatest', a, b);
export const leastOf = (a: string, b: string): string => fragment('least', a, b);

/** After `IN`: the elements of one parameter, a JSON array. */
export const TEXTS = fragment('texts');
export const INTEGERS = fragment('integers');
/** After `FROM`: the elements of one parameter, a JSON array, as rows. Their columns are asked for by the four that follow. */
export const rowsGiven = (alias: string): string => fragment('rows', alias);
/** The element itself, where it is a text. */
export const elementOf = (alias: string): string => fragment('element', alias);
/** Where the element stands in the array, from 0. */
export const placeOf = (alias: string): string => fragment('place', alias);
/** What the element, an array itself, has at a place. */
export const textAt = (alias: string, at: number): string => fragment('text', alias, String(at));
export const integerAt = (alias: string, at: number): string => fragment('integer', alias, String(at));
/** What one parameter, a JSON object, has for a row of attempts: under `<seq>/<attempt>`. */
export const textOfRow = (table: string): string => fragment('textOfRow', table);
export const integerOfRow = (table: string): string => fragment('integerOfRow', table);
/** After `IN`: pairs of integers, one parameter. */
export const PAIRS = `(SELECT ${integerAt('pair', 0)}, ${integerAt('pair', 1)} FROM ${rowsGiven('pair')})`;

/** All rows as one JSON text of arrays: an array of none where there is no row. */
export const jsonArraysOf = (columns: readonly string[]): string => fragment('arrays', ...columns);

/** The statement in the words of that database. */
export function rendered(statement: string, dialect: DialectName): string {
  const sql = statement.replace(FRAGMENT, (_whole, inner: string) => {
    const [name = '', ...given] = inner.split('|');
    const renderings = FRAGMENTS[name];
    if (!renderings) throw new TypeError(`A statement has a fragment that no dialect knows: ${name}.`);
    return renderings[dialect](...given);
  });
  return dialect === 'postgres' ? withNumberedParameters(sql) : sql;
}

function withNumberedParameters(sql: string): string {
  let count = 0;
  return sql.replace(LITERAL_OR_PARAMETER, (found) => (found === '?' ? `$${++count}` : found));
}

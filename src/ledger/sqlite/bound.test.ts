import { expect, test } from '@jest/globals';
import type { SqlParameter } from '../sql/database.js';
import { bound, mayWrite, namesItsColumns, parameterCount } from './bound.js';

/** As a value comes whose type was only claimed. */
const one = (value: unknown): unknown => bound([value as SqlParameter], 1)[0];

test.each<[string, unknown, unknown]>([
  ['nothing', undefined, null],
  ['null', null, null],
  ['text', 'openssl 漢字 👍', 'openssl 漢字 👍'],
  ['text that is not well-formed', 'web\ud83d', 'web\ufffd'],
  ['text with a NUL', 'a\0b', 'a\ufffdb'],
  ['true', true, 1],
  ['false', false, 0],
  ['a number', 1.5, 1.5],
  ['the largest exact integer', Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  ['a small bigint', 72_648n, 72_648],
  ['bytes', Buffer.from('ab'), Buffer.from('ab')],
  ['a part of an array of bytes', new Uint8Array([1, 2, 3, 4]).subarray(1, 3), Buffer.from([2, 3])],
  ['what a blob is read back as', new Uint8Array([7, 8]).buffer, Buffer.from([7, 8])],
  ['shared bytes', new Uint8Array(new SharedArrayBuffer(2)), Buffer.from([0, 0])],
])('%s is converted', (_what, value, stored) => {
  expect(one(value)).toEqual(stored);
  expect(typeof one(value)).toBe(typeof stored);
});

test.each<[string, unknown]>([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['beyond 2^53', 2 ** 53],
  ['beyond 2^53', 1e300],
  ['beyond 2^53', 2n ** 60n],
  ['a symbol', Symbol('s')],
  ['a function', () => 1],
  ['a Date', new Date(0)],
  ['an object', { id: 1 }],
  ['an object', ['nested']],
  ['an object', new Map()],
  ['an object', new Float64Array(1)],
  ['an object', Object.create(null)],
  ['an object', new String('boxed')],
])('%s is refused, with its position', (what, value) => {
  expect(() => bound(['fine', value as SqlParameter], 2)).toThrow(TypeError);
  expect(() => bound(['fine', value as SqlParameter], 2)).toThrow(/^Parameter 2 of a statement cannot be stored: it is /);
  expect(() => bound(['fine', value as SqlParameter], 2)).toThrow(what);
});

test('a parameter too few, too many, or a hole in the list never reaches the library', () => {
  expect(() => bound(['a'], 2)).toThrow('The statement has 2 parameters, and got 1.');
  expect(() => bound(['a', 'b', 'c'], 2)).toThrow('The statement has 2 parameters, and got 3.');
  expect(() => bound({ 0: 'a', length: 1 } as unknown as SqlParameter[], 1)).toThrow('must be a list');
  // biome-ignore lint/suspicious/noSparseArray: the hole is what is tested
  expect(bound([, 'b'] as SqlParameter[], 2)).toEqual([null, 'b']);
});

test('question marks are counted where they are parameters', () => {
  expect(parameterCount('SELECT 1')).toBe(0);
  expect(parameterCount('SELECT ? AS a, ? AS b')).toBe(2);
  expect(parameterCount(`SELECT '?', "?", 'it''s ?', ? -- ?\n, /* ? */ ?`)).toBe(2);
});

test('what plainly reads needs no transaction, all else has one', () => {
  for (const sql of [
    'SELECT 1',
    ' select 1',
    'WITH a AS (SELECT 1) SELECT * FROM a',
    "SELECT replace(a, 'UPDATE', '') FROM t",
    'PRAGMA user_version',
  ])
    expect(mayWrite(sql)).toBe(false);
  for (const sql of [
    'UPDATE t SET a = 1',
    'INSERT INTO t VALUES (1) RETURNING a',
    'DELETE FROM t',
    'WITH a AS (SELECT 1) UPDATE t SET b = 1',
    'CREATE TABLE u (a)',
    'REPLACE INTO t VALUES (1)',
    '/* why */ UPDATE t SET a = 1',
  ])
    expect(mayWrite(sql)).toBe(true);
});

test('the columns of a statement are fixed by its text where it reads by name', () => {
  for (const sql of [
    'SELECT a, count(*) AS n FROM t',
    ' select 1',
    "SELECT a FROM t WHERE b = '*'",
    'WITH a AS (SELECT 1 AS b) SELECT b FROM a',
  ])
    expect(namesItsColumns(sql)).toBe(true);
  for (const sql of [
    'SELECT * FROM t',
    'SELECT t.*, 1 AS b FROM t',
    'SELECT a FROM (SELECT * FROM t)',
    'PRAGMA data_version',
    'DELETE FROM t',
  ])
    expect(namesItsColumns(sql)).toBe(false);
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { backUpLedger } from '../../../test/support/ledger/backup.js';
import { programArguments } from '../../../test/support/programs.js';
import type { Database, SqlParameter } from '../sql/database.js';
import { openSqlite } from './driver.js';

let directory: string;
let path: string;
let database: Database;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sqlite-'));
  path = join(directory, 'ledger.db');
  database = openSqlite({ path, create: true });
  await database.run('CREATE TABLE notes (name TEXT UNIQUE, n INTEGER)');
});
afterEach(async () => {
  await database.close();
  await rm(directory, { recursive: true, force: true });
});

const add = (name: unknown, n: unknown = 1) => database.run('INSERT INTO notes VALUES (?, ?)', [name as SqlParameter, n as SqlParameter]);
const names = async () => (await database.all<{ name: string }>('SELECT name FROM notes ORDER BY name')).map(({ name }) => name);

/** Another process with the write lock, for so long. */
async function held(ms: number): Promise<{ released: Promise<void> }> {
  const holder = await programArguments('test/support/ledger/lock-holder.ts');
  const child = spawn(process.execPath, [...holder, path, String(ms)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const exited = once(child, 'exit');
  expect((await lines.next()).value).toBe('held');
  return {
    released: (async () => {
      expect((await lines.next()).value).toBe('released');
      expect((await exited)[0]).toBe(0);
    })(),
  };
}

test('a single write that times out waiting for a lock held 15 s fails by itself, and the next ones and transactions work', async () => {
  const lock = await held(15_000);
  const inVain = [add('single'), database.all('UPDATE notes SET n = 2 RETURNING name')];
  await expect(inVain[0]).rejects.toThrow('database is locked');
  await inVain[1];
  // Asked for while the lock was still held, it has its turn once that is free.
  await lock.released;
  await add('after');
  await database.transaction(async (sql) => {
    await sql.run('INSERT INTO notes VALUES (?, ?)', ['within', 1]);
  });
  expect(await names()).toEqual(['after', 'within']);
  const other = openSqlite({ path, create: false });
  expect(await other.all('SELECT count(*) AS n FROM notes')).toEqual([{ n: 2 }]);
  await other.close();
}, 60_000);

test('a transaction that times out waiting has done nothing, and reads go on meanwhile', async () => {
  await add('before');
  const lock = await held(12_000);
  const work: string[] = [];
  const inVain = database.transaction(async () => work.push('begun'));
  const failed = expect(inVain).rejects.toThrow('database is locked');
  const reader = openSqlite({ path, create: false });
  expect(await reader.all('SELECT name FROM notes')).toEqual([{ name: 'before' }]);
  await reader.close();
  await failed;
  expect(work).toEqual([]);
  await lock.released;
  await add('after');
  expect(await names()).toEqual(['after', 'before']);
}, 60_000);

test('a COMMIT that fails takes all of its transaction back, and the next one goes through', async () => {
  await database.run('CREATE TABLE owners (id INTEGER PRIMARY KEY)');
  await database.run('CREATE TABLE owned (owner INTEGER REFERENCES owners (id) DEFERRABLE INITIALLY DEFERRED)');
  // The constraint is checked by COMMIT only.
  await expect(
    database.transaction(async (sql) => {
      await sql.run('INSERT INTO notes VALUES (?, ?)', ['lost', 1]);
      await sql.run('INSERT INTO owned VALUES (?)', [7]);
    }),
  ).rejects.toThrow('FOREIGN KEY');
  await expect(database.run('INSERT INTO owned VALUES (?)', [7])).rejects.toThrow('FOREIGN KEY');
  await add('kept');
  await database.transaction(async (sql) => {
    await sql.run('INSERT INTO owners VALUES (?)', [7]);
    await sql.run('INSERT INTO owned VALUES (?)', [7]);
  });
  expect(await names()).toEqual(['kept']);
  expect(await database.first('SELECT owner FROM owned')).toMatchObject({ owner: 7 });
});

test('a statement that a constraint refuses leaves the transaction usable, and the connection too', async () => {
  await add('taken');
  await expect(add('taken')).rejects.toThrow('UNIQUE constraint failed');
  await database.transaction(async (sql) => {
    await expect(sql.run('INSERT INTO notes VALUES (?, ?)', ['taken', 2])).rejects.toThrow('UNIQUE constraint failed');
    await expect(sql.all('INSERT INTO notes VALUES (?, ?) RETURNING n', ['taken', 2])).rejects.toThrow('UNIQUE constraint failed');
    await sql.run('INSERT INTO notes VALUES (?, ?)', ['other', 2]);
  });
  expect(await names()).toEqual(['other', 'taken']);
});

test('a reading that fails is over, and what others write afterwards is seen', async () => {
  await expect(database.all('SELECT name, abs(n) FROM nowhere')).rejects.toThrow('no such table');
  await add('mine');
  // The second row cannot be computed: the reading breaks off when the first has been read.
  await add('smallest', -1);
  await expect(database.all("SELECT json_extract(CASE WHEN n < 0 THEN '{' ELSE '{}' END, '$') FROM notes ORDER BY name")).rejects.toThrow(
    'malformed JSON',
  );
  const other = openSqlite({ path, create: false });
  await other.run('INSERT INTO notes VALUES (?, ?)', ['theirs', 1]);
  await other.close();
  expect(await names()).toEqual(['mine', 'smallest', 'theirs']);
  await add('last');
});

test('columns that another process adds to a table are no other columns than before to whoever has the statement', async () => {
  await add('a', 7);
  const read = () => database.all('SELECT notes.*, notes.n + 1 AS more FROM notes');
  const named = () => database.first('SELECT name, n FROM notes');
  expect([await read(), await named()]).toEqual([[{ name: 'a', n: 7, more: 8 }], { name: 'a', n: 7 }]);
  const other = openSqlite({ path, create: false });
  await other.run("ALTER TABLE notes ADD COLUMN added TEXT NOT NULL DEFAULT 'x'");
  await other.close();
  expect([await read(), await named()]).toEqual([[{ name: 'a', n: 7, added: 'x', more: 8 }], { name: 'a', n: 7 }]);
});

test('the first row of many leaves nothing open: what others write next is seen, and the log can be folded in', async () => {
  for (const name of ['a', 'b', 'c']) await add(name);
  const first = () => database.first('SELECT name, n FROM notes ORDER BY name');
  expect(await first()).toEqual({ name: 'a', n: 1 });
  const other = openSqlite({ path, create: false });
  await other.run("UPDATE notes SET n = 2 WHERE name = 'a'");
  expect(await first()).toEqual({ name: 'a', n: 2 });
  expect(await other.all('PRAGMA wal_checkpoint(TRUNCATE)')).toMatchObject([{ busy: 0 }]);
  await other.close();
  expect(await database.first("SELECT name, n FROM notes WHERE name = 'nobody'")).toBeUndefined();
});

test('what is read at once never sees the middle of a transaction, and comes after what was asked for before it', async () => {
  await add('a', 0);
  const n = () => database.first('SELECT n FROM notes');
  await n();
  const transaction = database.transaction(async (sql) => {
    await sql.run('UPDATE notes SET n = 1');
    await new Promise((resolve) => setTimeout(resolve, 20));
    await sql.run('UPDATE notes SET n = 2');
  });
  await Promise.resolve();
  expect(await Promise.all([n(), n(), transaction, n()])).toEqual([{ n: 2 }, { n: 2 }, undefined, { n: 2 }]);
});

test('a file that was put in the place of the open one is not taken for it', async () => {
  await add('mine');
  const other = join(directory, 'other.db');
  const stranger = openSqlite({ path: other, create: true });
  await stranger.run('CREATE TABLE notes (name TEXT)');
  await stranger.close();
  await rename(other, path);
  await expect(database.all('SELECT * FROM nowhere')).rejects.toThrow('no such table');
  expect(await names()).toEqual(['mine']);
});

test('a statement with rows is not run for its count', async () => {
  await expect(database.run('INSERT INTO notes VALUES (?, ?) RETURNING n', ['a', 1])).rejects.toThrow('use all or first');
  expect(await names()).toEqual([]);
});

test('a value that no database can store fails its statement, its transaction with it, and nothing else', async () => {
  await expect(add({ not: 'text' })).rejects.toThrow('Parameter 1 of a statement cannot be stored: it is an object.');
  await expect(
    database.transaction(async (sql) => {
      await sql.run('INSERT INTO notes VALUES (?, ?)', ['first', 1]);
      await sql.run('INSERT INTO notes VALUES (?, ?)', ['second', Number.NaN]);
    }),
  ).rejects.toThrow('Parameter 2 of a statement cannot be stored: it is NaN.');
  await expect(database.first('SELECT name FROM notes WHERE n = ?', [])).rejects.toThrow('has 1 parameters, and got 0');
  await add('half a pair \ud83d', true);
  expect(await database.all('SELECT name, n FROM notes')).toEqual([{ name: 'half a pair \ufffd', n: 1 }]);
});

test.each([
  ['a backup is put in its place', () => copyFile(`${path}.backup`, path)],
  ['it is moved away', () => Promise.resolve()],
])('a file that is not in its place any more is not written to: %s', async (_, put) => {
  await add('mine');
  backUpLedger(path, `${path}.backup`);
  expect(database.isInPlace()).toBe(true);
  await rename(path, `${path}.aside`);
  await put();
  expect(database.isInPlace()).toBe(false);
  await expect(add('late')).rejects.toThrow('was moved or replaced while it was open');
  await expect(database.transaction((sql) => sql.run('DELETE FROM notes'))).rejects.toThrow('was moved or replaced');
  await rm(path, { force: true });
  await rename(`${path}.aside`, path);
  expect(database.isInPlace()).toBe(true);
  expect(await names()).toEqual(['mine']);
});

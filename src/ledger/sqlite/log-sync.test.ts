import { copyFile, mkdtemp, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ManualDisk, manualDisk } from '../../../test/support/ledger/manual-disk.js';
import type { Database } from '../sql/database.js';
import { openSqlite } from './driver.js';

let directory: string;
let path: string;
let disk: ManualDisk;
let database: Database;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'log-sync-'));
  path = join(directory, 'ledger.db');
  const made = openSqlite({ path, create: true });
  await made.run('CREATE TABLE notes (id INTEGER PRIMARY KEY, name TEXT UNIQUE)');
  await made.close();
  disk = manualDisk();
  database = openSqlite({ path, create: true, log: disk.open });
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const add = (name: string, to: Database = database) => to.run('INSERT INTO notes (name) VALUES (?)', [name]);
const names = async (of: Database = database) =>
  (await of.all<{ name: string }>('SELECT name FROM notes ORDER BY id')).map(({ name }) => name);

/** Whether it has been answered, with whatever. */
function watched(asked: Promise<unknown>): { isAnswered: boolean } {
  const seen = { isAnswered: false };
  const answer = (): void => {
    seen.isAnswered = true;
  };
  asked.then(answer, answer);
  return seen;
}

/** Everything that can happen without the disk has happened. */
async function settled(): Promise<void> {
  for (let turns = 0; turns < 20; turns += 1) await turn();
}

async function finishSyncs(): Promise<void> {
  await settled();
  for (let done = 0; done < disk.asked(); ) {
    done = disk.asked();
    disk.finish();
    await settled();
  }
}

/** The ledger that a power cut now would leave at least. */
async function afterPowerCut(): Promise<string[]> {
  const copy = join(await mkdtemp(join(directory, 'cut-')), 'ledger.db');
  await copyFile(path, copy);
  await writeFile(`${copy}-wal`, disk.kept());
  const left = openSqlite({ path: copy, create: false });
  try {
    return await names(left);
  } finally {
    await left.close();
  }
}

describe('a transaction', () => {
  test('is answered when a sync has ended that began after its commit, and those that come meanwhile share the next one', async () => {
    const first = watched(add('first'));
    await settled();
    expect([disk.asked(), first.isAnswered]).toEqual([1, false]);
    const others = ['second', 'third', 'fourth'].map((name) => watched(add(name)));
    await settled();
    expect(disk.asked()).toBe(1);
    disk.finish();
    await settled();
    expect([first.isAnswered, ...others.map(({ isAnswered }) => isAnswered), disk.asked()]).toEqual([true, false, false, false, 2]);
    expect(await afterPowerCut()).toEqual(['first']);
    disk.finish();
    await settled();
    expect([...others.map(({ isAnswered }) => isAnswered), disk.asked()]).toEqual([true, true, true, 2]);
    expect(await afterPowerCut()).toEqual(['first', 'second', 'third', 'fourth']);
  });

  test('does not keep the next one from its work while the disk syncs', async () => {
    watched(add('first'));
    const seen: string[] = [];
    watched(
      database.transaction(async (sql) => seen.push(...(await sql.all<{ name: string }>('SELECT name FROM notes')).map((row) => row.name))),
    );
    await settled();
    expect(seen).toEqual(['first']);
  });

  test('that need not be durable is answered at once, and synced soon; what follows it is not answered without it', async () => {
    const answered = database.transaction((sql) => sql.run('INSERT INTO notes (name) VALUES (?)', ['light']), { durable: false });
    // The first look of a connection takes what others wrote for new.
    await answered;
    expect(disk.asked()).toBe(1);
    const read = watched(names());
    await settled();
    expect(read.isAnswered).toBe(false);
    disk.finish();
    await settled();
    expect(read.isAnswered).toBe(true);
    expect(await afterPowerCut()).toEqual(['light']);
  });
});

describe('what is read', () => {
  test('of work that is not on the disk is told once it is; so is an error, which tells of it as well', async () => {
    watched(add('first'));
    const asked = [watched(names()), watched(add('first')), watched(database.transaction((sql) => sql.first('SELECT 1 FROM notes')))];
    await settled();
    expect(asked.map(({ isAnswered }) => isAnswered)).toEqual([false, false, false]);
    await finishSyncs();
    expect(asked.map(({ isAnswered }) => isAnswered)).toEqual([true, true, true]);
  });

  test('costs no sync where everything is on the disk', async () => {
    const added = add('first');
    await finishSyncs();
    await added;
    const before = disk.asked();
    expect(await names()).toEqual(['first']);
    expect(await database.transaction((sql) => sql.first('SELECT count(*) AS n FROM notes'))).toMatchObject({ n: 1 });
    expect(disk.asked()).toBe(before);
  });

  test('of what another connection has committed is told once we have synced it', async () => {
    const opened = names();
    await finishSyncs();
    await opened;
    const other = openSqlite({ path, create: false });
    await add('theirs', other);
    const before = disk.asked();
    const read = watched(names());
    await settled();
    expect([read.isAnswered, disk.asked()]).toEqual([false, before + 1]);
    disk.finish();
    await settled();
    expect(read.isAnswered).toBe(true);
    await other.close();
  });
});

test('whatever was answered when the power is cut is there afterwards, with all that was committed before it and nothing in between', async () => {
  const answered: string[] = [];
  for (let round = 0; round < 12; round += 1) {
    for (let index = 0; index < 5; index += 1) {
      const name = `${round}-${index}`;
      add(name).then(
        () => answered.push(name),
        () => undefined,
      );
    }
    // Now and then the disk is slow.
    for (let turns = 0; turns < (round * 7) % 5; turns += 1) await turn();
    if (round % 3 !== 1 && disk.asked() > 0) disk.finish();
    await settled();
    const left = await afterPowerCut();
    expect(left).toEqual(expect.arrayContaining(answered));
    expect(left).toEqual(left.map((_, index) => `${Math.floor(index / 5)}-${index % 5}`));
  }
  await finishSyncs();
  expect(answered).toHaveLength(60);
});

describe('a disk that fails a sync', () => {
  test('has failed for good: those who wait are told, nobody is answered any more, and a sync that works later proves nothing', async () => {
    const waiting = [add('first'), names()].map((asked) => expect(asked).rejects.toMatchObject({ name: 'LedgerUnusable' }));
    await settled();
    expect(database.isInPlace()).toBe(true);
    disk.fail('EIO');
    await Promise.all(waiting);
    expect(database.isInPlace()).toBe(false);
    for (const asked of [
      add('second'),
      names(),
      database.transaction(async () => 'work'),
      database.transaction(async () => 1, { durable: false }),
    ])
      await expect(asked).rejects.toThrow('The disk did not keep what was written to the ledger (EIO: i/o error, fdatasync).');
    expect(disk.asked()).toBe(1);
    await database.close();
    const again = openSqlite({ path, create: true });
    // In memory it is, and who opens the ledger next writes it to the file itself.
    expect(await names(again)).toEqual(['first']);
    await again.close();
  });

  test('is told by the next question where nobody waited for it', async () => {
    await database.transaction((sql) => sql.run('INSERT INTO notes (name) VALUES (?)', ['light']), { durable: false });
    disk.fail('ENOSPC');
    await settled();
    expect(database.isInPlace()).toBe(false);
    await expect(names()).rejects.toThrow('ENOSPC');
  });
});

test('a log that was removed is synced by nobody: what is written to it is lost', async () => {
  const real = openSqlite({ path, create: true });
  await add('kept', real);
  await unlink(`${path}-wal`);
  await expect(add('lost', real)).rejects.toThrow('its log was removed or replaced');
  expect(real.isInPlace()).toBe(false);
  await real.close();
});

test('a ledger that is closed has synced what nobody waited for', async () => {
  await database.transaction((sql) => sql.run('INSERT INTO notes (name) VALUES (?)', ['light']), { durable: false });
  const closed = watched(database.close());
  await settled();
  expect(closed.isAnswered).toBe(false);
  await finishSyncs();
  expect(closed.isAnswered).toBe(true);
});

test('a ledger whose file has moved may be closed', async () => {
  const added = add('first');
  await finishSyncs();
  await added;
  await rename(path, `${path}.aside`);
  await database.close();
});

import { copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { NO_CAPS, openRun, useLedgers } from '../../../test/support/ledger/ledger.js';
import { sqliteLedgers } from '../../../test/support/ledger/sqlite.js';
import { openLedger, sqlitePath } from '../index.js';

const ledgers = useLedgers();
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ledger-open-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});
const open = (path: string, create = true) => openLedger({ url: `sqlite:${path}`, create, caps: NO_CAPS });

describe('a ledger', () => {
  test('is readable by its owner alone, with its side files and the directory it makes', async () => {
    const path = join(directory, 'data', 'overhaul', 'ledger.db');
    const ledger = await open(path);
    await openRun(ledger, 'r', ['a']);
    const modes = await Promise.all(
      [path, `${path}-wal`, `${path}-shm`, join(directory, 'data')].map(async (file) => (await stat(file)).mode & 0o777),
    );
    expect(modes).toEqual([0o600, 0o600, 0o600, 0o700]);
    await ledger.close();
  });

  test('commits to a log that is synced by whoever answers (log-sync.test.ts), and SQLite syncs what that rests on: WAL, NORMAL', async () => {
    const ledger = await ledgers.open();
    expect(await ledger.database.all('PRAGMA journal_mode')).toEqual([{ journal_mode: 'wal' }]);
    expect(await ledger.database.all('PRAGMA synchronous')).toEqual([{ synchronous: 1 }]);
  });

  test('is whole in its one file once it is closed, so that a copy of that file is a backup', async () => {
    const path = join(directory, 'ledger.db');
    const copy = join(directory, 'copy.db');
    const ledger = await open(path);
    await openRun(ledger, 'r', ['a']);
    await ledger.close();
    await copyFile(path, copy);
    const restored = await open(copy, false);
    expect(restored.id).toBe(ledger.id);
    expect((await restored.runs.get('r'))?.id).toBe('r');
    await restored.close();
  });

  test('is not made by who may not make it', async () => {
    const path = join(directory, 'none.db');
    await expect(open(path, false)).rejects.toThrow(
      `No ledger at ${path}. Start a worker, which creates it, or set OVERHAUL_DATABASE_URL.`,
    );
    await expect(stat(path)).rejects.toThrow('ENOENT');
    await writeFile(path, '');
    await expect(open(path, false)).rejects.toThrow('The ledger is empty: no worker has opened it.');
  });

  test('that is no database is refused and left as it is', async () => {
    const path = join(directory, 'text.db');
    await writeFile(path, 'this is a text file, not a database; '.repeat(200));
    const before = await readFile(path);
    await expect(open(path)).rejects.toMatchObject({
      name: 'LedgerUnusable',
      message: expect.stringMatching(/^Cannot read the ledger at .* \(.*\)\. Restore it from a backup/),
    });
    expect(await readFile(path)).toEqual(before);
  });

  test('in a place where none can be is refused with the place', async () => {
    await writeFile(join(directory, 'file'), '');
    await expect(open(join(directory, 'file', 'ledger.db'))).rejects.toMatchObject({
      name: 'LedgerUnusable',
      message: expect.stringContaining('Cannot create the ledger at'),
    });
  });

  test('of a newer version is refused, by the reader too', async () => {
    const path = join(directory, 'newer.db');
    const ledger = await open(path);
    await ledger.database.run('UPDATE ledger_version SET version = 99');
    await ledger.close();
    await expect(open(path)).rejects.toThrow(
      /The ledger has version 99, this build supports up to \d+\. Use the newer Overhaul that wrote it\./,
    );
    await expect(open(path, false)).rejects.toThrow(/The ledger has version 99, this build reads \d+\./);
  });

  test('that has lost its identity is refused', async () => {
    const path = join(directory, 'lost.db');
    const ledger = await open(path);
    await ledger.database.run('DELETE FROM ledger');
    await ledger.close();
    await expect(open(path, false)).rejects.toThrow('The ledger has no identity. Restore it from a backup.');
  });

  test('reads another clock than the database where it was given one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'overhaul-clock-'));
    let now = 1_791_450_000_000;
    const ledger = await openLedger({
      url: `sqlite:${join(folder, 'ledger.db')}`,
      create: true,
      caps: NO_CAPS,
      now: () => now,
      durable: false,
    });
    expect(await ledger.database.now()).toBe(1_791_450_000_000);
    now += 86_400_000;
    expect(await ledger.database.transaction((sql) => sql.now())).toBe(1_791_536_400_000);
    await ledger.close();
    await rm(folder, { recursive: true });
  });
});

test('an outcome that is not counted is noticed by the look behind each test', async () => {
  const ledger = await ledgers.open();
  await openRun(ledger, 'r', ['a', 'b']);
  const { check } = sqliteLedgers();
  await check?.(ledger);
  await ledger.database.run('UPDATE outcome_counts SET n = 1');
  await expect(check?.(ledger)).rejects.toThrow('"outcome":"pending","kind":0,"too_many":-1');
  await ledger.database.run('UPDATE outcome_counts SET n = 2');
});

test('work that does not end leaves the rest of the process its turns', async () => {
  const { database } = await ledgers.open();
  let turns = 0;
  const others = setInterval(() => {
    turns += 1;
  }, 1);
  // The bound is for a process that gets no turn at all: this loop would then be all it does.
  for (const started = performance.now(); turns <= 3 && performance.now() - started < 10_000; )
    await database.run('DELETE FROM out_of_cohort');
  clearInterval(others);
  expect(turns).toBeGreaterThan(3);
});

test.each([
  ['sqlite:/a/b.db', '/a/b.db'],
  ['sqlite:///a/b.db', '/a/b.db'],
  ['sqlite:b.db', 'b.db'],
])('%s is the file %s', (url, path) => {
  expect(sqlitePath(url)).toBe(path);
});

import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { signedNow } from '../../../../test/support/ledger/audit.js';
import { NO_CAPS } from '../../../../test/support/ledger/ledger.js';
import { type Evidence, verifyAudit } from '../../audit/verify.js';
import { openLedger } from '../../index.js';
import { openSqlite } from '../driver.js';
import { AUDIT_CHAIN } from './012-audit-chain.js';
import { MIGRATIONS } from './index.js';

/**
 * What ledgers have had. Indentation aside, a migration is what it was on the day it came: add a line for a new one, and change none.
 */
const LANDED = [
  '48219714e58448c9',
  '9660f0e567e0eebb',
  '77ab9846a782283f',
  'a91d955745a129f1',
  '7a7e577856f53228',
  'f4cde27f6e95bcac',
  'ecc336f70f93f804',
  '2afab7517192aa4b',
  'd24c1d600e78c02d',
  'e13d6362d688eae0',
  '724072cf131bf821',
  '181b34e40d569c8c',
  '114f66b42aa70a5b',
  '60a29681ec168297',
];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'migrations-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** A ledger as the build with that many migrations left it, with a run in it. */
async function ledgerOf(version: number): Promise<string> {
  const path = join(folder, `v${version}.db`);
  const database = openSqlite({ path, create: true });
  for (const statement of MIGRATIONS.slice(0, version).flat()) await database.run(statement);
  await database.run('CREATE TABLE ledger_version (version INTEGER NOT NULL)');
  await database.run('INSERT INTO ledger_version (version) VALUES (?)', [version]);
  await database.run('INSERT INTO ledger (id, created_at) VALUES (?, 1)', [`of version ${version}`]);
  await database.run(
    `INSERT INTO runs (id, first_execution_id, namespace, phase, request, max_in_flight, deadline_ms, created_at) VALUES ('r', 'e', 'n', 'closed', '{}', 1, 1, 1)`,
  );
  await database.close();
  return path;
}

/** Tables, columns and indexes as they are in the file. */
async function schemaOf(path: string): Promise<unknown> {
  const database = openSqlite({ path, create: false });
  const schema = await database.all(`SELECT type, name, sql FROM sqlite_master WHERE name <> 'ledger_version' ORDER BY name`);
  const version = await database.all('SELECT version FROM ledger_version');
  await database.close();
  return { schema, version };
}

test('a migration that has landed is never edited', () => {
  const digest = (statements: readonly string[]): string =>
    createHash('sha256')
      .update(statements.map((statement) => statement.replace(/\s+/g, ' ')).join('\n'))
      .digest('hex')
      .slice(0, 16);
  expect(MIGRATIONS.map(digest)).toEqual(LANDED);
});

test('each migration is a file with its number', async () => {
  const files = (await readdir(import.meta.dirname)).filter((name) => /^\d/.test(name)).sort();
  expect(files.map((name) => Number.parseInt(name, 10))).toEqual(MIGRATIONS.map((_, index) => index + 1));
  const listed = await Promise.all(files.map(async (name) => Object.values(await import(`./${name.replace(/\.ts$/, '.js')}`))));
  expect(listed.flat()).toEqual(MIGRATIONS);
});

test.each(MIGRATIONS.map((_, index) => index + 1))(
  'a ledger of version %i opens as one that is new, with what it holds',
  async (version) => {
    const path = await ledgerOf(version);
    const fresh = join(folder, 'new.db');
    await (await openLedger({ url: `sqlite:${fresh}`, create: true, caps: NO_CAPS })).close();
    const ledger = await openLedger({ url: `sqlite:${path}`, create: true, caps: NO_CAPS });
    expect(ledger.id).toBe(`of version ${version}`);
    expect(await ledger.database.all('SELECT id, phase FROM runs')).toEqual([{ id: 'r', phase: 'closed' }]);
    await ledger.close();
    expect(await schemaOf(path)).toEqual(await schemaOf(fresh));
  },
);

test('a ledger from before outcomes were kept has them counted when it is opened, and keeps them from then on', async () => {
  const path = await ledgerOf(6);
  const old = openSqlite({ path, create: true });
  const rows: [number, number, number, string, string | null, number | null][] = [
    [1, 1, 0, 'failed', null, null],
    [1, 2, 1, 'succeeded', null, null],
    [2, 1, 1, 'skipped', 'compliant', 3],
    [3, 1, 1, 'failed', 'not-rolled-back: excluded', 3],
  ];
  const add = `INSERT INTO attempts (run_id, seq, attempt, asset_id, last, outcome, reason, wave) VALUES ('r', ?, ?, ?, ?, ?, ?, ?)`;
  for (const [seq, attempt, last, outcome, reason, wave] of rows)
    await old.run(add, [seq, attempt, `a${seq}`, last, outcome, reason, wave]);
  await old.close();
  const { database, close, reader } = await openLedger({ url: `sqlite:${path}`, create: true, caps: NO_CAPS });
  const kept = () => database.all('SELECT wave, outcome, kind, n FROM outcome_counts WHERE n <> 0 ORDER BY wave, outcome');
  expect(await kept()).toEqual([
    { wave: -1, outcome: 'succeeded', kind: 0, n: 1 },
    { wave: 3, outcome: 'failed', kind: 2, n: 1 },
    { wave: 3, outcome: 'skipped', kind: 1, n: 1 },
  ]);
  await database.run(`UPDATE attempts SET last = 0 WHERE seq = 1`);
  await database.run(`DELETE FROM attempts WHERE seq = 2`);
  await database.run(`UPDATE attempts SET wave = 4 WHERE seq = 3`);
  expect(await kept()).toEqual([{ wave: 4, outcome: 'failed', kind: 2, n: 1 }]);
  expect((await reader.run('r'))?.counts).toMatchObject({ failed: 1, targeted: 1 });
  await close();
});

test('the audit log of a ledger from before it was a chain is one when it is opened, and says since when', async () => {
  const path = await ledgerOf(MIGRATIONS.indexOf(AUDIT_CHAIN));
  const old = openSqlite({ path, create: true });
  for (const [id, actor] of [
    [1, 'ada'],
    [2, null],
    [7, 'kim'],
  ])
    await old.run(`INSERT INTO audit (id, run_id, at, actor, action) VALUES (?, 'r', 5, ?, 'pause')`, [id, actor]);
  await old.close();
  const ledger = await openLedger({ url: `sqlite:${path}`, create: true, caps: NO_CAPS });
  const { database, id } = ledger;
  const verdict = async (evidence: Evidence) => verifyAudit(database, id, evidence);
  const evidence = await signedNow(ledger);
  expect(await verdict(evidence)).toMatchObject({ entries: 4, signedTo: 8 });
  expect(await verdict(evidence)).not.toHaveProperty('broken');
  expect(await database.first('SELECT action, detail FROM audit WHERE id = 8')).toEqual({
    action: 'audit-chained',
    detail: expect.stringMatching(/^the 3 entries before this one .* digest is [0-9a-f]{64}$/),
  });
  await database.run('UPDATE audit SET at = 6 WHERE id = 2');
  expect((await verdict(evidence)).broken).toMatchObject({ entry: 2 });
  await ledger.close();
});

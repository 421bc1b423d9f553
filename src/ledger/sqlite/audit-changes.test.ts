import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AUDIT_KEY, signedNow } from '../../../test/support/ledger/audit.js';
import { sqliteLedgers } from '../../../test/support/ledger/sqlite.js';
import { type ChainedEntry, chainStart, entriesOf, hashOf } from '../audit/chain.js';
import { signCheckpoint } from '../audit/checkpoint.js';
import { type AuditVerdict, type Evidence, verifyAudit } from '../audit/verify.js';
import { ledgersOf, type OpenedLedger } from '../conformance/ledgers.js';
import type { Sql } from '../sql/database.js';

const CHANGES = 1_000;
const ENTRIES = 60;

const { ledgers, end } = ledgersOf(sqliteLedgers());
let ledger: OpenedLedger;
let evidence: Evidence;

beforeAll(async () => {
  ledger = await ledgers.open({ durable: false });
  for (let n = 1; n <= ENTRIES; n += 1)
    await ledger.audit.add(n % 5 === 0 ? undefined : `run/${n % 7}`, {
      action: n % 3 === 0 ? 'approve' : 'pause',
      ...(n % 4 === 0 ? {} : { actor: `ada ${n % 6}` }),
      ...(n % 6 === 0 ? {} : { detail: `{"reason":"number ${n}, of \ud800 and ü"}` }),
      verified: n % 2 === 0,
    });
  evidence = await signedNow(ledger);
});
afterAll(end);

class RolledBack extends Error {
  constructor(readonly verdict: AuditVerdict) {
    super('rolled back');
  }
}

/** What the verification says of the database as `change` leaves it; then it is as it was. */
async function judged(change: (sql: Sql, entries: ChainedEntry[]) => Promise<unknown>, given: Evidence = evidence): Promise<AuditVerdict> {
  try {
    return await ledger.database.transaction(async (sql): Promise<AuditVerdict> => {
      const entries: ChainedEntry[] = [];
      for await (const entry of entriesOf(sql)) entries.push(entry);
      await change(sql, entries);
      throw new RolledBack(await verifyAudit(sql, ledger.id, given));
    });
  } catch (error) {
    if (error instanceof RolledBack) return error.verdict;
    throw error;
  }
}

type Draw = (below: number) => number;

/** mulberry32: a failure names the seed. */
function drawing(seed: number): Draw {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const flipped = (text: string | null, draw: Draw): string | null => {
  if (text === null || text === '') return 'x';
  const at = draw(text.length);
  return [null, `${text}x`, text.slice(0, -1), `${text.slice(0, at)}${text[at] === 'a' ? 'b' : 'a'}${text.slice(at + 1)}`][draw(4)] ?? null;
};

/** Puts rows in place of all that are there. */
async function rewrite(sql: Sql, entries: readonly ChainedEntry[]): Promise<void> {
  await sql.run('DELETE FROM audit');
  for (const { id, run_id, at, actor, verified, action, detail, hash } of entries)
    await sql.run('INSERT INTO audit (id, run_id, at, actor, verified, action, detail, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)', [
      ...[id, run_id, at, actor, verified, action, detail, hash],
    ]);
}

/** Numbers and hashes as they would be, had these been written: what whoever can write the database can do. */
function chained(entries: readonly ChainedEntry[]): ChainedEntry[] {
  let before = chainStart(ledger.id);
  return entries.map((entry, index) => {
    const { hash: _old, ...stored } = { ...entry, id: index + 1 };
    before = hashOf(before, stored);
    return { ...stored, hash: before };
  });
}

/** Each is one change of the database; the number is the entry that has to be named, where only one is right. */
const KINDS: Record<string, (sql: Sql, entries: ChainedEntry[], draw: Draw) => Promise<number | undefined>> = {
  async 'a column is changed'(sql, entries, draw) {
    const entry = entries[draw(entries.length)] as ChainedEntry;
    const column = (['run_id', 'at', 'actor', 'verified', 'action', 'detail', 'hash'] as const)[draw(7)] ?? 'at';
    const value =
      column === 'at' ? entry.at + 1 + draw(1_000_000) : column === 'verified' ? 1 - entry.verified : flipped(entry[column], draw);
    await sql.run(`UPDATE audit SET ${column} = ? WHERE id = ?`, [column === 'action' ? (value ?? 'x') : value, entry.id]);
    return entry.id;
  },
  async 'a number is changed'(sql, entries, draw) {
    const entry = entries[draw(entries.length)] as ChainedEntry;
    await sql.run('UPDATE audit SET id = ? WHERE id = ?', [[-draw(100), ENTRIES + 1 + draw(100)][draw(2)], entry.id]);
    return undefined;
  },
  async 'entries are removed'(sql, entries, draw) {
    const from = draw(entries.length) + 1;
    await sql.run('DELETE FROM audit WHERE id BETWEEN ? AND ?', [from, from + draw(3)]);
    return from;
  },
  async 'entries are taken off the end'(sql, entries, draw) {
    const from = entries.length - draw(entries.length);
    await sql.run('DELETE FROM audit WHERE id >= ?', [from]);
    return from;
  },
  async 'an entry is put in'(sql, entries, draw) {
    const entry = entries[draw(entries.length)] as ChainedEntry;
    const id = [-draw(10), ENTRIES + 1 + draw(10)][draw(2)] as number;
    await rewrite(sql, [...entries, { ...entry, id }]);
    return undefined;
  },
  async 'two entries change places'(sql, entries, draw) {
    const [one, other] = [draw(entries.length), draw(entries.length - 1)];
    const second = other >= one ? other + 1 : other;
    const ids = entries.map(({ id }) => id);
    const moved = [...entries];
    [moved[one], moved[second]] = [moved[second] as ChainedEntry, moved[one] as ChainedEntry];
    await rewrite(
      sql,
      moved.map((entry, index) => ({ ...entry, id: ids[index] as number })),
    );
    return Math.min(one, second) + 1;
  },
  async 'an entry is changed and the chain behind it rewritten'(sql, entries, draw) {
    const at = draw(entries.length);
    await rewrite(sql, chained(entries.map((entry, index) => (index === at ? { ...entry, actor: 'somebody else' } : entry))));
    return undefined;
  },
  async 'an entry is removed and the chain behind it rewritten'(sql, entries, draw) {
    const at = draw(entries.length);
    await rewrite(sql, chained(entries.filter((_, index) => index !== at)));
    return undefined;
  },
  async 'an entry is put in and the chain behind it rewritten'(sql, entries, draw) {
    const at = draw(entries.length);
    await rewrite(sql, chained([...entries.slice(0, at), { ...(entries[at] as ChainedEntry), actor: 'nobody' }, ...entries.slice(at)]));
    return undefined;
  },
};

describe('the verification of the audit log', () => {
  test('finds nothing where nothing was changed', async () => {
    expect(await judged(async () => undefined)).toEqual({
      ...{ entries: ENTRIES, checkpoints: 1, signedTo: ENTRIES, signedAt: '2026-08-22T10:00:00.000Z' },
    });
  });

  test(`finds each of ${CHANGES} random changes of the database, and names the first entry`, async () => {
    const kinds = Object.entries(KINDS);
    const missed: string[] = [];
    for (let seed = 1; seed <= CHANGES; seed += 1) {
      const draw = drawing(seed);
      const [name, change] = kinds[draw(kinds.length)] as (typeof kinds)[number];
      let expected: number | undefined;
      const { broken } = await judged(async (sql, entries) => {
        expected = await change(sql, entries, draw);
      });
      if (!broken || (expected !== undefined && broken.entry !== expected))
        missed.push(`seed ${seed}, ${name}: expected ${expected}, found ${JSON.stringify(broken)}`);
    }
    expect(missed).toEqual([]);
  });

  test('cannot see what is rewritten behind the last checkpoint, and says how far that reaches', async () => {
    const early = { ...evidence, checkpoints: [await checkpointAt(40)] };
    const rewritten = await judged(
      async (sql, entries) => rewrite(sql, chained(entries.map((entry) => (entry.id === 50 ? { ...entry, actor: 'x' } : entry)))),
      early,
    );
    expect(rewritten).toMatchObject({ signedTo: 40, entries: ENTRIES });
    expect(rewritten.broken).toBeUndefined();
  });

  test('takes no checkpoint of another key, ledger or hand, nor a line that is none', async () => {
    const [signed] = evidence.checkpoints;
    if (!signed) throw new Error('no checkpoint');
    const stranger = generateKeyPairSync('ed25519').privateKey;
    const said = { ledger: ledger.id, entry: signed.entry, hash: signed.hash, at: signed.at };
    const lines = {
      'is signed with key ': { ...signCheckpoint(said, stranger), line: 1 },
      'has a wrong signature': { ...signed, entry: 3 },
      'is of another ledger': { ...signCheckpoint({ ...said, ledger: 'other' }, AUDIT_KEY), line: 1 },
    };
    for (const [why, line] of Object.entries(lines))
      expect((await judged(async () => undefined, { ...evidence, checkpoints: [signed, line] })).broken?.why).toContain(why);
    expect((await judged(async () => undefined, { ...evidence, malformed: [2] })).broken?.why).toBe(
      'line 2 of the checkpoints is no checkpoint',
    );
    expect((await judged(async () => undefined, { ...evidence, checkpoints: [] })).broken?.why).toContain('there is no signed checkpoint');
  });
});

async function checkpointAt(entry: number): Promise<Evidence['checkpoints'][number]> {
  const row = await ledger.database.first<{ hash: string }>('SELECT hash FROM audit WHERE id = ?', [entry]);
  return { ...signCheckpoint({ ledger: ledger.id, entry, hash: row?.hash ?? '', at: '2026-08-22T09:00:00.000Z' }, AUDIT_KEY), line: 1 };
}

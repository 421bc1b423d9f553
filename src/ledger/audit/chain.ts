// The audit log as a chain: each entry has a hash over itself and the hash of the entry before it, so none can be changed, removed, put in
// or moved without another hash behind it. Whoever can compute hashes can rewrite the chain: checkpoint.ts is against that.
import { createHash } from 'node:crypto';
import { type Sql, storableText } from '../sql/database.js';

/** One entry, as it is stored. */
export interface StoredEntry {
  id: number;
  run_id: string | null;
  at: number;
  actor: string | null;
  verified: number;
  action: string;
  detail: string | null;
}

export type ChainedEntry = StoredEntry & { hash: string | null };

export const COLUMNS = 'id, run_id, at, actor, verified, action, detail, hash';

/** What the first entry follows: no chain of another ledger can be put in this one's place. */
export function chainStart(ledgerId: string): string {
  return sha256(`overhaul audit chain 1\n${ledgerId}`);
}

/** `before` is the hash of the entry before. */
export function hashOf(before: string, { id, run_id, at, actor, verified, action, detail }: StoredEntry): string {
  return sha256(`${before}\n${JSON.stringify([id, run_id, at, actor, verified, action, detail])}`);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export interface NewEntry {
  at: number;
  actor?: string | undefined;
  verified?: boolean | undefined;
  action: string;
  detail?: string | undefined;
}

const LAST = 'SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1';
const INSERT = `INSERT INTO audit (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;

/**
 * Within the transaction of what the entry tells of: it is there with it, or not at all, and costs no commit of its own. Two that append at
 * once would take the same number, which only one of them gets.
 */
export async function appendEntry(sql: Sql, runId: string | undefined, entry: NewEntry): Promise<void> {
  const last = await headOf(sql);
  const stored: StoredEntry = {
    id: last.id + 1,
    run_id: textOf(runId),
    at: entry.at,
    actor: textOf(entry.actor),
    verified: entry.verified ? 1 : 0,
    action: storableText(entry.action),
    detail: textOf(entry.detail),
  };
  const { id, run_id, at, actor, verified, action, detail } = stored;
  await sql.run(INSERT, [id, run_id, at, actor, verified, action, detail, hashOf(last.hash, stored)]);
}

/** The hash is over what is read back, not over what was given. */
function textOf(text: string | undefined): string | null {
  return text === undefined ? null : storableText(text);
}

/** The newest entry, or the start of the chain with number 0. */
export async function headOf(sql: Pick<Sql, 'first'>): Promise<{ id: number; hash: string }> {
  const last = await sql.first<{ id: number; hash: string | null }>(LAST);
  // One without a hash is of a build that knew no chain, and wrote while this one did: the verification names it.
  if (last) return { id: last.id, hash: last.hash ?? '' };
  const ledger = await sql.first<{ id: string }>('SELECT id FROM ledger');
  return { id: 0, hash: chainStart(ledger?.id ?? '') };
}

const PAGE = 1_000;
const NEXT = `SELECT ${COLUMNS} FROM audit WHERE id > ? ORDER BY id LIMIT ${PAGE}`;

export async function* entriesOf(sql: Pick<Sql, 'all'>): AsyncGenerator<ChainedEntry> {
  // None has a number below 1, unless somebody put it in.
  for (let after = Number.MIN_SAFE_INTEGER, size = PAGE; size === PAGE; ) {
    const page = await sql.all<ChainedEntry>(NEXT, [after]);
    yield* page;
    size = page.length;
    after = page.at(-1)?.id ?? after;
  }
}

/** What the entries of a ledger get that was written before there was a chain. It says that they are as the migration found them. */
export const CHAINED = 'audit-chained';

/** In the transaction of the migration: from here on no entry can be changed unseen, the earlier ones among them. */
export async function chainEarlierEntries(sql: Sql, ledgerId: string): Promise<void> {
  let before = chainStart(ledgerId);
  let entries = 0;
  for await (const { hash: _none, ...entry } of entriesOf(sql)) {
    before = hashOf(before, entry);
    await sql.run('UPDATE audit SET hash = ? WHERE id = ?', [before, entry.id]);
    entries += 1;
  }
  if (entries === 0) return;
  const detail = `the ${entries} entries before this one are as they were found when the chain began; their digest is ${before}`;
  await appendEntry(sql, undefined, { at: await sql.now(), action: CHAINED, detail });
}

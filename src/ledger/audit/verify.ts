// Whether the audit log is whole: its chain, and what signed checkpoints say it was.
import type { KeyObject } from 'node:crypto';
import { wellFormed } from '../../domain/basics/well-formed.js';
import type { Sql } from '../sql/database.js';
import { type ChainedEntry, chainStart, entriesOf, hashOf } from './chain.js';
import { type CheckpointLines, isSignedBy, keyId } from './checkpoint.js';

/** The first thing that is not as it was written. */
export interface Broken {
  /** The entry's number; undefined where it is a checkpoint that is wrong. */
  entry?: number;
  why: string;
}

export interface AuditVerdict {
  entries: number;
  /** Valid ones, and what they cover: later entries can be taken off the end unseen. */
  checkpoints: number;
  signedTo: number;
  signedAt?: string;
  broken?: Broken;
}

export interface Evidence extends CheckpointLines {
  /** Public keys, or private ones: whose signatures count. */
  keys: readonly KeyObject[];
}

export async function verifyAudit(sql: Pick<Sql, 'all'>, ledgerId: string, evidence: Evidence): Promise<AuditVerdict> {
  const { trusted, problem } = trustedCheckpoints(ledgerId, evidence);
  const signed = new Map<number, string[]>();
  for (const { entry, hash } of trusted) signed.set(entry, [...(signed.get(entry) ?? []), hash]);
  let hash = chainStart(ledgerId);
  let entries = 0;
  let last = 0;
  let broken = notAsSigned(signed, last, hash);
  for await (const entry of entriesOf(sql)) {
    if (!broken) {
      broken = notAfter(entry, hash, last);
      hash = entry.hash ?? '';
      broken ??= notAsSigned(signed, entry.id, hash);
    }
    entries += 1;
    last = entry.id;
  }
  const furthest = trusted.reduce((most, checkpoint) => (checkpoint.entry >= most.entry ? checkpoint : most), NOTHING_SIGNED);
  broken ??= missingAtEnd(last, furthest);
  broken ??= problem ?? (trusted.length === 0 && entries > 0 ? NOTHING_SAYS : undefined);
  return {
    ...{ entries, checkpoints: trusted.length, signedTo: furthest.entry },
    ...(furthest.at === '' ? {} : { signedAt: furthest.at }),
    ...(broken ? { broken } : {}),
  };
}

const NOTHING_SIGNED = { entry: 0, at: '' };

const NOTHING_SAYS: Broken = {
  why: 'there is no signed checkpoint, so entries could be missing at the end: they were removed, or no worker has run since the log began',
};

function notAfter(entry: ChainedEntry, before: string, last: number): Broken | undefined {
  const { hash, ...stored } = entry;
  if (hash === hashOf(before, stored)) return undefined;
  if (entry.id > last + 1) {
    const missing = entry.id === last + 2 ? `entry ${last + 1} is missing` : `entries ${last + 1} to ${entry.id - 1} are missing`;
    return { entry: last + 1, why: missing };
  }
  const what = [entry.action, ...(entry.run_id === null ? [] : [`of ${entry.run_id}`])].join(' ');
  return {
    entry: entry.id,
    why: `entry ${entry.id} (${wellFormed(String(what))}) is not what was written behind entry ${last}: one of them was changed, put in or moved`,
  };
}

function notAsSigned(signed: ReadonlyMap<number, readonly string[]>, id: number, hash: string): Broken | undefined {
  if ((signed.get(id) ?? []).every((expected) => expected === hash)) return undefined;
  return {
    entry: id,
    why: `entry ${id} or one before it is not the one that was signed: the chain was rewritten from an earlier entry on`,
  };
}

function missingAtEnd(last: number, { entry, at }: { entry: number; at: string }): Broken | undefined {
  if (entry <= last) return undefined;
  const which = entry === last + 1 ? `entry ${entry} is missing` : `entries ${last + 1} to ${entry} are missing`;
  return { entry: last + 1, why: `${which} at the end: they were there when a checkpoint was signed at ${at}` };
}

/** Those of this ledger with a signature that counts. One without is as good as none, and worse: somebody wrote it. */
function trustedCheckpoints(ledgerId: string, { checkpoints, malformed, keys }: Evidence) {
  const byId = new Map(keys.map((key) => [keyId(key), key]));
  const problems = malformed.map((line) => ({ line, why: 'is no checkpoint' }));
  const trusted = checkpoints.filter((checkpoint) => {
    const key = byId.get(checkpoint.key);
    const why = !key
      ? `is signed with key ${checkpoint.key}, which was not given (--public-key)`
      : !isSignedBy(checkpoint, key)
        ? 'has a wrong signature'
        : checkpoint.ledger !== ledgerId
          ? `is of another ledger (${checkpoint.ledger})`
          : undefined;
    if (why !== undefined) problems.push({ line: checkpoint.line, why });
    return why === undefined;
  });
  const [first] = problems.sort((one, other) => one.line - other.line);
  const problem: Broken | undefined = first && { why: `line ${first.line} of the checkpoints ${first.why}` };
  return { trusted, problem };
}

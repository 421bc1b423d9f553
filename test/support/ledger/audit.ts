// What a verification of the audit log needs: a key, and a checkpoint of how the log ends.
import { generateKeyPairSync } from 'node:crypto';
import { headOf } from '../../../src/ledger/audit/chain.js';
import { signCheckpoint } from '../../../src/ledger/audit/checkpoint.js';
import type { Evidence } from '../../../src/ledger/audit/verify.js';
import type { Ledger } from '../../../src/ledger/index.js';

export const AUDIT_KEY = generateKeyPairSync('ed25519').privateKey;

export async function signedNow({ id, database }: Pick<Ledger, 'id' | 'database'>): Promise<Evidence> {
  const { id: entry, hash } = await headOf(database);
  const checkpoint = signCheckpoint({ ledger: id, entry, hash, at: '2026-08-22T10:00:00.000Z' }, AUDIT_KEY);
  return { keys: [AUDIT_KEY], checkpoints: [{ ...checkpoint, line: 1 }], malformed: [] };
}

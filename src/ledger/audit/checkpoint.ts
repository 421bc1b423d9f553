// A signed word of what the audit log ended with at a time. It is kept outside of the database, so that entries cannot be taken off the
// end, nor the chain be rewritten, by whoever has no more than the database.
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { z } from 'zod';

export interface Checkpoint {
  ledger: string;
  /** The newest entry, and its hash; 0 of an empty log. */
  entry: number;
  hash: string;
  at: string;
  /** Which key it was signed with. */
  key: string;
  signature: string;
}

const CheckpointSchema = z.strictObject({
  ledger: z.string(),
  entry: z.number().int().nonnegative(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  at: z.iso.datetime(),
  key: z.string(),
  signature: z.base64(),
});

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

export function newAuditKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
}

/** Names a key: the beginning of the SHA-256 of its public part. */
export function keyId(key: KeyObject): string {
  const der = publicOf(key).export({ format: 'der', type: 'spki' });
  return createHash('sha256').update(der).digest('hex').slice(0, 16);
}

export function publicOf(key: KeyObject): KeyObject {
  return key.type === 'private' ? createPublicKey(key) : key;
}

export function signCheckpoint(said: Omit<Checkpoint, 'key' | 'signature'>, key: KeyObject): Checkpoint {
  const unsigned = { ...said, key: keyId(key) };
  return { ...unsigned, signature: sign(null, signedBytes(unsigned), key).toString('base64') };
}

export function isSignedBy(checkpoint: Checkpoint, key: KeyObject): boolean {
  return verify(null, signedBytes(checkpoint), publicOf(key), Buffer.from(checkpoint.signature, 'base64'));
}

function signedBytes({ ledger, entry, hash, at, key }: Omit<Checkpoint, 'signature'>): Buffer {
  return Buffer.from(['overhaul audit checkpoint 1', ledger, entry, hash, at, key].join('\n'));
}

export interface CheckpointLines {
  checkpoints: (Checkpoint & { line: number })[];
  /** Lines that are none. What a power cut left of the last one is not among them: a line that ends nowhere. */
  malformed: number[];
}

export function parseCheckpoints(text: string): CheckpointLines {
  const lines = text.split('\n').slice(0, -1);
  const found: CheckpointLines = { checkpoints: [], malformed: [] };
  for (const [index, line] of lines.entries()) {
    const parsed = CheckpointSchema.safeParse(attempt(() => JSON.parse(line)));
    if (parsed.success) found.checkpoints.push({ ...parsed.data, line: index + 1 });
    else found.malformed.push(index + 1);
  }
  return found;
}

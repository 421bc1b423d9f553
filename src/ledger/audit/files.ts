// The two files beside a ledger that its audit log needs: the key that signs checkpoints, and the checkpoints.

import type { KeyObject } from 'node:crypto';
import { chmodSync, closeSync, existsSync, linkSync, openSync, readFileSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { parseAuditKey, parsePublicKey } from '../../contracts/config/audit-key.js';
import type { Secret } from '../../contracts/config/secret.js';
import { fileErrorCode } from '../../contracts/config/secret-ref.js';
import { type Checkpoint, newAuditKey } from './checkpoint.js';

export interface AuditFiles {
  key: string;
  checkpoints: string;
}

export function auditFilesOf(ledgerPath: string): AuditFiles {
  return { key: `${ledgerPath}.audit-key`, checkpoints: `${ledgerPath}.audit-checkpoints` };
}

/** `OVERHAUL_AUDIT_KEY`, as it is now, else the key beside the ledger, which the first who needs it makes. */
export function auditKeyOf(configured: Secret | undefined, ledgerPath: string): KeyObject {
  if (configured) return parseAuditKey(configured.get());
  const { key } = auditFilesOf(ledgerPath);
  if (!existsSync(key)) createKey(key);
  return readKey(key);
}

/** Of whoever only verifies: a file with a public key, or with a private one. Throws a sentence. */
export function publicKeyIn(file: string): KeyObject {
  return named(file, () => parsePublicKey(readFileSync(file, 'utf8')));
}

function readKey(file: string): KeyObject {
  return named(file, () => {
    // Whoever can read it can sign: the ledger's own file is no more open than this.
    if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) throw new Error('can be read by others: chmod 600');
    return parseAuditKey(readFileSync(file, 'utf8'));
  });
}

function named<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const why = error instanceof Error && !('code' in error) ? error.message : `cannot be read (${fileErrorCode(error)})`;
    throw new Error(`the audit key ${file} ${why}`);
  }
}

/** Two processes may start at once: a link appears whole, and only one of them makes it. */
function createKey(file: string): void {
  const draft = `${file}.${process.pid}`;
  const handle = openSync(draft, 'w', 0o600);
  try {
    chmodSync(draft, 0o600);
    writeSync(handle, newAuditKey());
  } finally {
    closeSync(handle);
  }
  try {
    linkSync(draft, file);
  } catch (error) {
    if (fileErrorCode(error) !== 'EEXIST') throw error;
  } finally {
    unlinkSync(draft);
  }
}

const LONGEST_LINE = 1_024;

/** The last line, if it is a whole one: another process may have signed the same. */
export async function lastCheckpointLine(file: string): Promise<string | undefined> {
  if (!existsSync(file)) return undefined;
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.min(size, LONGEST_LINE)), 0, null, Math.max(0, size - LONGEST_LINE));
    const tail = buffer.toString('utf8', 0, bytesRead);
    return tail.endsWith('\n') ? tail.slice(0, -1).split('\n').at(-1) : undefined;
  } finally {
    await handle.close();
  }
}

/** On the disk when this resolves. What a power cut left of a line before it is ended, so that it spoils no other. */
export async function appendCheckpoint(file: string, checkpoint: Checkpoint): Promise<void> {
  const isNew = !existsSync(file);
  const handle = await open(file, 'a+', 0o600);
  try {
    const { size } = await handle.stat();
    if (!isNew && size > 0) await cutTorn(handle, size);
    await handle.write(`${JSON.stringify(checkpoint)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

type Handle = Awaited<ReturnType<typeof open>>;

async function cutTorn(handle: Handle, size: number): Promise<void> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.min(size, LONGEST_LINE)), 0, null, Math.max(0, size - LONGEST_LINE));
  const tail = buffer.toString('utf8', 0, bytesRead);
  if (tail.endsWith('\n')) return;
  await handle.truncate(size - Buffer.byteLength(tail.slice(tail.lastIndexOf('\n') + 1)));
}

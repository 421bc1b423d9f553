// The key that signs checkpoints of the audit log (OVERHAUL_AUDIT_KEY), and its public part.
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

/** Throws a sentence that repeats nothing of it. */
export function parseAuditKey(text: string): KeyObject {
  const key = parsed(() => createPrivateKey(text.replaceAll('\\n', '\n')));
  if (key?.asymmetricKeyType !== 'ed25519') throw new Error('must be an Ed25519 private key in PEM (openssl genpkey -algorithm ed25519)');
  return key;
}

/** A public key, or the public part of a private one. */
export function parsePublicKey(text: string): KeyObject {
  const key = parsed(() => createPublicKey(text));
  if (key?.asymmetricKeyType !== 'ed25519') throw new Error('must be an Ed25519 public key in PEM (openssl pkey -pubout)');
  return key;
}

function parsed(read: () => KeyObject): KeyObject | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

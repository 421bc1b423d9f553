// OVERHAUL_ENCRYPTION_KEYS: the ring of keys for payloads in workflow history.

export interface EncryptionKey {
  id: string;
  /** 32 bytes, for AES-256-GCM. */
  key: Buffer;
}

const KEY_BYTES = 32;

/** `id:base64key[,id:base64key…]`. The first encrypts, all decrypt. Throws a sentence that repeats no key. */
export function parseEncryptionKeys(text: string): [EncryptionKey, ...EncryptionKey[]] {
  const [first, ...more] = text.split(',').map((entry, index) => parseEntry(entry.trim(), index + 1));
  if (!first) throw new Error('must be id:base64key[,id:base64key…]');
  const ids = [first, ...more].map(({ id }) => id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw new Error(`has the key id ${twice} twice: give each key its own id`);
  return [first, ...more];
}

function parseEntry(entry: string, position: number): EncryptionKey {
  const match = /^([A-Za-z0-9._-]{1,64}):([A-Za-z0-9+/_-]+={0,2})$/.exec(entry);
  if (!match?.[1] || !match[2]) throw new Error(`must be id:base64key[,id:base64key…]; entry ${position} is invalid`);
  const key = Buffer.from(match[2], 'base64');
  if (key.length !== KEY_BYTES) {
    throw new Error(`has a key of ${key.length} bytes under the id ${match[1]}; it needs ${KEY_BYTES} (openssl rand -base64 ${KEY_BYTES})`);
  }
  return { id: match[1], key };
}

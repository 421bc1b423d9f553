// Encryption of payloads in workflow history, AES-256-GCM. Workflow ids, types, memo keys and error messages stay readable: Temporal needs
// them.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { type DataConverter, METADATA_ENCODING_KEY, type Payload, type PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { type EncryptionKey, parseEncryptionKeys } from '../contracts/config/encryption-keys.js';
import type { Secret } from '../contracts/config/secret.js';

const ENCODING = Buffer.from('binary/encrypted');
const KEY_ID = 'encryption-key-id';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

/** For `Client` and `Worker`; undefined without keys, which leaves Temporal's own converter in place. */
export function dataConverterOf(keys: Secret | undefined): DataConverter | undefined {
  return keys && { payloadCodecs: [encryptingCodec(keys)] };
}

/**
 * The first key of the ring encrypts, all decrypt, and the ring is read again at each use. Payloads that are not encrypted pass: the
 * `temporal` command line sends them.
 */
export function encryptingCodec(keys: Secret): PayloadCodec {
  return {
    encode: async (payloads) => {
      const [key] = parseEncryptionKeys(keys.get());
      return payloads.map((payload) => encrypt(payload, key));
    },
    decode: async (payloads) => {
      const ring = parseEncryptionKeys(keys.get());
      return payloads.map((payload) => (isEncrypted(payload) ? decrypt(payload, ring) : payload));
    },
  };
}

function encrypt(payload: Payload, { id, key }: EncryptionKey): Payload {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  const sealed = Buffer.concat([cipher.update(PayloadMessage.encode(payload).finish()), cipher.final()]);
  return {
    metadata: { [METADATA_ENCODING_KEY]: ENCODING, [KEY_ID]: Buffer.from(id) },
    data: Buffer.concat([iv, sealed, cipher.getAuthTag()]),
  };
}

function decrypt(payload: Payload, ring: readonly EncryptionKey[]): Payload {
  const id = Buffer.from(payload.metadata?.[KEY_ID] ?? []).toString();
  const key = ring.find((candidate) => candidate.id === id)?.key;
  if (!key)
    throw new Error(`A payload is encrypted with the key ${JSON.stringify(id)}, which is not in OVERHAUL_ENCRYPTION_KEYS: add it there.`);
  const data = Buffer.from(payload.data ?? []);
  const decipher = createDecipheriv('aes-256-gcm', key, data.subarray(0, IV_BYTES));
  decipher.setAuthTag(data.subarray(-TAG_BYTES));
  return PayloadMessage.decode(Buffer.concat([decipher.update(data.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]));
}

function isEncrypted(payload: Payload): boolean {
  return Buffer.from(payload.metadata?.[METADATA_ENCODING_KEY] ?? []).equals(ENCODING);
}

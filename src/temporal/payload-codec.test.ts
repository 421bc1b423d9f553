import { describe, expect, test } from '@jest/globals';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { Secret } from '../contracts/config/secret.js';
import { encryptingCodec } from './payload-codec.js';

const OLD = `old:${Buffer.alloc(32, 1).toString('base64')}`;
const NEW = `new:${Buffer.alloc(32, 2).toString('base64')}`;
const codec = (...keys: string[]) => encryptingCodec(Secret.ofText('OVERHAUL_ENCRYPTION_KEYS', keys.join(',')));
const plain = (): Payload[] => [defaultPayloadConverter.toPayload({ script: 72648 })];
const decoded = ([payload]: Payload[]) => payload && defaultPayloadConverter.fromPayload(payload);

describe('payload encryption', () => {
  test('brings back what it encrypted, and shows none of it in between', async () => {
    const encrypted = await codec(NEW).encode(plain());
    expect(Buffer.from(encrypted[0]?.data ?? []).toString()).not.toContain('72648');
    expect(decoded(await codec(NEW).decode(encrypted))).toEqual({ script: 72648 });
  });

  test('encrypts with the first key and decrypts with any, so that keys can rotate', async () => {
    const before = await codec(OLD).encode(plain());
    const after = await codec(NEW, OLD).encode(plain());
    expect(decoded(await codec(NEW, OLD).decode(before))).toEqual({ script: 72648 });
    expect(decoded(await codec(NEW).decode(after))).toEqual({ script: 72648 });
  });

  test('names the key that is missing', async () => {
    const before = await codec(OLD).encode(plain());
    await expect(codec(NEW).decode(before)).rejects.toThrow(
      'A payload is encrypted with the key "old", which is not in OVERHAUL_ENCRYPTION_KEYS: add it there.',
    );
  });

  test('refuses a payload that was changed on its way', async () => {
    const [payload] = await codec(NEW).encode(plain());
    const data = Buffer.from(payload?.data ?? []);
    data.writeUInt8(data.readUInt8(20) ^ 1, 20);
    await expect(codec(NEW).decode([{ ...payload, data }])).rejects.toThrow();
  });

  test('lets a payload pass that was never encrypted', async () => {
    expect(decoded(await codec(NEW).decode(plain()))).toEqual({ script: 72648 });
  });
});

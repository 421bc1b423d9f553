import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { configOf, ticketServer } from '../../../test/support/ticket-server.js';
import { createApp } from '../app.js';
import { MINIMAL_TLS, readKeyPair, tlsProblems, watchKeyPair } from './tls.js';

const PAIRS = join(import.meta.dirname, '../../../test/support/tls');

let folder: string;
let files: { certificate: string; key: string };
const put = (certificate: string, key = certificate): void => {
  copyFileSync(join(PAIRS, `${certificate}.pem`), files.certificate);
  copyFileSync(join(PAIRS, `${key}.key`), files.key);
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tls-'));
  files = { certificate: join(folder, 'tls.pem'), key: join(folder, 'tls.key') };
  put('one');
});
afterEach(() => rm(folder, { recursive: true }));

/** The name on the certificate that the server shows. */
async function shownAt(port: number, maxVersion: 'TLSv1.1' | 'TLSv1.3' = 'TLSv1.3'): Promise<string | undefined> {
  const socket = connect({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    minVersion: 'TLSv1.1',
    maxVersion,
    ciphers: 'DEFAULT:@SECLEVEL=0',
  });
  await once(socket, 'secureConnect');
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return Array.isArray(subject.CN) ? subject.CN[0] : subject.CN;
}

/** Resolves with the next message of the watch. */
function listening() {
  let heard: (text: string) => void = () => undefined;
  const logger = { info: (_: object, text: string) => heard(text), error: (_: object, text: string) => heard(text) };
  const next = (): Promise<string> =>
    new Promise((resolve) => {
      heard = resolve;
    });
  return { logger, next };
}

describe('TLS by files', () => {
  test('serves with the certificate as it is, takes a new pair in without a restart, and no half of one', async () => {
    const plain = ticketServer({ config: '', env: {}, now: new Date() });
    const app = createApp({ ...plain.deps, tls: readKeyPair(files) });
    const { logger, next } = listening();
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = app.server.address() as AddressInfo;
    const stop = watchKeyPair({
      files,
      logger,
      everyMs: 5,
      take: (pair) =>
        (app.server as unknown as { setSecureContext(pair: object): void }).setSecureContext({ ...pair, minVersion: MINIMAL_TLS }),
    });
    try {
      expect(await shownAt(port)).toBe('one');
      await expect(shownAt(port, 'TLSv1.1')).rejects.toThrow();
      let told = next();
      put('two', 'one');
      expect(await told).toBe('the changed certificate cannot be used; the one before serves');
      expect(await shownAt(port)).toBe('one');
      told = next();
      put('two');
      expect(await told).toBe('loaded the changed certificate');
      expect(await shownAt(port)).toBe('two');
    } finally {
      stop();
      await app.close();
    }
  });

  test('is refused at start where the files cannot be read or do not belong together', async () => {
    const config = configOf(`server: { tls: { certificate: ${files.certificate}, key: ${files.key} } }`);
    expect(tlsProblems(config)).toEqual([]);
    put('one', 'two');
    expect(tlsProblems(config)).toEqual([{ path: 'server.tls', problem: expect.stringContaining('are no certificate and its key') }]);
    await writeFile(files.key, '');
    expect(tlsProblems(config)).toHaveLength(1);
    await rm(files.certificate);
    expect(tlsProblems(config)).toEqual([{ path: 'server.tls', problem: `cannot read ${files.certificate} (ENOENT)` }]);
  });
});

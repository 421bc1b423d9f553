// The server's certificate, by files that are read again when they change. Where a proxy ends TLS, there is none.
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Config } from '../../contracts/config/file.js';
import { fileErrorCode } from '../../contracts/config/secret-ref.js';
import type { Problem } from '../../contracts/problems.js';

type TlsFiles = NonNullable<Config['server']['tls']>;

export interface TlsKeyPair {
  cert: Buffer;
  key: Buffer;
}

export const MINIMAL_TLS = 'TLSv1.2';

/** Throws a sentence where they cannot be read or do not belong together. */
export function readKeyPair({ certificate, key }: TlsFiles): TlsKeyPair {
  const pair = { cert: contentOf(certificate), key: contentOf(key) };
  try {
    createSecureContext({ ...pair, minVersion: MINIMAL_TLS });
  } catch (error) {
    throw new Error(`${certificate} and ${key} are no certificate and its key (${fileErrorCode(error)})`);
  }
  return pair;
}

export function tlsProblems(config: Config): Problem[] {
  if (!config.server.tls) return [];
  try {
    readKeyPair(config.server.tls);
    return [];
  } catch (error) {
    return [{ path: 'server.tls', problem: error instanceof Error ? error.message : String(error) }];
  }
}

function contentOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new Error(`cannot read ${file} (${fileErrorCode(error)})`);
  }
}

/** Changes with the files, through links as well: a mounted secret is switched by one. */
function versionOf({ certificate, key }: TlsFiles): string {
  return [certificate, key]
    .map((file) => {
      const stats = statSync(file, { throwIfNoEntry: false });
      return stats ? `${stats.ino}/${stats.size}/${stats.mtimeMs}` : 'none';
    })
    .join(' ');
}

const LOOK_EVERY_MS = 2_000;

interface Rotated {
  files: TlsFiles;
  take(pair: TlsKeyPair): void;
  logger: { info(fields: object, text: string): void; error(fields: object, text: string): void };
  everyMs?: number;
}

/** Takes a changed pair in. While the two do not fit, in the middle of a rotation, the one before serves. */
export function watchKeyPair({ files, take, logger, everyMs = LOOK_EVERY_MS }: Rotated): () => void {
  let taken = versionOf(files);
  let told: string | undefined;
  const timer = setInterval(() => {
    const version = versionOf(files);
    if (version === taken) return;
    try {
      take(readKeyPair(files));
      taken = version;
      logger.info({ certificate: files.certificate }, 'loaded the changed certificate');
    } catch (error) {
      if (told !== version)
        logger.error(
          { why: error instanceof Error ? error.message : String(error) },
          'the changed certificate cannot be used; the one before serves',
        );
      told = version;
    }
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}

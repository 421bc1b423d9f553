// OVERHAUL_DATABASE_URL: where the ledger is.
import { posix, win32 } from 'node:path';

/** What the place of the default ledger depends on. */
export interface Host {
  platform: NodeJS.Platform;
  homeDirectory: string;
  env: Readonly<Record<string, string | undefined>>;
}

export interface LedgerLocation {
  kind: 'sqlite';
  /** Path of the file; relative ones are relative to the working directory. */
  path: string;
}

/** `sqlite:` and a path. Throws a sentence that does not repeat the URL, which can hold a password. */
export function parseLedgerUrl(url: string): LedgerLocation {
  if (/^postgres(ql)?:/i.test(url)) {
    throw new Error('is a PostgreSQL URL, which is not supported yet: use sqlite: and the path of a file on a local disk');
  }
  const path = /^sqlite:(?:\/\/)?(.+)$/i.exec(url)?.[1];
  if (!path) throw new Error('must be sqlite: and the path of a file, such as sqlite:/var/lib/overhaul/ledger.db');
  if (path === ':memory:') throw new Error('must be a file: a ledger in memory would forget what was sent');
  return { kind: 'sqlite', path };
}

/** `<the user's data directory>/overhaul/ledger.db`, by the conventions of the system. */
export function defaultLedgerUrl(host: Host): string {
  return `sqlite:${(host.platform === 'win32' ? win32 : posix).join(dataDirectory(host), 'overhaul', 'ledger.db')}`;
}

function dataDirectory({ platform, homeDirectory, env }: Host): string {
  if (platform === 'win32') return env['LOCALAPPDATA'] || win32.join(homeDirectory, 'AppData', 'Local');
  // The XDG specification says that a relative path is to be ignored.
  if (env['XDG_DATA_HOME']?.startsWith('/')) return env['XDG_DATA_HOME'];
  return posix.join(homeDirectory, ...(platform === 'darwin' ? ['Library', 'Application Support'] : ['.local', 'share']));
}

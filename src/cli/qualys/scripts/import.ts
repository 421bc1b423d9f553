import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Invocation } from '../../invocation/context.js';
import { withQualys } from '../output/connection.js';
import { oneCommand } from '../output/walk.js';
import { onceOptions, writeFate } from './creation.js';

export function scriptsImportCommand(invocation: Invocation) {
  return oneCommand('import', 'create scripts from a file written by `scripts export`; repeating the command creates no duplicates')
    .argument('<file>', 'JSON array of scripts, or - for stdin')
    .action(async (file, options) => {
      const fate = await withQualys(invocation, options, async ({ qualys, signal }) => {
        const { importScriptsOnce } = await import('../../../qualys/create-once/import.js');
        return withFile(invocation, file, (path) =>
          importScriptsOnce(qualys, path, {
            ...onceOptions(invocation, { signal, maxWaitMs: options.wait }),
            shownAs: file === '-' ? 'stdin' : file,
          }),
        );
      });
      await writeFate(invocation, fate, options);
    });
}

/** Stdin goes through a file that only this user can read: the length of an upload is told before it begins. */
async function withFile<T>({ stdin }: Invocation, file: string, work: (path: string) => Promise<T>): Promise<T> {
  if (file !== '-') return work(file);
  const folder = await mkdtemp(join(tmpdir(), 'overhaul-import-'));
  try {
    const path = join(folder, 'scripts.json');
    await pipeline(Readable.from(stdin()), createWriteStream(path, { mode: 0o600 }));
    return await work(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

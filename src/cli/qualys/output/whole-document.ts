// A document that is written whole or not at all, also to a pipe: half a JSON array is no answer, and whoever reads it may not notice.
import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Bytes kept in memory; longer documents wait in a file of their own. */
const IN_MEMORY = 8 * 1024 * 1024;

/** The same text, of which nothing comes before the last chunk has. Throws what `chunks` throws. */
export async function* wholeDocument(chunks: AsyncIterable<string>, inMemory = IN_MEMORY): AsyncGenerator<string> {
  let held: string[] = [];
  let length = 0;
  let folder: string | undefined;
  let file: Awaited<ReturnType<typeof open>> | undefined;
  try {
    for await (const chunk of chunks) {
      held.push(chunk);
      length += chunk.length;
      if (length < inMemory) continue;
      folder ??= await mkdtemp(join(tmpdir(), 'overhaul-'));
      file ??= await open(join(folder, 'document.json'), 'wx', 0o600);
      await file.writeFile(held.join(''));
      held = [];
      length = 0;
    }
    if (folder !== undefined) yield* createReadStream(join(folder, 'document.json'), 'utf8') as AsyncIterable<string>;
    yield* held;
  } finally {
    await file?.close();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}

import { randomUUID } from 'node:crypto';
import { open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Writes a file that is there whole or not at all, readable by its owner only: a report names hosts and their weaknesses. */
export async function writeReportFile(path: string, chunks: AsyncIterable<string> | Iterable<string>): Promise<void> {
  if (await isDevice(path)) return writeThrough(path, chunks);
  // In the same directory, because a rename is atomic within one file system only.
  const unfinished = join(dirname(path), `.${basename(path)}.${randomUUID().slice(0, 8)}.part`);
  const file = await open(unfinished, 'wx', 0o600);
  try {
    for await (const chunk of chunks) await file.writeFile(chunk);
    await file.sync();
    await file.close();
    await rename(unfinished, path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** `/dev/stdout`, `/dev/null`, a named pipe: a rename would put a file in its place. */
async function isDevice(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && !found.isFile() && !found.isDirectory();
}

async function writeThrough(path: string, chunks: AsyncIterable<string> | Iterable<string>): Promise<void> {
  const device = await open(path, 'w');
  try {
    for await (const chunk of chunks) await device.writeFile(chunk);
  } finally {
    await device.close();
  }
}

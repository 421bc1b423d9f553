import { whyNotWritten } from '../../../domain/basics/file-failure.js';
import { writeReportFile } from '../../../reports/file.js';
import { CommandFailed, EXIT } from '../../invocation/context.js';

/** Writes a file that is there whole or not at all. What the chunks throw stays what it is. */
export async function toFile(path: string, chunks: AsyncIterable<string> | Iterable<string>): Promise<void> {
  try {
    await writeReportFile(path, chunks);
  } catch (error) {
    if (!isOfTheFileSystem(error)) throw error;
    throw new CommandFailed(EXIT.usage, `Cannot write ${path}: ${whyNotWritten(error)}`);
  }
}

function isOfTheFileSystem(error: unknown): error is NodeJS.ErrnoException {
  return typeof error === 'object' && error !== null && 'syscall' in error && 'code' in error;
}

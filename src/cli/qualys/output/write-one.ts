// One answer: as lines for people, or as one JSON document on stdout or in a file.
import { type Invocation, writeJson, writeLine } from '../../invocation/context.js';
import { type Line, painter } from '../../terminal/paint.js';
import { toFile } from './write-file.js';

export interface One {
  /** What JSON has. */
  value: unknown;
  /** What people read. */
  lines: readonly Line[];
  options: { out?: string | undefined };
}

export async function writeOne(invocation: Invocation, { value, lines, options }: One): Promise<void> {
  const { stdout, stderr, env, json } = invocation;
  if (options.out !== undefined) {
    await toFile(options.out, [`${JSON.stringify(value, null, 2)}\n`]);
    await writeLine(stderr, `Wrote ${options.out}`);
  } else if (json) await writeJson(stdout, value);
  else {
    const paint = painter(stdout, env);
    for (const line of lines) await writeLine(stdout, paint(line));
  }
}

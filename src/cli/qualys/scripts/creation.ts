// What `scripts import` and `scripts clone` say of the fate of what they asked for, and with which exit code they end.
import { spanText } from '../../../domain/clock/span.js';
import type { OnceFate, OnceOptions } from '../../../qualys/create-once/create.js';
import { CommandFailed, EXIT, type ExitCode, type Invocation, writeLine } from '../../invocation/context.js';
import { safeLine } from '../../terminal/text.js';
import { writeOne } from '../output/write-one.js';

/** Pauses that Ctrl-C ends, each told on stderr. */
export function onceOptions(invocation: Invocation, { signal, maxWaitMs }: { signal: AbortSignal; maxWaitMs: number }): OnceOptions {
  return {
    maxWaitMs,
    onPause: ({ message }) => writeLine(invocation.stderr, safeLine(message)),
    async pause(ms) {
      await invocation.pause(ms, signal);
      if (!signal.aborted) return;
      throw new CommandFailed(EXIT.interrupted, 'Interrupted. If you repeat the command, it checks what exists before it sends anything.');
    },
  };
}

export async function writeFate(invocation: Invocation, fate: OnceFate, options: { out?: string | undefined }): Promise<void> {
  const [exitCode, text] = wordsFor(fate);
  if (invocation.json || options.out !== undefined) await writeOne(invocation, { value: fate, lines: [], options });
  if (exitCode === EXIT.done && !invocation.json) await writeLine(invocation.stdout, safeLine(text));
  else if (exitCode !== EXIT.done) for (const line of text.split('\n')) await writeLine(invocation.stderr, safeLine(line));
  invocation.exitCode = exitCode;
}

export function wordsFor(fate: OnceFate): [ExitCode, string] {
  switch (fate.kind) {
    case 'created': {
      const { scriptIds } = fate;
      const isOne = scriptIds.length === 1;
      const how = fate.foundBy === 'search' ? ' The response was lost; title and content match.' : '';
      return [
        EXIT.done,
        `Created ${isOne ? 'script' : 'scripts'} ${scriptIds.join(', ')}. Review and approve ${isOne ? 'it' : 'them'} at Qualys before use.${how}`,
      ];
    }
    case 'exists':
      return fate.isAll ? [EXIT.done, `Already exists. ${fate.message}`] : [EXIT.notSucceeded, `${fate.message}. Nothing was created.`];
    case 'not-created':
    case 'unverified':
      return [EXIT.notSucceeded, fate.message];
    case 'quota':
      return [EXIT.notSucceeded, `The subscription's script limit is reached: ${fate.message}`];
    case 'rejected':
      return [EXIT.usage, fate.message];
    case 'refused':
      return [
        EXIT.unreachable,
        `Not sent: ${fate.message}. Try again${fate.waitMs === undefined ? ' later' : ` in ${spanText(fate.waitMs)}, or allow longer waits with --wait`}.`,
      ];
  }
}

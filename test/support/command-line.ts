import { setImmediate as yieldToLoop } from 'node:timers/promises';
import type { CommandContext, Output } from '../../src/cli/invocation/context.js';
import { runCommandLine } from '../../src/cli/program.js';
import type { TemporalRuns } from '../../src/temporal/runs/temporal-runs.js';

export interface Ran {
  exitCode: number | undefined;
  stdout: string;
  stderr: string;
}

export interface World {
  env?: Record<string, string>;
  temporal?: Partial<TemporalRuns>;
  /** What is piped in. */
  stdin?: string | Uint8Array;
  /** Columns, where both streams are to be a terminal. */
  terminal?: number;
  /** Told, before the command runs, what is Ctrl-C. */
  onBegin?: (interrupt: () => void) => void;
  /** Awaited before Temporal is there. */
  onConnect?: () => Promise<void>;
  /** Called, and awaited, in each pause of a command; `interrupt` is Ctrl-C. */
  onPause?: (interrupt: () => void) => unknown;
}

export const NOW = Date.parse('2026-08-22T10:00:00.000Z');

/** Runs a command line in this process: no Temporal but the one given, a clock that only pauses move, the user `kim`. */
export async function overhaul(
  argv: readonly string[],
  { env = {}, temporal, stdin = '', terminal, onBegin, onConnect, onPause }: World = {},
): Promise<Ran> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const listeners = new Set<() => void>();
  let now = NOW;
  const interrupt = (): void => {
    for (const listener of listeners) listener();
  };
  onBegin?.(interrupt);
  const context: CommandContext = {
    env,
    async *stdin() {
      yield Buffer.from(stdin);
    },
    stdout: outputInto(stdout, terminal),
    stderr: outputInto(stderr, terminal),
    now: () => now,
    async pause(ms) {
      await onPause?.(interrupt);
      now += ms;
      // A pause lets everything else go on; without it a command that waits for a ledger's writer starves that writer, forever.
      await yieldToLoop();
    },
    userName: 'kim',
    onInterrupt(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async connectTemporal() {
      await onConnect?.();
      if (temporal) return { address: 'localhost:7233', namespace: 'default', close: async () => undefined, ...temporal } as TemporalRuns;
      throw Object.assign(new Error('Temporal cannot be reached at localhost:7233.'), { name: 'TemporalUnreachable' });
    },
  };
  const exitCode = await runCommandLine(argv, context);
  return { exitCode, stdout: Buffer.concat(stdout).toString('utf8'), stderr: Buffer.concat(stderr).toString('utf8') };
}

function outputInto(chunks: Buffer[], terminal: number | undefined): Output {
  return {
    async write(chunk) {
      chunks.push(Buffer.from(chunk));
    },
    isTerminal: terminal !== undefined,
    columns: () => terminal,
  };
}

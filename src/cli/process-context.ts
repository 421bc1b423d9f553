import { userInfo } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { CommandContext, Output } from './invocation/context.js';

/** The context of the running process. */
export function processContext(): CommandContext {
  return {
    env: process.env,
    stdin: () => process.stdin as AsyncIterable<Buffer>,
    stdout: outputTo(process.stdout),
    stderr: outputTo(process.stderr),
    now: Date.now,
    pause: (ms, signal) => pause(ms, undefined, { signal }).catch(() => undefined),
    userName: operatingSystemUser(),
    onInterrupt(listener) {
      process.on('SIGINT', listener);
      return () => void process.off('SIGINT', listener);
    },
    async connectTemporal() {
      const { connectTemporalRuns } = await import('./data/temporal-client.js');
      return connectTemporalRuns(process.env);
    },
  };
}

function outputTo(stream: NodeJS.WriteStream): Output {
  return {
    write: (chunk) => new Promise((resolve) => (stream.write(chunk) ? resolve() : stream.once('drain', resolve))),
    isTerminal: stream.isTTY === true,
    columns: () => stream.columns,
  };
}

function operatingSystemUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a user id that has no name.
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

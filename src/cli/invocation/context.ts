// The world of a command: streams, environment, clock and the way to Temporal, so that tests can give it another.
import type { Environment } from '../../contracts/config/secret-ref.js';
import type { TemporalRuns } from '../../temporal/runs/temporal-runs.js';

/**
 * 0 done, 1 finished but not succeeded, 2 usage or configuration, 3 not reachable (docs/requests.md). 130 is a shell's own code for Ctrl-C:
 * `overhaul watch … && deploy` must not go on after it.
 */
export const EXIT = { done: 0, notSucceeded: 1, usage: 2, unreachable: 3, interrupted: 130 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command: its message goes to stderr as it is. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';

  constructor(
    readonly exitCode: ExitCode,
    message: string,
  ) {
    super(message);
  }
}

export interface Output {
  /** Resolves when more may be written: a slow reader holds the writer back. */
  write(chunk: string | Uint8Array): Promise<void>;
  readonly isTerminal: boolean;
  /** Undefined where the width is not known. */
  columns(): number | undefined;
}

export interface CommandContext {
  env: Environment;
  /** Opened by the first call: a command that never asks leaves a pipe alone. */
  stdin(): AsyncIterable<Uint8Array>;
  stdout: Output;
  stderr: Output;
  /** Epoch milliseconds. */
  now(): number;
  /** Shorter when the signal is aborted meanwhile. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
  /** The operating system's name of the user, which decisions carry as a claim. */
  userName: string;
  /** Calls the listener on Ctrl-C until the function that it returns is called. */
  onInterrupt(listener: () => void): () => void;
  /** Throws `TemporalUnreachable` or `TemporalMisconfigured`. */
  connectTemporal(): Promise<TemporalRuns>;
}

/** One call of the command line. */
export interface Invocation extends CommandContext {
  /** `--json` was given. */
  json: boolean;
  exitCode: number | undefined;
}

export function writeLine(output: Output, text: string): Promise<void> {
  return output.write(`${text}\n`);
}

/** What follows Ctrl-C: a terminal has echoed `^C` where the line begins. */
export function writeInterrupted(output: Output, text: string): Promise<void> {
  return output.write(`${output.isTerminal ? '\r\x1b[K' : ''}${text}\n`);
}

export function writeJson(output: Output, value: unknown): Promise<void> {
  return output.write(`${JSON.stringify(value, null, 2)}\n`);
}

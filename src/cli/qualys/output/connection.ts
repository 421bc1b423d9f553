// The way from a command to Qualys: configuration, one gate for the limits, and words for what goes wrong.
import { existsSync } from 'node:fs';
import { describeEnvironmentProblems, loadWorkerEnvironment, type WorkerSettings } from '../../../contracts/config/environment.js';
import { loadConfigFile } from '../../../contracts/config/file.js';
import { noProxyProblems } from '../../../contracts/config/no-proxy.js';
import { spanText } from '../../../domain/clock/span.js';
import type { CallGate, ServerClock } from '../../../domain/limits/call-gate.js';
import type { QualysClient } from '../../../qualys/client.js';
import type { QualysError } from '../../../qualys/errors.js';
import { CommandFailed, EXIT, type ExitCode, type Invocation } from '../../invocation/context.js';

export interface QualysLink {
  qualys: QualysClient;
  settings: WorkerSettings;
  /** Qualys' time, once a call was answered. */
  clock: ServerClock;
  /** Aborted by Ctrl-C. For reads: a call with an effect is better waited for. */
  signal: AbortSignal;
}

type Limits = { gate: CallGate; clock: ServerClock; close: () => Promise<void> };

/** Waits shorter than this are not worth a word. */
const WORTH_SAYING_MS = 2_000;

/** Runs `work` with a client, and closes it. Throws `CommandFailed` with an exit code of the contract for every failure of Qualys. */
export async function withQualys<T>(
  invocation: Invocation,
  { wait: maxWaitInProcessMs }: { wait: number },
  work: (link: QualysLink) => Promise<T>,
): Promise<T> {
  const { settings, caps } = configurationOf(invocation);
  const { createQualys } = await import('../../../qualys/client.js');
  const limits = await openLimits(settings, caps);
  const interrupted = new AbortController();
  // Released at once, so that a second Ctrl-C ends the process as always.
  const release = invocation.onInterrupt(() => {
    release();
    interrupted.abort(new CommandFailed(EXIT.interrupted, 'Interrupted.'));
  });
  const qualys = createQualys({
    baseUrl: settings.qualys.url,
    username: settings.qualys.username,
    password: () => settings.qualys.password.get(),
    gate: saying(limits.gate, invocation, maxWaitInProcessMs),
    clock: limits.clock,
    maxWaitInProcessMs,
  });
  try {
    return await work({ qualys, settings, clock: limits.clock, signal: interrupted.signal });
  } catch (error) {
    if (isQualysError(error)) throw commandFailed(error, settings.qualys.url);
    // A page size that an endpoint does not know.
    if (error instanceof Error && error.name === 'RangeError') throw new CommandFailed(EXIT.usage, error.message);
    throw error;
  } finally {
    release();
    await qualys.close();
    await limits.close();
  }
}

function configurationOf({ env }: Invocation): { settings: WorkerSettings; caps: { callsPerHour: number; concurrency: number } } {
  const settings = loadWorkerEnvironment(env);
  const config = loadConfigFile(undefined, env);
  const problems = [...[settings, config].flatMap((part) => (part.ok ? [] : part.problems)), ...noProxyProblems(env)];
  if (!settings.ok || !config.ok || problems.length > 0) throw new CommandFailed(EXIT.usage, describeEnvironmentProblems(problems));
  return { settings: settings.value, caps: config.value.policy.caps };
}

/**
 * The gate of the ledger where there is one, because workers share it; a ledger that is there and cannot be used is no leave to go without.
 */
async function openLimits(settings: WorkerSettings, caps: { callsPerHour: number; concurrency: number }): Promise<Limits> {
  const { path } = settings.ledger;
  if (!existsSync(path)) {
    const { ProcessGate, processClock } = await import('../../../qualys/http/process-gate.js');
    return { gate: new ProcessGate(caps), clock: processClock(), close: async () => undefined };
  }
  const { openLedger } = await import('../../../ledger/index.js');
  const ledger = await openLedger({ url: `sqlite:${path}`, create: false, caps });
  return { gate: ledger.calls, clock: ledger.serverClock, close: () => ledger.close() };
}

/** The gate, telling the operator of waits that will be slept. */
function saying(gate: CallGate, { stderr }: Invocation, maxWaitMs: number): CallGate {
  // On a terminal the progress bar may stand in the line.
  const clear = stderr.isTerminal ? '\r\x1b[K' : '';
  const say = async (waitMs: number, why: string) => {
    if (waitMs >= WORTH_SAYING_MS && waitMs <= maxWaitMs) await stderr.write(`${clear}Waiting ${spanText(waitMs)}: ${why}\n`);
  };
  return {
    async enter(call) {
      const answer = await gate.enter(call);
      if (answer.kind === 'wait') await say(answer.waitMs, answer.why);
      return answer;
    },
    async leave(callId, evidence) {
      if (evidence?.refused) await say((evidence.toWaitSec ?? 0) * 1_000, 'Qualys asked to wait');
      await gate.leave(callId, evidence);
    },
    cancel: (callId) => gate.cancel(callId),
  };
}

/** By name, because the class would load the client before it is needed. */
function isQualysError(error: unknown): error is QualysError {
  return error instanceof Error && error.name === 'QualysError';
}

function commandFailed(error: QualysError, url: string): CommandFailed {
  const [exitCode, advice] = afterError(error, url);
  return new CommandFailed(exitCode, `${error.message.replace(/[.\s]+$/, '')}.${advice === '' ? '' : ` ${advice}`}`);
}

function afterError({ kind, waitMs }: QualysError, url: string): [ExitCode, string] {
  switch (kind) {
    case 'authentication':
      return [EXIT.usage, 'Repeated wrong passwords lock the account.'];
    case 'permission':
    case 'invalid':
    case 'not-found':
      return [EXIT.usage, ''];
    case 'limited':
      return [
        EXIT.unreachable,
        `Try again${waitMs === undefined ? ' later' : ` in ${spanText(waitMs)}`}, or allow longer waits with --wait.`,
      ];
    case 'unavailable':
      return [EXIT.unreachable, `Check QUALYS_URL (${url}), the network and HTTPS_PROXY, or try again later.`];
    case 'protocol':
      return [EXIT.notSucceeded, 'Try again. If it persists, report it with this message.'];
  }
}

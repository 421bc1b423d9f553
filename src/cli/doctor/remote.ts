// What can be checked only by asking Temporal and Qualys.
import type { QualysAccess } from '../../contracts/config/environment.js';
import { spanText } from '../../domain/clock/span.js';
import type { AnswerHeaders } from '../../qualys/http/limit-headers.js';
import type { HttpAnswer, HttpRequest } from '../../qualys/http/transport.js';
import { activityQueue } from '../../temporal/activity-queue.js';
import type { TemporalRuns } from '../../temporal/runs/temporal-runs.js';
import type { Invocation } from '../invocation/context.js';
import type { Check } from './checks.js';

const TIMEOUT_MS = 10_000;
/** Temporal remembers who polled for some minutes; a worker that lives asks at least once a minute. */
const POLL_SILENCE_MS = 90_000;
/** Tokens and windows are counted in server time, so a wrong local clock is no danger; beyond this it deserves a word. */
const NOTABLE_SKEW_MS = 30_000;

/** `taskQueue` and `ledgerId` as far as they are known: without them no worker is searched for. */
export async function* temporalChecks(invocation: Invocation, { taskQueue, ledgerId }: WorkersOf): AsyncGenerator<Check> {
  try {
    const temporal = await invocation.connectTemporal();
    try {
      await temporal.list(1);
      yield { name: 'Temporal', state: 'ok', detail: `${temporal.address}, namespace ${temporal.namespace}` };
      if (taskQueue !== undefined) yield await workerCheck(temporal, { taskQueue, ledgerId }, Date.now());
    } finally {
      await temporal.close();
    }
  } catch (error) {
    const isMisconfigured = error instanceof Error && error.name === 'TemporalMisconfigured';
    const fix = isMisconfigured
      ? 'Fix TEMPORAL_* or the profile.'
      : 'Start Temporal there, or set TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE.';
    yield { name: 'Temporal', state: isMisconfigured ? 'wrong' : 'unreachable', detail: messageOf(error).split('. ')[0] ?? '', fix };
  }
}

interface WorkersOf {
  taskQueue: string | undefined;
  ledgerId: string | undefined;
}

async function workerCheck(
  temporal: TemporalRuns,
  { taskQueue, ledgerId }: WorkersOf & { taskQueue: string },
  now: number,
): Promise<Check> {
  const asked = async (queue: string, tasks: 'workflow' | 'activity'): Promise<number[]> => [
    ...(await temporal.pollers(queue, tasks)).values(),
  ];
  const isAlive = (at: number): boolean => at > now - POLL_SILENCE_MS;
  const askedAt = await asked(taskQueue, 'workflow');
  const workers = askedAt.filter(isAlive).length;
  const lastSeen = askedAt.length === 0 ? undefined : spanText(Math.max(0, now - Math.max(...askedAt)));
  if (workers === 0) {
    return {
      name: 'worker',
      state: 'note',
      detail: `no worker polls task queue ${taskQueue}; ${lastSeen === undefined ? 'Temporal remembers none' : `one was last seen ${lastSeen} ago`}`,
      fix: 'Start one: node dist/worker.js. Runs wait until then; nothing is lost.',
    };
  }
  const detail = `${workers === 1 ? '1 worker polls' : `${workers} workers poll`} task queue ${taskQueue}`;
  if (ledgerId === undefined || (await asked(activityQueue(taskQueue, ledgerId), 'activity')).some(isAlive))
    return { name: 'worker', state: 'ok', detail: `${detail}, last seen ${lastSeen} ago` };
  return {
    name: 'worker',
    state: 'wrong',
    detail: `${detail}, but none uses the ledger configured here`,
    fix: 'Set the same OVERHAUL_DATABASE_URL for workers and command line. A worker serves only the runs of its own ledger.',
  };
}

export async function* qualysChecks(access: QualysAccess | undefined, now: () => number): AsyncGenerator<Check> {
  if (!access) {
    yield {
      name: 'Qualys',
      state: 'note',
      detail: 'QUALYS_URL, QUALYS_USERNAME and QUALYS_PASSWORD are not all set here',
      fix: 'Only the worker needs them.',
    };
    return;
  }
  const { createTransport } = await import('../../qualys/http/transport.js');
  const { createTokenSource } = await import('../../qualys/http/token.js');
  const { QualysError } = await import('../../qualys/errors.js');
  const transport = createTransport({ baseUrl: access.url, timeoutMs: TIMEOUT_MS });
  let skewMs: number | undefined;
  let speed: number | undefined;
  const listening = {
    ...transport,
    send: async (request: HttpRequest): Promise<HttpAnswer> => {
      const answer = await transport.send(request);
      speed = simulatorSpeed(answer.headers);
      return answer;
    },
  };
  const clock = {
    observe: async (serverMs: number) => {
      skewMs = now() - serverMs;
    },
    now: async () => now(),
  };
  const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined };
  try {
    await createTokenSource(
      { transport: listening, clock, logger: silent },
      { username: access.username, password: () => access.password.get() },
    ).token();
    yield { name: 'Qualys', state: 'ok', detail: `${access.url} accepts the credentials of ${access.username}` };
  } catch (error) {
    const isOurs = error instanceof QualysError && ['authentication', 'permission', 'not-found', 'invalid'].includes(error.kind);
    const fix = isOurs
      ? 'Check QUALYS_URL, QUALYS_USERNAME and QUALYS_PASSWORD; repeated wrong passwords lock the account.'
      : 'Check QUALYS_URL, the network, and HTTPS_PROXY.';
    yield { name: 'Qualys', state: isOurs ? 'wrong' : 'unreachable', detail: messageOf(error), fix };
  } finally {
    await transport.close();
  }
  if (skewMs !== undefined) yield clockCheck(skewMs, speed);
}

/** `X-Overhaul-Simulator: speed=60`: our simulator's clock may run faster on purpose. */
function simulatorSpeed(headers: AnswerHeaders): number | undefined {
  const speed = /\bspeed=([\d.]+)/.exec(String(headers['x-overhaul-simulator'] ?? ''))?.[1];
  return speed === undefined ? undefined : Number(speed);
}

/** `skewMs`: local time less Qualys' time. `speed`: of a simulator's clock. */
export function clockCheck(skewMs: number, speed?: number): Check {
  if (speed !== undefined)
    return { name: 'clock', state: 'ok', detail: speed === 1 ? 'simulator, in real time' : `simulator, ${speed} times as fast` };
  const seconds = Math.round(Math.abs(skewMs) / 1_000);
  if (Math.abs(skewMs) < NOTABLE_SKEW_MS)
    return { name: 'clock', state: 'ok', detail: `within ${Math.max(1, seconds)} s of Qualys' clock` };
  const detail = `${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} Qualys' clock`;
  return {
    name: 'clock',
    state: 'note',
    detail,
    fix: 'Set this clock, so that the times in logs are right. Runs are safe: they use server time.',
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

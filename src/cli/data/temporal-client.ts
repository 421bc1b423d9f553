// Temporal as the command line asks it: what goes wrong there ends a command, with its exit code and what to do next.
import { loadEnvironment } from '../../contracts/config/environment.js';
import type { Environment } from '../../contracts/config/secret-ref.js';
import { type ClientConnection, connectClient } from '../../temporal/connection.js';
import { dataConverterOf } from '../../temporal/payload-codec.js';
import { runClient } from '../../temporal/runs/run-client.js';
import { runFailureOf } from '../../temporal/runs/run-failure.js';
import type { TemporalRuns } from '../../temporal/runs/temporal-runs.js';
import type { UpdateLimit } from '../../temporal/update-limits.js';
import { CommandFailed, EXIT } from '../invocation/context.js';

export async function connectTemporalRuns(env: Environment): Promise<TemporalRuns> {
  const settings = loadEnvironment(env);
  const dataConverter = settings.ok ? dataConverterOf(settings.value.encryptionKeys) : undefined;
  return temporalRuns(await connectClient(env, dataConverter ? { dataConverter } : {}));
}

export function temporalRuns(connection: ClientConnection): TemporalRuns {
  const runs = runClient(connection);
  const ask = <T>(workflowId: string, answer: Promise<T>): Promise<T> =>
    answer.catch((error: unknown) => {
      throw commandFailure(error, workflowId);
    });
  return {
    ...runs,
    start: (start) => ask(start.workflowId, runs.start(start)),
    find: (workflowId) => ask(workflowId, runs.find(workflowId)),
    end: (workflowId) => ask(workflowId, runs.end(workflowId)),
    decide: (workflowId, name, decision) => ask(workflowId, runs.decide(workflowId, name, decision)),
    cancel: (workflowId, request) => ask(workflowId, runs.cancel(workflowId, request)),
    pollers: (taskQueue, tasks) => ask('', runs.pollers(taskQueue, tasks)),
    list: (limit) => ask('', runs.list(limit)),
  };
}

const OVER_LIMIT: Record<UpdateLimit, (workflowId: string) => string> = {
  'at-once': (id) =>
    `${id} did not accept it: ten orders are in flight, Temporal's limit. Try again when they are done. If they stay in flight, no worker is running (\`overhaul doctor\`).`,
  'in-all': (id) =>
    `${id} did not accept it: its current history has 2,000 orders, Temporal's limit. It accepts more with its next history, which a run starts automatically and a campaign starts between two waves. Until then, \`overhaul halt\` stops all sending and \`overhaul cancel ${id}\` ends it.`,
};

/** What went wrong at Temporal, in the words of the command line. */
export function commandFailure(error: unknown, workflowId: string): unknown {
  const failure = runFailureOf(error);
  switch (failure?.kind) {
    case undefined:
      return error;
    case 'not-live':
      return new CommandFailed(
        EXIT.usage,
        `Temporal has no live run ${workflowId}: it is unknown or has ended. List runs with: overhaul list`,
      );
    case 'refused':
      return new CommandFailed(EXIT.notSucceeded, `The run ${workflowId} refused: ${failure.message}`);
    case 'no-answer':
      return new CommandFailed(
        EXIT.unreachable,
        `No response for ${workflowId} in time. Either no worker is running (start one), or ten orders are in flight, Temporal's limit (wait for them). The decision may still take effect: check before you repeat it.`,
      );
    case 'too-large':
      return new CommandFailed(EXIT.usage, failure.message);
    case 'unavailable':
      return new CommandFailed(EXIT.unreachable, failure.message);
    case 'no-run':
      return new CommandFailed(EXIT.usage, `${workflowId} is not a run of Overhaul: it has no progress query.`);
    case 'limit':
      return new CommandFailed(EXIT.notSucceeded, OVER_LIMIT[failure.limit](workflowId));
    case 'unreachable':
      return new CommandFailed(
        EXIT.unreachable,
        `Temporal did not respond: ${failure.message}. Check the connection with: overhaul doctor`,
      );
  }
}

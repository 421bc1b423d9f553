// Workflows whose timers pass at once, on the real dev server. From SDK 1.24 and server 1.32 an execution can skip time by itself, but the
// TypeScript SDK has no option for it yet, so the field is put into the start requests here (an interceptor would see only their bytes).
import { Client, Connection } from '@temporalio/client';
import type { TemporalEnv } from './temporal-env.js';

/** How many waits one execution may skip; the server's default of 200 would be spent by one long run. */
const MAX_SKIPS = 10_000;

type Start = Connection['workflowService']['startWorkflowExecution'];
type SignalWithStart = Connection['workflowService']['signalWithStartWorkflowExecution'];

/** A client whose workflows skip time: their clock jumps ahead whenever no activity or child of theirs is running. */
export interface TimeSkipping {
  client: Client;
  close(): Promise<void>;
}

export async function timeSkipping(env: TemporalEnv): Promise<TimeSkipping> {
  if (!env.skipsTime) throw new Error(`${env.executable} is too old to skip time: take Temporal CLI 1.9 or later off PATH, or update it.`);
  const connection = await Connection.connect({ address: env.address });
  const service = connection.workflowService;
  const start = service.startWorkflowExecution.bind(service) as (request: object) => ReturnType<Start>;
  const signalWithStart = service.signalWithStartWorkflowExecution.bind(service) as (request: object) => ReturnType<SignalWithStart>;
  service.startWorkflowExecution = ((request: object) => start(skipping(request))) as Start;
  service.signalWithStartWorkflowExecution = ((request: object) => signalWithStart(skipping(request))) as SignalWithStart;
  return { client: new Client({ connection, namespace: env.namespace }), close: () => connection.close() };
}

function skipping(request: object): object {
  return { ...request, timeSkippingConfig: { enabled: true, maxSessionSkipCount: MAX_SKIPS } };
}

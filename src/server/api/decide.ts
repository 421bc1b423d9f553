// POST /api/runs/:id/(approve|reject|pause|resume|retry|cancel): decisions, through the same door of the run as everybody else's.
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { DecidedSchema, DecisionBodySchema, RetryBodySchema, WhoBodySchema } from '../../contracts/http/orders.js';
import type { Operation } from '../../domain/access/permissions.js';
import { OVERRIDING } from '../../domain/execution/may-still-run.js';
import { linkedRun, NotRetried } from '../../runs/linked-run.js';
import type { DecisionName } from '../../temporal/runs/temporal-runs.js';
import type { ApiDeps } from './dependencies.js';
import { type ApiRoute, apiRoute, type Call, demand, Refused } from './route.js';
import { temporalRefusal } from './temporal-problem.js';
import { nameOf } from './who.js';

const ANSWERS = {
  200: { description: 'it was decided', schema: DecidedSchema },
  404: { description: 'no such run' },
  409: { description: 'the run has ended, or refuses: `detail` says why' },
  504: { description: 'no worker answered in time; the decision may still take effect' },
};

export function decisionRoutes(deps: ApiDeps): ApiRoute[] {
  const plain = (name: 'pause' | 'resume', summary: string): ApiRoute =>
    apiRoute({ ...common(name, summary), body: WhoBodySchema, handle: (call) => decide(deps, call, { name, order: call.body }) });
  const bound = (name: 'approve' | 'reject', summary: string): ApiRoute =>
    apiRoute({ ...common(name, summary), body: DecisionBodySchema, handle: (call) => decide(deps, call, { name, order: call.body }) });
  return [
    bound('approve', 'Approve what is pending, where wanted only under a digest'),
    bound('reject', 'Reject what is pending'),
    plain('pause', 'Send nothing new'),
    plain('resume', 'Go on'),
    apiRoute({
      ...common('retry', 'Queue unresolved assets again'),
      body: RetryBodySchema,
      handle: async (call) => {
        const { outcomes } = call.body;
        if (outcomes.some((outcome) => OVERRIDING.includes(outcome))) demand(call.principal, 'override');
        return (await isLive(deps, call)) ? decide(deps, call, { name: 'retryUnresolved', order: call.body }) : retryEnded(deps, call);
      },
    }),
    apiRoute({
      ...common('cancel', 'Send nothing new, collect what is in flight, and end'),
      body: WhoBodySchema,
      handle: (call) => cancel(deps, call),
    }),
  ];
}

function common<Name extends Operation & z.output<typeof DecidedSchema>['decision']>(name: Name, summary: string) {
  return { method: 'POST', path: `/api/runs/{id}/${name}`, operationId: `${name}Run`, summary, operation: name, answers: ANSWERS } as const;
}

type Order = { by?: string | undefined; reason?: string | undefined };

async function decide(
  deps: ApiDeps,
  { principal, params: { id = '' } }: Call,
  { name, order }: { name: DecisionName; order: Order },
): Promise<z.output<typeof DecidedSchema>> {
  const by = nameOf(principal, order.by);
  const ledger = await deps.ledger();
  await refuseStep(ledger, id);
  if (name === 'resume' && (await ledger.reader.run(id))?.held) demand(principal, 'accept-breach');
  const orderId = randomUUID();
  // Before the run hears of it: its audit log then says that the name was no claim.
  if (principal.authenticated) await ledger.authenticatedOrders.note(id, orderId, by);
  const decision = name === 'retryUnresolved' ? ('retry' as const) : name;
  try {
    const result = await deps.temporal.decide(id, name, { ...order, by }, orderId);
    return { workflowId: id, decision, ...(typeof result === 'number' ? { assets: result } : {}) };
  } catch (error) {
    throw temporalRefusal(error, await isKnown(deps, id)) ?? error;
  }
}

/** A step is decided about with its campaign: by itself it knows neither the campaign's approvers nor what its breach needs. */
async function refuseStep(ledger: Awaited<ReturnType<ApiDeps['ledger']>>, id: string): Promise<void> {
  const run = await ledger.runs.get(id);
  if (run?.kind === 'step' && run.campaign)
    throw new Refused({ status: 409, detail: `${id} is a step of campaign ${run.campaign.id}: decide about the campaign` });
}

async function isLive({ temporal }: ApiDeps, { params: { id = '' } }: Call): Promise<boolean> {
  try {
    return (await temporal.find(id))?.state === 'running';
  } catch (error) {
    throw temporalRefusal(error, false) ?? error;
  }
}

/** A run of its own over what was left. */
async function retryEnded(
  deps: ApiDeps,
  { principal, params: { id = '' }, body }: Call<unknown, z.output<typeof RetryBodySchema>>,
): Promise<z.output<typeof DecidedSchema>> {
  const by = nameOf(principal, body.by);
  const order = { ...body, by, verified: principal.authenticated };
  try {
    const linked = await linkedRun(await deps.ledger(), id, order);
    if (!linked) throw new Refused({ status: 404, detail: 'no such run in the ledger' });
    const { workflowId } = linked.start;
    if ((await deps.startRun(linked.start)).kind !== 'started')
      throw new Refused({ status: 409, detail: `${workflowId} was started before: retry what it left` });
    await linked.noteStarted();
    return { workflowId: id, decision: 'retry', assets: linked.assets, linked: workflowId };
  } catch (error) {
    if (error instanceof NotRetried) throw new Refused({ status: 409, detail: error.message });
    throw temporalRefusal(error, true) ?? error;
  }
}

async function cancel(
  deps: ApiDeps,
  { principal, params: { id = '' }, body }: Call<unknown, Order>,
): Promise<z.output<typeof DecidedSchema>> {
  const by = nameOf(principal, body.by);
  const { reason } = body;
  const ledger = await deps.ledger();
  await refuseStep(ledger, id);
  try {
    const workflow = await deps.temporal.find(id);
    if (workflow && workflow.state !== 'running') throw new Refused({ status: 409, detail: `the run has ended (${workflow.state})` });
    await deps.temporal.cancel(id, { by, reason });
  } catch (error) {
    throw temporalRefusal(error, await isKnown(deps, id)) ?? error;
  }
  // A cancel reaches the workflow without its author: the audit log hears of him from here, as Temporal's history does.
  const detail = JSON.stringify(reason === undefined ? {} : { reason });
  await ledger.audit.add(id, { actor: by, verified: principal.authenticated, action: 'cancel', detail });
  return { workflowId: id, decision: 'cancel' };
}

async function isKnown({ ledger, temporal }: ApiDeps, id: string): Promise<boolean> {
  if (await (await ledger()).runs.get(id)) return true;
  return (await temporal.find(id).catch(() => undefined)) !== undefined;
}

// POST /api/runs: starts a run or a campaign, once an id.
import { StartBodySchema, StartedSchema, type WORKFLOWS } from '../../contracts/http/orders.js';
import { type CampaignPlanInput, parsePlan } from '../../contracts/plan.js';
import { type Problem, parseRequest, type RemediationRequestInput } from '../../contracts/request.js';
import { newCampaignId, newWorkflowId } from '../../runs/new-workflow-id.js';
import type { StartAnswer, WorkflowInput } from '../../temporal/start-run.js';
import type { ApiDeps } from './dependencies.js';
import { type ApiRoute, apiRoute, demand, Refused } from './route.js';
import { temporalRefusal } from './temporal-problem.js';
import { nameOf } from './who.js';

export function startRoute(deps: ApiDeps): ApiRoute {
  return apiRoute({
    method: 'POST',
    path: '/api/runs',
    operationId: 'startRun',
    summary: 'Start a run or a campaign',
    operation: 'start',
    body: StartBodySchema,
    answers: {
      202: { description: 'Temporal has accepted the start', schema: StartedSchema },
      200: { description: 'this same request was accepted before', schema: StartedSchema },
      409: { description: 'the id belongs to another request, or has had its run' },
    },
    async handle({ principal, body, request, reply }) {
      const { workflow, input } = body;
      const claimed = claimOf(input);
      const requestedBy = nameOf(principal, claimed);
      // Whoever is not asked for a name and gives none has said nothing of who may approve it.
      const isKnown = principal.authenticated || claimed !== undefined;
      const start = checkedInput(workflow, isKnown ? { ...input, requestedBy } : input);
      refuseTickets(deps, input, body.workflowId);
      const { targets } = start.input;
      if (targets.despiteOpenCopies || targets.everything) demand(principal, 'override');
      const workflowId = body.workflowId ?? newId(start, deps.now().getTime());
      const { kind } = await started(deps, start, workflowId);
      if (kind === 'different')
        throw new Refused({ status: 409, detail: `${workflowId} was started with another request: use another workflowId` });
      if (kind === 'started') {
        const detail = JSON.stringify({ workflow, ...(start.input.reason === undefined ? {} : { reason: start.input.reason }) });
        const { audit } = await deps.ledger();
        await audit.add(workflowId, { actor: requestedBy, verified: principal.authenticated, action: 'requested', detail });
      }
      const url = `${request.protocol}://${request.host}/runs/${encodeURIComponent(workflowId)}`;
      return reply.code(kind === 'started' ? 202 : 200).send({ workflowId, url });
    },
  });
}

/** A run of a ticket is started by the ticket alone: its id, its status and its move there belong to what was approved in it. */
function refuseTickets({ configuration }: ApiDeps, { ticket }: Record<string, unknown>, workflowId: string | undefined): void {
  const problems: Problem[] = [];
  if (typeof ticket === 'object' && ticket !== null && 'hook' in ticket && ticket.hook !== undefined)
    problems.push({ path: 'input.ticket.hook', problem: 'is set by hooks only: leave it out' });
  const { hooks, tickets } = configuration.current();
  const [first = '', ...more] = workflowId?.split('/') ?? [];
  const sources = [...Object.keys(hooks), ...Object.keys(tickets)].map(encodeURIComponent);
  if (more.length > 0 && (first.startsWith('overhaul-ticket') || sources.includes(first)))
    problems.push({ path: 'workflowId', problem: `begins with ${first}/, which belongs to runs that tickets start: use another id` });
  if (problems.length > 0) throw new Refused({ status: 422, detail: 'the body is invalid', problems });
}

function claimOf({ requestedBy }: Record<string, unknown>): string | undefined {
  // What is no text is told by the schema, with everything else that is wrong.
  return typeof requestedBy === 'string' ? requestedBy.trim() : undefined;
}

/** As it was written: whoever reads the history sees the request that was made. */
function checkedInput(workflow: (typeof WORKFLOWS)[number], input: Record<string, unknown>): WorkflowInput {
  const parsed = workflow === 'remediationRun' ? parseRequest(input) : parsePlan(input);
  if (!parsed.ok) throw invalid(parsed.problems);
  return workflow === 'remediationRun'
    ? { workflow, input: input as unknown as RemediationRequestInput }
    : { workflow, input: input as unknown as CampaignPlanInput };
}

function invalid(problems: readonly Problem[]): Refused {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  const inInput = problems.map(({ path, problem }) => ({ path: path === '' ? 'input' : `input.${path}`, problem }));
  return new Refused({ status: 422, detail: `the body is invalid: ${count}`, problems: inInput });
}

function newId(start: WorkflowInput, now: number): string {
  return start.workflow === 'remediationCampaign' ? newCampaignId(start.input.name) : newWorkflowId(String(start.input.script), now);
}

async function started(deps: ApiDeps, start: WorkflowInput, workflowId: string): Promise<StartAnswer> {
  const { runs } = await deps.ledger();
  try {
    // Temporal forgets an id after its retention, the ledger does not: the run that it would start could only be refused.
    if ((await runs.get(workflowId)) && !(await deps.temporal.find(workflowId)))
      throw new Refused({ status: 409, detail: `${workflowId} has had its run: use another workflowId` });
    return await deps.startRun({ ...start, workflowId });
  } catch (error) {
    throw temporalRefusal(error, true) ?? error;
  }
}

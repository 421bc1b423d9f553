// Starts a run at most once an id. Of two starts with one id, Temporal takes one; the memo tells whether the other asked for the same.
import { createHash } from 'node:crypto';
import { type Client, isGrpcServiceError, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import { NamespaceNotFoundError, WorkflowIdReusePolicy } from '@temporalio/common';
import { type CampaignPlanInput, parsePlan } from '../contracts/plan.js';
import { parseRequest, type RemediationRequestInput, type Targets } from '../contracts/request.js';
import { jsonBytes, largestField } from '../contracts/text.js';
import { canonicalJson } from '../domain/basics/canonical-json.js';
import { clipped, utf8Length, wellFormed } from '../domain/basics/well-formed.js';
import { MAX_WORKFLOW_ID_BYTES } from '../domain/run/workflow-id.js';

/** gRPC status codes that say that the caller is wrong; every other failure may pass, and the same start may then be sent again. */
const CALLER_ERRORS: readonly number[] = [3 /* INVALID_ARGUMENT */, 9 /* FAILED_PRECONDITION */, 11 /* OUT_OF_RANGE */];
/** The tightest sender of webhooks, PagerDuty, waits 5 s; the SDK's back-off between tries overruns a deadline by up to 70 %. */
const START_DEADLINE_MS = 2_500;

/** What is started: a run unless it says otherwise. */
export type WorkflowInput =
  | { workflow?: 'remediationRun' | undefined; input: RemediationRequestInput }
  | { workflow: 'remediationCampaign'; input: CampaignPlanInput };

/** `memo` is kept beside `requestDigest`. */
export type RunAsk = WorkflowInput & { workflowId: string; memo?: Record<string, unknown> };
export type RunStart = RunAsk & { taskQueue: string; deadlineMs?: number };

/** `same`: this same request was taken before, and its run may be over. `different`: the id belongs to another request. */
export type StartAnswer = { kind: 'started' | 'different' } | { kind: 'same'; isOver?: boolean };

/** Temporal cannot be asked just now, or does not let us in; nothing is known about the start, and it may safely be tried again. */
export class TemporalUnavailable extends Error {
  override readonly name = 'TemporalUnavailable';
}

/** Temporal does not take it, now or later: its message names what is too large. Nothing was started. */
export class RunTooLarge extends Error {
  override readonly name = 'RunTooLarge';
}

/** Temporal takes 2 MiB for an input and 4 MiB for a request; encryption adds some bytes. */
const INPUT_BYTES = 2_000_000;
/** In the words of the server, and of gRPC. */
const TOO_LARGE = /blob data size exceeds limit|message larger than max|exceeds size limit|length exceeds limit/i;

export type RunClient = Pick<Client, 'workflow' | 'withDeadline'>;

export async function startRun(client: RunClient, start: RunStart): Promise<StartAnswer> {
  refuseTooLarge(start);
  const digest = requestDigest(start.input);
  const same: readonly unknown[] = [digest, writtenDigest(start.input)];
  return client.withDeadline(Date.now() + (start.deadlineMs ?? START_DEADLINE_MS), async () => {
    try {
      await client.workflow.start(start.workflow ?? 'remediationRun', {
        workflowId: start.workflowId,
        taskQueue: start.taskQueue,
        args: [start.input],
        workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
        memo: { ...start.memo, requestDigest: digest, ...(isFound(start) ? { effectDigest: effectDigest(start.input) } : {}) },
        staticSummary: summaryOf(start),
      });
      return { kind: 'started' };
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw translated(error, start);
      const known = await knownRun(client, start.workflowId);
      const isSame =
        same.includes(known.requestDigest) || (known.effectDigest !== undefined && known.effectDigest === effectDigest(start.input));
      if (!isSame) return { kind: 'different' };
      return { kind: 'same', ...(known.isOver ? { isOver: true } : {}) };
    }
  });
}

/**
 * SHA-256, in hexadecimal, of what the input means: the order of keys and of ids does not matter, nor whether ids are numbers or text, nor
 * the case of host names. An input that is no request stands for itself.
 */
export function requestDigest(input: unknown): string {
  const isPlan = typeof input === 'object' && input !== null && 'steps' in input;
  const parsed = isPlan ? parsePlan(input) : parseRequest(input);
  if (!parsed.ok) return writtenDigest(input);
  const { targets, ...rest } = parsed.value;
  return writtenDigest({ ...rest, targets: { ...targets, ...asSets(targets) } });
}

/** Of the input as it is written: what runs that were started by earlier versions have in their memo. */
function writtenDigest(input: unknown): string {
  return createHash('sha256').update(canonicalJson(input)).digest('hex');
}

function asSets({ assetIds, hostnames, assetTagIds, excludedAssetIds }: Targets): Partial<Targets> {
  const lists = { assetIds, assetTagIds, excludedAssetIds, hostnames: hostnames?.map((name) => name.toLowerCase()) };
  return Object.fromEntries(Object.entries(lists).flatMap(([field, list]) => (list ? [[field, [...new Set(list)].sort()]] : [])));
}

function isFound({ memo }: RunStart): boolean {
  const start = memo?.ticketStart;
  return typeof start === 'object' && start !== null && 'found' in start;
}

/**
 * What a request does, whoever asked for it and why: a ticket that was found tells that in other words than the event that comes after all.
 */
function effectDigest(input: RunStart['input']): string {
  const { requestedBy: _by, reason: _why, ticket, ...rest } = input;
  const { url: _url, ...place } = ticket ?? {};
  return requestDigest({ ...rest, ...(ticket ? { ticket: place } : {}) });
}

interface KnownRun {
  requestDigest: unknown;
  effectDigest: unknown;
  isOver: boolean;
}

async function knownRun(client: RunClient, workflowId: string): Promise<KnownRun> {
  try {
    const { memo, status } = await client.workflow.getHandle(workflowId).describe();
    return { requestDigest: memo?.requestDigest, effectDigest: memo?.effectDigest, isOver: status.name !== 'RUNNING' };
  } catch (error) {
    // Deleted between the two calls: the next delivery finds the id free, or taken by another.
    if (error instanceof WorkflowNotFoundError)
      throw new TemporalUnavailable(`workflow ${workflowId} disappeared while it was read: try again`);
    throw translated(error);
  }
}

function refuseTooLarge(start: RunStart): void {
  const { workflowId, input } = start;
  if (workflowId !== wellFormed(workflowId)) throw new RunTooLarge('The workflow id is not valid Unicode text. Nothing was started.');
  const idBytes = utf8Length(workflowId);
  if (idBytes > MAX_WORKFLOW_ID_BYTES)
    throw new RunTooLarge(`The workflow id has ${idBytes} bytes, more than ${MAX_WORKFLOW_ID_BYTES}. Nothing was started.`);
  if (jsonBytes(input) > INPUT_BYTES) throw tooLarge(input);
}

function tooLarge(input: RunStart['input']): RunTooLarge {
  const whole = largestField(input);
  const within = whole.field === 'targets' ? largestField(input.targets) : undefined;
  const field = within?.field ? `targets.${within.field}` : whole.field;
  return new RunTooLarge(
    `${field} is too large: it has ${(within ?? whole).bytes} bytes of ${jsonBytes(input)}, and Temporal accepts at most ${INPUT_BYTES} in total. Nothing was started.`,
  );
}

export function translated(error: unknown, start?: RunStart): unknown {
  if (error instanceof NamespaceNotFoundError)
    return new TemporalUnavailable(`Temporal has no namespace "${error.namespace}": create it, or set TEMPORAL_NAMESPACE`);
  const cause = isGrpcServiceError(error) ? error : causeOf(error);
  if (start && isGrpcServiceError(cause) && TOO_LARGE.test(cause.details || cause.message)) return tooLarge(start.input);
  if (!isGrpcServiceError(cause) || CALLER_ERRORS.includes(cause.code)) return error;
  return new TemporalUnavailable(`Temporal did not accept the request: ${cause.details || cause.message}`);
}

function causeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'cause' in error ? error.cause : undefined;
}

/** Shown in Temporal's lists; its limit is 200 bytes. The ticket's own text stays out of it. */
function summaryOf(start: WorkflowInput): string {
  const { assetIds, hostnames } = start.input.targets;
  const named = (assetIds?.length ?? 0) + (hostnames?.length ?? 0);
  // Characters beyond ASCII take up to four bytes.
  const what =
    start.workflow === 'remediationCampaign'
      ? `campaign ${clipped(start.input.name, 30)}`
      : `script ${clipped(String(start.input.script), 40)}`;
  return `${what}${named > 0 ? ` on ${named} named asset${named === 1 ? '' : 's'}` : ''}${start.input.ticket ? ', for a ticket' : ''}`;
}

// POST /hooks/:hook: a ticket event. An answer of 202 means that Temporal has the run; nothing is queued in this process.
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Config, Hook } from '../contracts/config/file.js';
import type { System } from '../contracts/config/hook.js';
import { describeProblems, type Problem } from '../contracts/request.js';
import { ticketWorkflowId } from '../domain/run/workflow-id.js';
import { type StartAnswer, TemporalUnavailable, type WorkflowInput } from '../temporal/start-run.js';
import { decideTicket } from '../tickets/decide.js';
import { hookKeys } from '../tickets/hook-keys.js';
import { parsePayload } from '../tickets/payload.js';
import { SENDERS } from '../tickets/senders/index.js';
import { verifyDelivery } from '../tickets/senders/signature.js';
import { type Asked, memoOf, type StartDecision } from '../tickets/start-request.js';
import type { ServerDeps } from './dependencies.js';
import { type ProblemAnswer, sendProblem } from './problem.js';

const RETRY_AFTER_S = 15;

export function hookRoute(deps: ServerDeps): RouteHandlerMethod {
  return async (request, reply) => {
    const { hook: name } = request.params as { hook: string };
    // One for the whole request. A rule that was tightened a moment ago holds for what comes in now.
    const config = deps.configuration.settled();
    if (!config) return refuse(reply, { status: 503, detail: 'the configuration has just changed: send the event again' }, request, name);
    const hook = Object.hasOwn(config.hooks, name) ? config.hooks[name] : undefined;
    if (!hook) return sendProblem(reply, { status: 404, detail: noHook(config) });
    if (!isPlainJson(request)) {
      return sendProblem(reply, { status: 415, detail: 'use content-type: application/json in UTF-8, without content-encoding' });
    }
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const unproved = await unauthentic(deps, hook, request, body);
    if (unproved) return refuse(reply, unproved, request, name);

    const payload = parsePayload(body);
    if (!payload.ok) return refuse(reply, unprocessable(payload.problems), request, name);
    const { env, readTicket } = deps;
    const decision = await decideTicket({ config, hookName: name, hook, payload: payload.value, env, now: deps.now(), readTicket });
    switch (decision.kind) {
      case 'start':
        return start(deps, { decision, system: hook.system, hook: name, source: hook.ticket }, request, reply);
      case 'ignored':
        return ignore(deps, decision, { hook, name }, reply);
      case 'refused':
        return decline(reply, unprocessable(decision.problems), request, { system: hook.system, hook: name });
      case 'unreadable':
        request.log.error({ ticketId: decision.ticketId, why: decision.why }, 'a ticket could not be read again');
        return refuse(reply, { status: 503, detail: 'the ticket cannot be read at the moment: send the event again' }, request, name);
    }
  };
}

/** Which names there are is nobody's business who has no secret; that there are none is worth a word to whoever sets it up. */
function noHook({ hooks }: Config): string {
  return Object.keys(hooks).length === 0 ? 'no hook with this name: none is configured (hooks in overhaul.yaml)' : 'no hook with this name';
}

/** The refusal of a delivery that is not proved to come from a holder of one of the hook's secrets. */
async function unauthentic(deps: ServerDeps, hook: Hook, request: FastifyRequest, body: Buffer): Promise<ProblemAnswer | undefined> {
  const { keys, unusable } = await hookKeys(hook, deps.env);
  const verdict = verifyDelivery(SENDERS[hook.system].scheme, { rawHeaders: request.raw.rawHeaders, body, keys, now: deps.now() });
  if (verdict.ok) return undefined;
  // The sender cannot know the reason, and a prober should not: the log has it.
  request.log.warn({ why: verdict.problem, unusable: unusable.map(({ problem }) => problem) }, 'a ticket event was not authentic');
  // A secret that cannot be read just now may be the one that it was signed with: a 401 would make the sender give up.
  if (unusable.length > 0) return { status: 503, detail: 'a secret of this hook cannot be read at the moment' };
  return { status: 401, detail: 'invalid signature or timestamp' };
}

/** Nothing starts; where the ticket has no approval, a run of it that has one may have lost it by that. */
async function ignore(
  deps: ServerDeps,
  { why, unapproved }: Extract<StartDecision, { kind: 'ignored' }>,
  { hook, name }: { hook: Hook; name: string },
  reply: FastifyReply,
): Promise<FastifyReply> {
  const answer = unapproved && (await look(deps, { hook: name, source: hook.ticket, ticket: unapproved.ticketId }, reply));
  return answer ?? reply.send({ ignored: why });
}

/** Undefined when it was taken, or there is nobody to look. */
async function look(
  { lookAtTicket }: ServerDeps,
  { hook, source = hook, ticket }: { hook: string; source: string | undefined; ticket: string },
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  const { request } = reply;
  const key = ticketWorkflowId({ source, ticket, generation: '0' });
  if (!lookAtTicket || !key.ok) return undefined;
  try {
    await lookAtTicket({ hook, ticket, prefix: key.workflowId.slice(0, -1) });
    return undefined;
  } catch (error) {
    if (!(error instanceof TemporalUnavailable)) throw error;
    request.log.error({ hook, ticket, why: error.message }, 'Temporal could not be told of a changed ticket');
    return refuse(reply, { status: 503, detail: 'Temporal cannot be reached: send the event again' }, request, hook);
  }
}

async function start(
  deps: ServerDeps,
  { decision, source, ...from }: { decision: Extract<StartDecision, { kind: 'start' }>; source: string | undefined } & From,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { workflowId } = decision;
  let answer: StartAnswer;
  try {
    answer = await deps.startRun({ ...askedOf(decision), workflowId, memo: memoOf(decision) });
  } catch (error) {
    if (!(error instanceof TemporalUnavailable)) throw error;
    request.log.error({ workflowId, why: error.message }, 'Temporal could not accept a run');
    reply.header('retry-after', String(RETRY_AFTER_S));
    return sendProblem(reply, { status: 503, detail: 'Temporal cannot be reached: send the event again' });
  }
  request.log.info({ workflowId, kind: answer.kind }, 'a ticket requested a run');
  if (answer.kind === 'different') {
    const detail = `${workflowId} was started with another request. A changed request needs a new ticket.generation`;
    return decline(reply, { status: 409, detail }, request, from);
  }
  const { ticket } = decision.input;
  if (answer.kind === 'same' && answer.isOver && ticket && source !== undefined) {
    const unheard = await look(deps, { hook: from.hook, source, ticket: ticket.id }, reply);
    if (unheard) return unheard;
  }
  const url = `${request.protocol}://${request.host}/runs/${encodeURIComponent(workflowId)}`;
  return reply.code(answer.kind === 'started' ? 202 : 200).send({ workflowId, url });
}

function askedOf(asked: Asked): WorkflowInput {
  return asked.workflow === 'remediationRun'
    ? { workflow: asked.workflow, input: asked.input }
    : { workflow: asked.workflow, input: asked.input };
}

interface From {
  system: System;
  hook: string;
}

/** What is authentic and may not be is told in the way that the sender's people see, unless that would stop their system from sending. */
function decline(reply: FastifyReply, answer: ProblemAnswer, request: FastifyRequest, { system, hook }: From): FastifyReply {
  if (SENDERS[system].refusal === 422) return refuse(reply, answer, request, hook);
  request.log.error({ hook, status: answer.status, detail: answer.detail }, 'a ticket event was refused, and its sender told 200');
  return reply.send({ ignored: answer.detail });
}

function unprocessable(problems: Problem[]): ProblemAnswer {
  return { status: 422, detail: describeProblems(problems), problems };
}

function refuse(reply: FastifyReply, answer: ProblemAnswer, request: FastifyRequest, hook: string): FastifyReply {
  request.log.warn({ hook, status: answer.status, detail: answer.detail }, 'a ticket event was refused');
  if (answer.status === 503) reply.header('retry-after', String(RETRY_AFTER_S));
  return sendProblem(reply, answer);
}

function isPlainJson(request: FastifyRequest): boolean {
  const type = request.headers['content-type'] ?? '';
  return (
    /^application\/(?:[\w.-]+\+)?json\s*(?:;\s*charset="?utf-8"?\s*)?$/i.test(type) && request.headers['content-encoding'] === undefined
  );
}

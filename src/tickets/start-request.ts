// From an authentic ticket event to the run that it may have: a pure decision over the configuration.

import type { Config, Hook, Playbook, TargetKind } from '../contracts/config/file.js';
import type { TicketEvent } from '../contracts/http/webhook.js';
import { type CampaignPlan, parsePlan } from '../contracts/plan.js';
import { type Parsed, type Problem, parseRequest, type RemediationRequest, type Targets } from '../contracts/request.js';
import type { TicketStart } from '../domain/run/ticket-start.js';
import { ticketWorkflowId } from '../domain/run/workflow-id.js';
import { isCounted } from './authorisations.js';
import { type Told, ticketEventOf } from './event.js';
import { SENDERS } from './senders/index.js';

/** A playbook that does not say otherwise takes named hosts only: a tag or a query can mean the whole fleet. */
const DEFAULT_CHOICE: readonly TargetKind[] = ['assetIds', 'hostnames'];

export type StartDecision =
  | ({ kind: 'start'; workflowId: string; playbook: string; counted?: boolean; single?: boolean } & Asked)
  /** `unapproved`: the ticket has no approval, so a run of it that was approved may have lost its own. */
  | { kind: 'ignored'; why: string; unapproved?: { ticketId: string } }
  | { kind: 'refused'; problems: Problem[] };

/** `approval`: of the playbook, for the run; a campaign has it in its plan. */
export type Asked =
  | { workflow: 'remediationRun'; input: RemediationRequest; approval?: Playbook['approval'] }
  | { workflow: 'remediationCampaign'; input: CampaignPlan };

/** What happens to an event that came through the hook `hookName` and was verified, by what it says and what its ticket says. */
export function decideStart(config: Pick<Config, 'playbooks' | 'tickets'>, hookName: string, hook: Hook, told: Told): StartDecision {
  const event = ticketEventOf(hook, told);
  if (!event.ok) return { kind: 'refused', problems: event.problems };
  const choice = chosenPlaybook(hook, event.value);
  if (choice.kind !== 'playbook') return choice;
  const { targets } = event.value;
  if (!targets) return { kind: 'ignored', why: 'the event names no targets' };
  const playbook = ownValue(config.playbooks, choice.name);
  if (!playbook) return refusal('playbook', `unknown playbook "${choice.name}"`);

  const key = ticketWorkflowId({
    source: hook.ticket ?? hookName,
    ticket: event.value.ticket.id,
    generation: event.value.ticket.generation,
  });
  const problems = targetProblems(choice.name, playbook, targets);
  if (!key.ok) problems.unshift({ path: 'ticket', problem: key.problem });
  const system = (hook.ticket && ownValue(config.tickets, hook.ticket)?.system) || hook.system;
  const asked = askedOf(playbook, event.value, { hook: hookName, system });
  if (!asked.ok) problems.push(...asked.problems);
  if (!key.ok || !asked.ok || problems.length > 0) return { kind: 'refused', problems };
  const counted = isCounted(hook, event.value.ticket.generation);
  return {
    kind: 'start',
    workflowId: key.workflowId,
    playbook: choice.name,
    ...(counted ? { counted } : {}),
    ...(isSingle(hook, told.payload) ? { single: true } : {}),
    ...asked.value,
  };
}

function isSingle(hook: Hook, payload: unknown): boolean {
  if (hook.map?.generation !== undefined || hook.read?.generation !== undefined) return false;
  return SENDERS[hook.system].translation.single?.(payload) === true;
}

/** What a run that a ticket starts has in its memo, for its workflow. A campaign has its approvals in its plan. */
export function memoOf(
  start: Extract<StartDecision, { kind: 'start' }>,
  found: Pick<TicketStart, 'found' | 'single'> = {},
): Record<string, unknown> {
  const ticketStart: TicketStart = { ...(start.counted ? { counted: true } : {}), ...(start.single ? { single: true } : {}), ...found };
  return {
    playbook: start.playbook,
    ...(start.workflow === 'remediationRun' && start.approval ? { approval: start.approval } : {}),
    ...(Object.keys(ticketStart).length > 0 ? { ticketStart } : {}),
  };
}

function chosenPlaybook(hook: Hook, event: TicketEvent): { kind: 'playbook'; name: string } | Exclude<StartDecision, { kind: 'start' }> {
  if (typeof hook.playbook === 'string') {
    if (event.playbook === undefined || event.playbook === hook.playbook) return { kind: 'playbook', name: hook.playbook };
    return refusal('playbook', `this hook runs only "${hook.playbook}", not "${event.playbook}"`);
  }
  if (event.playbook === undefined) return { kind: 'ignored', why: 'the event names no playbook' };
  if (hook.playbook.allow.includes(event.playbook)) return { kind: 'playbook', name: event.playbook };
  return refusal('playbook', `"${event.playbook}" is not allowed here: this hook allows ${hook.playbook.allow.join(', ')}`);
}

function targetProblems(name: string, playbook: Playbook, targets: Targets): Problem[] {
  const allowed = playbook.targets?.choose ?? DEFAULT_CHOICE;
  const problems: Problem[] = [];
  for (const kind of ['assetIds', 'hostnames', 'assetTagIds', 'query'] as const) {
    if (targets[kind] === undefined || allowed.includes(kind)) continue;
    problems.push({ path: `targets.${kind}`, problem: `playbook "${name}" accepts only ${allowed.join(', ')} (targets.choose)` });
  }
  // The writer of a ticket must not be able to lift the guards against the whole fleet or against a second run.
  for (const kind of ['everything', 'despiteOpenCopies'] as const)
    if (targets[kind]) problems.push({ path: `targets.${kind}`, problem: 'cannot be set by a ticket: start the run with overhaul run' });
  if (targets.match === 'label' && playbook.targets?.match !== 'label')
    problems.push({ path: 'targets.match', problem: `cannot be set by a ticket: set targets.match in playbook "${name}"` });
  const named = (targets.assetIds?.length ?? 0) + (targets.hostnames?.length ?? 0);
  const max = maxAssetsOf(playbook);
  if (max !== undefined && named > max)
    problems.push({ path: 'targets', problem: `${named} assets exceed the limit of ${max} of playbook "${name}"` });
  return problems;
}

/** The playbook decides what runs; the ticket adds on which hosts, for whom and why. */
function askedOf(playbook: Playbook, event: TicketEvent, origin: { hook: string; system: string }): Parsed<Asked> {
  const { run, campaign, approval } = playbook;
  const { id, url } = event.ticket;
  const maxAssets = maxAssetsOf(playbook);
  const ofTicket = {
    targets: event.targets && { ...event.targets, ...howToFind(playbook, event.targets) },
    ticket: { ...origin, id, ...(url === undefined ? {} : { url }) },
    ...(event.requestedBy === undefined ? {} : { requestedBy: event.requestedBy }),
    ...(event.reason === undefined ? {} : { reason: event.reason }),
    ...(maxAssets === undefined ? {} : { maxAssets }),
  };
  if (!campaign) {
    const request = parseRequest({ ...run, ...ofTicket });
    return request.ok
      ? { ok: true, value: { workflow: 'remediationRun', input: request.value, ...(approval ? { approval } : {}) } }
      : request;
  }
  const plan = parsePlan({ ...(approval ? { approval } : {}), ...campaign, ...ofTicket });
  return plan.ok ? { ok: true, value: { workflow: 'remediationCampaign', input: plan.value } } : plan;
}

/** The playbook's word, unless the ticket is stricter. */
function howToFind({ targets: rules }: Playbook, asked: Targets): Pick<Targets, 'match' | 'seenWithin'> {
  const match = asked.match ?? rules?.match;
  const limits = [asked.seenWithin, rules?.seenWithin].filter((limit) => limit !== undefined);
  return { ...(match === undefined ? {} : { match }), ...(limits.length === 0 ? {} : { seenWithin: Math.min(...limits) }) };
}

function maxAssetsOf({ run, campaign, targets }: Playbook): number | undefined {
  const limits = [run?.maxAssets, campaign?.maxAssets, targets?.max].filter((limit) => limit !== undefined);
  return limits.length > 0 ? Math.min(...limits) : undefined;
}

function refusal(path: string, problem: string): { kind: 'refused'; problems: Problem[] } {
  return { kind: 'refused', problems: [{ path, problem }] };
}

/** Names come from payloads: `constructor` must not find a member of every object. */
function ownValue<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

// A retry of what has ended: a run or campaign of its own over the assets that were left, linked to the one before.
import type { z } from 'zod';
import type { RetryOrderSchema } from '../contracts/messages.js';
import { type CampaignPlanInput, lastApproval, type StoredPlan, wavesOf } from '../contracts/plan.js';
import { MAX_EXPLICIT_TARGETS } from '../contracts/request.js';
import { OVERRIDING } from '../domain/execution/may-still-run.js';
import type { PlaybookApproval } from '../domain/run/approval.js';
import type { FrozenPlan } from '../domain/run/plan-digest.js';
import type { Ledger } from '../ledger/index.js';
import type { RunRow } from '../ledger/rows/run.js';
import type { RunAsk, WorkflowInput } from '../temporal/start-run.js';

type RetryOrder = z.output<typeof RetryOrderSchema>;

/** `never`: as things are; `not-yet`: it may be tried again soon. The message says what to do instead. */
export class NotRetried extends Error {
  override readonly name = 'NotRetried';

  constructor(
    readonly when: 'never' | 'not-yet',
    message: string,
  ) {
    super(message);
  }
}

export interface LinkedRun {
  start: RunAsk;
  assets: number;
  /** Notes it in the audit logs of both, once it is started. */
  noteStarted(): Promise<void>;
}

/** In the parent's audit log: which outcomes were put into which linked run. */
const LINKED = 'retry-linked';

/**
 * What is to be started, once for each outcome of the parent; undefined where the ledger does not know the parent. Whoever retries is its
 * requester: they do not approve it alone. Throws `NotRetried`.
 */
export async function linkedRun(
  ledger: Ledger,
  parentId: string,
  order: RetryOrder & { verified?: boolean | undefined },
): Promise<LinkedRun | undefined> {
  const parent = await ledger.runs.get(parentId);
  if (!parent) return undefined;
  refuseUnfit(parent);
  const earlier = await linkedBefore(ledger, parentId);
  refuseSecond(parentId, earlier, order.outcomes);
  const assetIds = await assetsLeft(ledger, parentId, order.outcomes);
  const workflowId = `${parentId}/retry-${earlier.length + 1}`;
  const { by, outcomes, verified = false } = order;
  const reason = `retry of ${parentId}${order.reason === undefined ? '' : `: ${order.reason}`}`;
  // Whoever names such an outcome overrides the rule that an open copy gets no second one; of failed ones alone nobody does.
  const despite = outcomes.some((outcome) => OVERRIDING.includes(outcome));
  // What asked for an approval asks for it again. A campaign has its rules in its plan.
  const approval = parent.kind === 'run' && parent.approval ? { approval: parent.approval } : {};
  const memo = { retryOf: parentId, recheckOf: parentId, retriedBy: by, ...approval };
  const why = order.reason === undefined ? {} : { reason: order.reason };
  return {
    start: { ...(await inputOf(ledger, parent, { assetIds, reason, by, despite })), workflowId, memo },
    assets: assetIds.length,
    async noteStarted() {
      const linked = JSON.stringify({ ...why, workflowId, outcomes, assets: assetIds.length });
      await ledger.audit.add(parentId, { actor: by, verified, action: LINKED, detail: linked });
      const from = JSON.stringify({ ...why, parent: parentId, outcomes });
      await ledger.audit.add(workflowId, { actor: by, verified, action: 'retry-of', detail: from });
    },
  };
}

function refuseUnfit({ id, kind, campaign, report, finishedAt }: RunRow): void {
  if (kind === 'step' && campaign)
    throw new NotRetried('never', `${id} is a step of campaign ${campaign.id}. Retry the campaign: overhaul retry ${campaign.id}`);
  if (finishedAt === undefined)
    throw new NotRetried(
      'not-yet',
      `${id} has ended without its report. A worker closes it within a few minutes. Try again when \`overhaul show ${id}\` has the report.`,
    );
  if (!report) throw new NotRetried('never', `${id} failed before anything was sent. Nothing to retry. Start it again.`);
}

interface Linked {
  workflowId: string;
  outcomes: readonly string[];
}

async function linkedBefore(ledger: Ledger, parentId: string): Promise<Linked[]> {
  const entries = (await ledger.audit.of(parentId)).filter(({ action }) => action === LINKED);
  const linked = entries.map(({ detail }) => JSON.parse(detail ?? '{}') as Linked);
  return Promise.all(linked.map(async (one) => ((await wasRefused(ledger, one)) ? { ...one, outcomes: [] } : one)));
}

/** One that failed before anything was sent has tried nothing. */
async function wasRefused({ runs }: Ledger, { workflowId }: Linked): Promise<boolean> {
  const run = await runs.get(workflowId);
  return run?.finishedAt !== undefined && run.report === undefined;
}

/** What the parent says of an asset stays as it was: a second run over the same would send to those that the first one has fixed. */
function refuseSecond(parentId: string, earlier: readonly Linked[], outcomes: readonly string[]): void {
  for (const { workflowId, outcomes: taken } of earlier) {
    const twice = outcomes.filter((outcome) => taken.includes(outcome));
    if (twice.length === 0) continue;
    throw new NotRetried(
      'never',
      `The ${twice.join(' and ')} assets of ${parentId} are already in ${workflowId}. Retry what it left: overhaul retry ${workflowId}`,
    );
  }
}

async function assetsLeft({ reader }: Ledger, parentId: string, outcomes: RetryOrder['outcomes']): Promise<string[]> {
  const assetIds: string[] = [];
  for (const outcome of new Set(outcomes)) {
    for await (const { assetId } of reader.allAssets(parentId, { outcome })) assetIds.push(assetId);
  }
  if (assetIds.length === 0)
    throw new NotRetried('never', `${parentId} has no assets with outcome ${outcomes.join(' or ')}. Nothing to retry.`);
  if (assetIds.length > MAX_EXPLICIT_TARGETS)
    throw new NotRetried(
      'never',
      `${assetIds.length} assets of ${parentId} exceed the limit of ${MAX_EXPLICIT_TARGETS} per request. Start a run by tag or query, or retry fewer outcomes.`,
    );
  return assetIds;
}

/** What was asked for before, over what was left. Its follow-up is left out: the parent has had it. */
async function inputOf(
  ledger: Ledger,
  parent: RunRow,
  { assetIds, reason, by, despite }: { assetIds: string[]; reason: string; by: string; despite: boolean },
): Promise<WorkflowInput> {
  const targets = { assetIds, ...(despite ? { despiteOpenCopies: true } : {}) };
  if (parent.kind !== 'campaign') {
    const { followUp: _followUp, maxAssets: _max, waitFor: _waitFor, ...request } = parent.request;
    const { script } = parent;
    // The script that ran, with the content that ran: another one is nothing that anybody approved of.
    const pin = script ? { script: script.id, ...(script.sha256 === undefined ? {} : { scriptSha256: script.sha256 }) } : {};
    return { workflow: 'remediationRun', input: { ...request, ...pin, reason, requestedBy: by, targets } };
  }
  const campaign = await ledger.campaigns.get<FrozenPlan>(parent.id);
  const stored = campaign?.plan as StoredPlan | undefined;
  if (!stored) throw new Error(`The ledger has no plan of the campaign ${parent.id}.`);
  return {
    workflow: 'remediationCampaign',
    input: { ...retryPlan(stored, campaign?.frozen?.scripts ?? {}), reason, requestedBy: by, targets },
  };
}

/** All steps, windows and limits of the plan, in one wave: with the last rules that it has for a wave, and nobody's leave left out. */
function retryPlan(stored: StoredPlan, scripts: FrozenPlan['scripts']): Omit<CampaignPlanInput, 'targets'> {
  const { followUp: _followUp, maxAssets: _max, waitFor: _waitFor, approval: _approval, soak: _soak, waves: _waves, ...plan } = stored;
  const rules = wavesOf(stored);
  const last = rules.at(-1);
  const approval = lastApproval(stored);
  const wave: Wave = { name: 'retry', ...(approval ? { approval: approvalOf(approval) } : {}) };
  if (last?.errorBudget) wave.errorBudget = last.errorBudget;
  if (last) wave.inconclusive = last.inconclusive;
  const steps = Object.fromEntries(
    Object.entries(plan.steps).map(([name, step]) => {
      const { id, sha256 } = scripts[name] ?? {};
      return [name, { ...step, ...(id === undefined ? {} : { script: id }), ...(sha256 === undefined ? {} : { sha256 }) }];
    }),
  ) as typeof plan.steps;
  return { ...plan, steps, waves: [wave] };
}

type Wave = NonNullable<CampaignPlanInput['waves']>[number];

function approvalOf({ approvers, ...approval }: PlaybookApproval): Exclude<Wave['approval'], undefined> {
  return { ...approval, ...(approvers === undefined ? {} : { approvers: [...approvers] }) };
}

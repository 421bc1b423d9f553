// `overhaul retry` on what has ended: a run or campaign of its own over the assets that were left, linked to the one before.
import type { z } from 'zod';
import { lastApproval, type StoredPlan } from '../../activities/campaign/step-request.js';
import type { RetryOrderSchema } from '../../contracts/messages.js';
import { type CampaignPlanInput, wavesOf } from '../../contracts/plan.js';
import { MAX_EXPLICIT_TARGETS } from '../../contracts/request.js';
import { OVERRIDING } from '../../domain/execution/may-still-run.js';
import type { PlaybookApproval } from '../../domain/run/approval.js';
import type { FrozenPlan } from '../../domain/run/plan-digest.js';
import type { Ledger } from '../../ledger/index.js';
import type { RunRow } from '../../ledger/rows/run.js';
import type { RunStart, WorkflowInput } from '../../temporal/start-run.js';
import { withLedger } from '../data/ledger-access.js';
import { unknownRun } from '../data/sources.js';
import { CommandFailed, EXIT, type ExitCode, type Invocation, writeJson, writeLine } from '../invocation/context.js';
import type { SayOnInterrupt } from '../invocation/interrupted.js';
import { settingsOf } from '../invocation/settings.js';
import { counted } from '../terminal/count-text.js';
import { startOnce } from './workflow.js';

interface Retrying {
  parentId: string;
  isKnownToTemporal: boolean;
  order: z.output<typeof RetryOrderSchema>;
  say: SayOnInterrupt;
}

/** In the parent's audit log: which outcomes were put into which linked run. */
const LINKED = 'retry-linked';

/** Starts it, once for each outcome of the parent, and prints its id. Throws `CommandFailed` with what to do instead. */
export function startLinkedRun(invocation: Invocation, { parentId, isKnownToTemporal, order, say }: Retrying): Promise<ExitCode> {
  return withLedger(invocation, async (ledger) => {
    const parent = await ledger.runs.get(parentId);
    if (!parent) throw isKnownToTemporal ? notOpened(parentId) : unknownRun(parentId);
    refuseUnfit(parent);
    const earlier = await linkedBefore(ledger, parentId);
    refuseSecond(parentId, earlier, order.outcomes);
    const assetIds = await assetsLeft(ledger, parentId, order.outcomes);
    const workflowId = `${parentId}/retry-${earlier.length + 1}`;
    const reason = `retry of ${parentId}${order.reason === undefined ? '' : `: ${order.reason}`}`;
    const { taskQueue } = settingsOf(invocation);
    // Whoever names such an outcome overrides the rule that an open copy gets no second one; of failed ones alone nobody does.
    const despite = order.outcomes.some((outcome) => OVERRIDING.includes(outcome));
    // What asked for an approval asks for it again. A campaign has its rules in its plan.
    const approval = parent.kind === 'run' && parent.approval ? { approval: parent.approval } : {};
    const memo = { retryOf: parentId, recheckOf: parentId, retriedBy: order.by, ...approval };
    const start: RunStart = { ...(await inputOf(ledger, parent, { assetIds, reason, despite })), workflowId, taskQueue, memo };
    const temporal = await invocation.connectTemporal();
    try {
      await startOnce(invocation, temporal, { start, say });
    } finally {
      await temporal.close();
    }
    const { by, outcomes } = order;
    const why = order.reason === undefined ? {} : { reason: order.reason };
    await ledger.audit.add(parentId, {
      actor: by,
      action: LINKED,
      detail: JSON.stringify({ ...why, workflowId, outcomes, assets: assetIds.length }),
    });
    await ledger.audit.add(workflowId, { actor: by, action: 'retry-of', detail: JSON.stringify({ ...why, parent: parentId, outcomes }) });
    if (invocation.json) await writeJson(invocation.stdout, { workflowId, retryOf: parentId, assets: assetIds.length });
    else {
      await writeLine(invocation.stderr, `It has ${counted(assetIds.length, 'asset')} that ${outcomes.join(' or ')} in ${parentId}.`);
      await writeLine(invocation.stdout, workflowId);
    }
    return EXIT.done;
  });
}

function refuseUnfit({ id, kind, campaign, report, finishedAt }: RunRow): void {
  if (kind === 'step' && campaign)
    throw new CommandFailed(EXIT.usage, `${id} is a step of campaign ${campaign.id}. Retry the campaign: overhaul retry ${campaign.id}`);
  if (finishedAt === undefined)
    throw new CommandFailed(
      EXIT.notSucceeded,
      `${id} has ended without its report. A worker closes it within a few minutes. Try again when \`overhaul show ${id}\` has the report.`,
    );
  if (!report) throw new CommandFailed(EXIT.usage, `${id} failed before anything was sent. Nothing to retry. Start it again.`);
}

function notOpened(id: string): CommandFailed {
  return new CommandFailed(EXIT.usage, `${id} is not in this ledger: no worker started it. Nothing to retry.`);
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
    throw new CommandFailed(
      EXIT.usage,
      `The ${twice.join(' and ')} assets of ${parentId} are already in ${workflowId}. Retry what it left: overhaul retry ${workflowId}`,
    );
  }
}

async function assetsLeft({ reader }: Ledger, parentId: string, outcomes: Retrying['order']['outcomes']): Promise<string[]> {
  const assetIds: string[] = [];
  for (const outcome of new Set(outcomes)) {
    for await (const { assetId } of reader.allAssets(parentId, { outcome })) assetIds.push(assetId);
  }
  if (assetIds.length === 0)
    throw new CommandFailed(EXIT.usage, `${parentId} has no assets with outcome ${outcomes.join(' or ')}. Nothing to retry.`);
  if (assetIds.length > MAX_EXPLICIT_TARGETS)
    throw new CommandFailed(
      EXIT.usage,
      `${counted(assetIds.length, 'asset')} of ${parentId} exceed the limit of ${MAX_EXPLICIT_TARGETS} per request. Start a run by tag or query, or retry fewer outcomes.`,
    );
  return assetIds;
}

/** What was asked for before, over what was left. Its follow-up is left out: the parent has had it. */
async function inputOf(
  ledger: Ledger,
  parent: RunRow,
  { assetIds, reason, despite }: { assetIds: string[]; reason: string; despite: boolean },
): Promise<WorkflowInput> {
  const targets = { assetIds, ...(despite ? { despiteOpenCopies: true } : {}) };
  if (parent.kind !== 'campaign') {
    const { followUp: _followUp, maxAssets: _max, waitFor: _waitFor, ...request } = parent.request;
    const { script } = parent;
    // The script that ran, with the content that ran: another one is nothing that anybody approved of.
    const pin = script ? { script: script.id, ...(script.sha256 === undefined ? {} : { scriptSha256: script.sha256 }) } : {};
    return { workflow: 'remediationRun', input: { ...request, ...pin, reason, targets } };
  }
  const campaign = await ledger.campaigns.get<FrozenPlan>(parent.id);
  const stored = campaign?.plan as StoredPlan | undefined;
  if (!stored) throw new Error(`The ledger has no plan of the campaign ${parent.id}.`);
  return {
    workflow: 'remediationCampaign',
    input: { ...retryPlan(stored, campaign?.frozen?.scripts ?? {}), reason, targets },
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

// Freezes what a campaign was planned to be: its scripts, its cohort, its waves, and the digest that approvals are bound to.
import { activityInfo } from '@temporalio/activity';
import { type CampaignPlan, lastApproval, type StoredPlan } from '../../contracts/plan.js';
import { CAMPAIGN_STEPS, type CampaignStepName } from '../../domain/campaign/step.js';
import type { ApprovalRule } from '../../domain/run/approval.js';
import type { Blocked } from '../../domain/run/blocked.js';
import { type FrozenPlan, overridesOf, planDigest } from '../../domain/run/plan-digest.js';
import type { Issued } from '../../domain/run/snapshot.js';
import type { TicketStart } from '../../domain/run/ticket-start.js';
import { readNotJoined } from '../../domain/targets/join-record.js';
import type { FrozenCohort } from '../../ledger/cohort/freeze.js';
import { sha256 } from '../../ledger/policy/approved-plan.js';
import type { Script } from '../../qualys/types.js';
import { namespaceIdOf } from '../../temporal/namespace-id.js';
import type { ActivityDependencies } from '../dependencies.js';
import { nonRetryable } from '../failures.js';
import { withHeartbeat } from '../heartbeat.js';
import { passEasmGate } from '../opening/easm-gate.js';
import { readFollowUpScript, refuseImpossibleFollowUp } from '../opening/follow-up.js';
import { resolveTargets } from '../opening/resolve-targets.js';
import { blockedOrThrow, goOn, logWarnings, noTargets, tooManyAssets } from '../opening/run.js';
import { refusedForRun } from '../policy/refused-script.js';
import { goOnUnlessStale } from '../stale-ledger.js';
import { readTargets } from '../targets/read.js';
import { refuseUsedUp } from '../tickets/superseded.js';
import { cutWaves } from './cut-waves.js';
import { campaignRequest, campaignRules } from './step-request.js';

export interface OpenCampaignInput {
  runId: string;
  firstExecutionId: string;
  namespace: string;
  plan: StoredPlan;
  /** The campaign or run that this one looks at again, as its memo says. */
  parentId?: string | undefined;
  ticketStart?: TicketStart | undefined;
  /** The reason for waiting that the workflow shows already. */
  reported?: Blocked | undefined;
}

export type OpenCampaignResult =
  | {
      kind: 'opened';
      digest: string;
      cohort: FrozenCohort;
      waves: { name: string; size: number }[];
      /** What policy asks of a cohort of this size, whatever the plan says. */
      approval?: ApprovalRule | undefined;
    }
  | { kind: 'blocked'; blocked: Blocked };

export function createOpenCampaign(dependencies: ActivityDependencies) {
  return {
    async openCampaign(input: OpenCampaignInput): Promise<OpenCampaignResult> {
      try {
        return await withHeartbeat(async () => {
          await goOnUnlessStale(dependencies.ledger);
          await register(dependencies, input);
          return openWith(dependencies, input);
        });
      } catch (error) {
        return blockedOrThrow(error, input.reported);
      }
    },

    async registerCampaign(input: Omit<OpenCampaignInput, 'reported'>): Promise<void> {
      await register(dependencies, input);
    },

    /** Before a wave: do the scripts still say what was approved? Their drift makes another plan, with another digest. */
    async recheckPlan({ runId, issued, reported }: RecheckInput): Promise<RecheckResult> {
      try {
        await goOnUnlessStale(dependencies.ledger, { runId, known: issued });
        return await recheck(dependencies, runId);
      } catch (error) {
        return blockedOrThrow(error, reported);
      }
    },
  };
}

export interface RecheckInput {
  runId: string;
  /** What the workflow knows to have been issued over all steps: a ledger that knows less begins none. */
  issued?: Issued | undefined;
  reported?: Blocked | undefined;
}

export type RecheckResult =
  | { kind: 'checked'; digest: string; isApproved: boolean; drift: string[] }
  | { kind: 'blocked'; blocked: Blocked };

async function register({ ledger, client }: ActivityDependencies, input: Omit<OpenCampaignInput, 'reported'>): Promise<void> {
  const { runId, firstExecutionId, namespace, plan, parentId, ticketStart } = input;
  const namespaceId = await namespaceIdOf(client, namespace);
  const opened = await ledger.runs.open({
    id: runId,
    firstExecutionId,
    namespace,
    namespaceId,
    request: campaignRequest(plan),
    kind: 'campaign',
    parentId,
    rules: campaignRules(plan),
    approval: lastApproval(plan),
    ticketStart,
  });
  await refuseUsedUp(ledger, opened, { runId, request: plan });
  await ledger.campaigns.register(runId, plan);
}

async function openWith(dependencies: ActivityDependencies, input: OpenCampaignInput): Promise<OpenCampaignResult> {
  const { ledger } = dependencies;
  const { runId, plan } = input;
  const opening = await ledger.cohort.begin(runId);
  if (!opening) throw nonRetryable('AlreadyRun', `The campaign ${runId} has ended in this ledger. Start again with another id.`);
  const cohort = 'frozen' in opening ? opening.frozen : await freezeCohort(dependencies, input, opening.attempt);
  if (cohort.size === 0) throw nonRetryable('NoTargets', noTargets(readNotJoined(await ledger.audit.of(runId))));
  const tooMany = tooManyAssets(cohort.size, plan.maxAssets);
  if (tooMany !== undefined) throw nonRetryable('PolicyViolation', tooMany);
  if ((await ledger.campaigns.get(runId))?.digest === undefined) {
    const waves = await cutWaves(dependencies, { runId, plan, cohortSize: cohort.size, onPage: goOn });
    const scripts = await readScripts(dependencies, runId, plan);
    const run = await ledger.runs.get(runId);
    const overrides = run && overridesOf(run);
    await ledger.campaigns.freeze(runId, { ...frozenPlan({ plan, scripts, cohort, overrides, waves }), waves });
  }
  const stored = await ledger.campaigns.get<FrozenPlan>(runId);
  const above = (await ledger.policies.inForce(dependencies.policy)).policy.approval?.aboveAssets;
  return {
    kind: 'opened',
    digest: stored?.digest ?? '',
    cohort,
    waves: (await ledger.campaigns.waves(runId)).map(({ name, size }) => ({ name, size })),
    approval: above !== undefined && cohort.size > above ? { quorum: 1, allowRequester: false } : undefined,
  };
}

async function freezeCohort(dependencies: ActivityDependencies, input: OpenCampaignInput, attempt: number): Promise<FrozenCohort> {
  const { ledger, client } = dependencies;
  const { runId, plan } = input;
  await passEasmGate(dependencies, { runId, request: campaignRequest(plan) });
  const { remediate } = await readScripts(dependencies, runId, plan);
  if (!remediate) throw new Error('A plan always has a remediate step.');
  await refuseImpossibleFollowUp(dependencies, { runId, followUp: plan.followUp });
  await ledger.runs.setScript(runId, { id: remediate.id, title: remediate.title, sha256: remediate.sha256 });
  const targets = await readTargets(client, { ...input, workflowId: runId }, 'campaign');
  const tagsSeen = plan.strategy === 'assets' ? undefined : new Map<string, number>();
  const cohort = await resolveTargets(dependencies, { runId, attempt, targets, script: remediate, onPage: goOn, tagsSeen });
  await logWarnings(dependencies, runId);
  if (tagsSeen) await ledger.runs.setTagsSeen(runId, tagsSeen);
  return cohort;
}

/** By step; `followUp` where it has a script of its own. */
export type StepScripts = Partial<Record<CampaignStepName | 'followUp', Script>>;

/** The scripts of all steps, each allowed by policy, approved, and with the content that the plan pins. */
async function readScripts(dependencies: ActivityDependencies, runId: string, plan: StoredPlan): Promise<StepScripts> {
  const { scripts, refusals } = await readStepScripts(dependencies, runId, plan);
  const [refusal] = refusals;
  if (refusal) throw nonRetryable(refusal.type, refusal.message);
  return scripts;
}

/** The same, with every refusal instead of the first. */
export async function readStepScripts(
  { ledger, qualys, policy: own }: Pick<ActivityDependencies, 'ledger' | 'qualys' | 'policy'>,
  runId: string,
  plan: StoredPlan,
): Promise<{ scripts: StepScripts; refusals: NonNullable<ReturnType<typeof refusedForRun>>[] }> {
  const { policy } = await ledger.policies.inForce(own);
  const scripts: StepScripts = {};
  const refusals: NonNullable<ReturnType<typeof refusedForRun>>[] = [];
  for (const step of CAMPAIGN_STEPS) {
    const wanted = plan.steps[step];
    if (!wanted) continue;
    const script = await qualys.script(wanted.script, { runId });
    const refusal = refusedForRun(script, { scriptSha256: wanted.sha256 }, policy);
    if (refusal) refusals.push({ ...refusal, message: `Step ${step}: ${refusal.message}` });
    scripts[step] = script;
  }
  const followUp = await readFollowUpScript({ qualys, policy }, runId, plan);
  if (followUp?.refusal) refusals.push(followUp.refusal);
  if (followUp) scripts.followUp = followUp.script;
  return { scripts, refusals };
}

/** What approvals are bound to, and its digest: the same for the campaign and for whoever plans it. */
export function frozenPlan({
  plan,
  scripts,
  cohort,
  overrides,
  waves,
}: Omit<FrozenPlan, 'plan' | 'scripts'> & { plan: StoredPlan; scripts: StepScripts }): {
  frozen: FrozenPlan;
  digest: string;
} {
  const frozen: FrozenPlan = { plan, scripts: named(scripts), cohort, overrides, waves };
  return { frozen, digest: planDigest(frozen, sha256) };
}

async function recheck(dependencies: ActivityDependencies, runId: string): Promise<RecheckResult> {
  const { ledger } = dependencies;
  const stored = await ledger.campaigns.get<FrozenPlan>(runId);
  if (!stored?.frozen || stored.digest === undefined) throw new Error(`The ledger has no frozen plan of ${runId}.`);
  const reading = await ledger.scriptReadings.begin(runId);
  const scripts = await readScripts(dependencies, runId, stored.plan as CampaignPlan);
  const { digest, isApproved, drift } = await ledger.campaigns.noteScripts(runId, named(scripts));
  if (drift.length > 0)
    await ledger.audit.add(runId, { action: 'plan-drift', detail: `attempt ${activityInfo().attempt}: ${drift.join(', ')}` });
  await ledger.scriptReadings.end(runId, reading);
  return { kind: 'checked', digest, isApproved, drift };
}

function named(scripts: StepScripts): FrozenPlan['scripts'] {
  return Object.fromEntries(Object.entries(scripts).map(([step, { id, title, sha256: hash }]) => [step, { id, title, sha256: hash }]));
}

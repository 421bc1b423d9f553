// The opening of a campaign without the campaign: the same code that freezes cohort, waves and digest, over a ledger that is thrown away.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cutWaves } from '../../activities/campaign/cut-waves.js';
import { frozenPlan, readStepScripts, type StepScripts } from '../../activities/campaign/open.js';
import { campaignRequest, campaignRules, stepRequest } from '../../activities/campaign/step-request.js';
import { type AskingOfFollowUp, followUpProblem } from '../../activities/opening/follow-up.js';
import { type ResolvingWith, resolveTargets } from '../../activities/opening/resolve-targets.js';
import { planExecutions } from '../../activities/tags/plan.js';
import { type CampaignPlan, type StoredPlan, wavesOf } from '../../contracts/plan.js';
import { overridesOf } from '../../domain/run/plan-digest.js';
import { type NotJoinedList, readNotJoined } from '../../domain/targets/join-record.js';
import type { FrozenCohort } from '../../ledger/cohort/freeze.js';
import { type Ledger, openLedger } from '../../ledger/index.js';
import { skippedByReason } from '../../ledger/reads/cohort-by-outcome.js';
import type { PlannedByTags } from '../dry-run/cost.js';
import { plannedIn, refusedCohort } from '../dry-run/resolve.js';

/** As calls of a campaign that does not exist are entered in the call log. */
const CAMPAIGN_ID = 'plan';

export interface ResolvedWave {
  name: string;
  size: number;
  /** Without those that are left alone. */
  toSend: number;
  /** Undefined where everything of it goes by ids. */
  byTags?: PlannedByTags | undefined;
}

/** Why the campaign would fail instead of sending anything; `type` is one of the contract's words. */
export interface Refusal {
  type: string;
  message: string;
}

export interface ResolvedPlan {
  scripts: StepScripts;
  cohort: FrozenCohort;
  /** Assets of the cohort that would be left alone, by reason. */
  skipped: Record<string, number>;
  notJoined: NotJoinedList;
  warnings: string[];
  /** Empty where the cohort could not be cut. */
  waves: ResolvedWave[];
  /** What approvals will be bound to; undefined for a plan that is refused. */
  digest?: string | undefined;
  refusals: Refusal[];
  ledger: Ledger;
  /** The campaign in that ledger. */
  campaignId: string;
}

type Using = Omit<ResolvingWith, 'ledger'> & {
  signal: AbortSignal;
  /** Whose schedules they would be, and what the ledger of the runs knows of that. */
  asking: Omit<AskingOfFollowUp, 'qualys'>;
};

/** Resolves the plan as the campaign would, and hands the result to `work` before the ledger is removed. */
export async function withResolvedPlan<T>(
  { signal, ...using }: Using,
  plan: CampaignPlan,
  work: (resolved: ResolvedPlan) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'overhaul-plan-'));
  try {
    const ledger = await openLedger({ url: `sqlite:${join(folder, 'ledger.db')}`, create: true, caps: using.policy.caps });
    try {
      return await work(await resolve({ ...using, ledger }, plan, () => signal.throwIfAborted()));
    } finally {
      await ledger.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function resolve(
  using: ResolvingWith & Pick<Using, 'asking'>,
  { targets, ...plan }: CampaignPlan,
  onPage: () => void,
): Promise<ResolvedPlan> {
  const { ledger } = using;
  const { scripts, refusals: ofScripts } = await readStepScripts(using, CAMPAIGN_ID, plan);
  const refusals: Refusal[] = [...ofScripts];
  if (refusals.length === 0) {
    const found = await followUpProblem({ ...using.asking, qualys: using.qualys }, { runId: CAMPAIGN_ID, followUp: plan.followUp });
    if (found) refusals.push({ type: 'InvalidRequest', message: `${found.path}: ${found.problem}` });
  }
  const script = scripts.remediate;
  if (!script) throw new Error('A plan always has a remediate step.');
  await ledger.runs.open({
    ...{ id: CAMPAIGN_ID, firstExecutionId: CAMPAIGN_ID, namespace: CAMPAIGN_ID, kind: 'campaign' },
    request: campaignRequest(plan),
    rules: campaignRules(plan),
  });
  await ledger.campaigns.register(CAMPAIGN_ID, plan);
  const opening = await ledger.cohort.begin(CAMPAIGN_ID);
  if (!opening || 'frozen' in opening) throw new Error('The ledger of the plan is not empty.');
  const tagsSeen = plan.strategy === 'assets' ? undefined : new Map<string, number>();
  const { attempt } = opening;
  const cohort = await resolveTargets(using, { runId: CAMPAIGN_ID, attempt, targets, script, onPage, tagsSeen });
  const notJoined = readNotJoined(await ledger.audit.of(CAMPAIGN_ID));
  const refusal = refusedCohort(cohort, plan, notJoined);
  const cut = refusal ?? (await cutOrRefuse(using, plan, { cohortSize: cohort.size, onPage }));
  if ('type' in cut) refusals.push(cut);
  const waves = 'type' in cut ? [] : cut;
  const isRefused = refusals.length > 0;
  const digest = isRefused ? undefined : frozenPlan({ plan, scripts, cohort, overrides: overridesOf(targets), waves }).digest;
  if (digest !== undefined) await ledger.campaigns.freeze(CAMPAIGN_ID, { frozen: {}, digest, waves });
  const skipped = await skippedByReason(ledger.database, CAMPAIGN_ID);
  const warnings = await ledger.runs.warnings(CAMPAIGN_ID);
  const resolved = { scripts, cohort, skipped, notJoined, warnings, digest, refusals, ledger };
  const planned: ResolvedWave[] = [];
  for (const [index, wave] of waves.entries())
    planned.push({ ...wave, ...(await inWave(using, { plan, wave: index + 1, script: script.id, tagsSeen, onPage })) });
  return { ...resolved, waves: planned, campaignId: CAMPAIGN_ID };
}

/** Activities fail with a failure of Temporal's, whose type is the contract's word. */
async function cutOrRefuse(
  using: ResolvingWith,
  plan: StoredPlan,
  { cohortSize, onPage }: { cohortSize: number; onPage: () => void },
): Promise<{ name: string; size: number }[] | Refusal> {
  try {
    return await cutWaves(using, { runId: CAMPAIGN_ID, plan, cohortSize, onPage });
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'ApplicationFailure' || !('type' in error)) throw error;
    return { type: String(error.type), message: error.message };
  }
}

interface InWave {
  plan: StoredPlan;
  wave: number;
  script: string;
  /** Undefined where the strategy asks for none. */
  tagsSeen: ReadonlyMap<string, number> | undefined;
  onPage: () => void;
}

/** What a wave would send: its remediation as its step would open it, with the tags that the planner finds for it. */
async function inWave(
  using: ResolvingWith,
  { plan, wave, script, tagsSeen, onPage }: InWave,
): Promise<Pick<ResolvedWave, 'toSend' | 'byTags'>> {
  const { ledger } = using;
  const toSend = (await ledger.campaigns.waveCounts(CAMPAIGN_ID, wave)).counts.pending;
  if (!tagsSeen || toSend === 0) return { toSend };
  const step = { campaignId: CAMPAIGN_ID, wave, step: 'remediate' } as const;
  const runId = `${CAMPAIGN_ID}/${wave}`;
  const request = stepRequest(plan, 'remediate', script, { errorBudget: wavesOf(plan)[wave - 1]?.errorBudget });
  const ids = { id: runId, firstExecutionId: runId, namespace: CAMPAIGN_ID };
  await ledger.runs.open({ ...ids, request, kind: 'step', campaign: { id: CAMPAIGN_ID, wave, step: 'remediate' } });
  const opening = await ledger.cohort.begin(runId);
  if (!opening || 'frozen' in opening) throw new Error('The ledger of the plan is not empty.');
  await ledger.campaigns.fillStep(runId, step);
  await ledger.cohort.freeze(runId, { attempt: opening.attempt });
  await planExecutions(using, { runId, strategy: plan.strategy, tagsSeen, onPage });
  return { toSend, byTags: await plannedIn(ledger, runId) };
}

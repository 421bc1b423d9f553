// The opening of a run without the run: the same code that freezes a cohort, over a ledger that is thrown away.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AskingOfFollowUp, followUpProblem, impossibleFollowUp, readFollowUpScript } from '../../activities/opening/follow-up.js';
import { type ResolvingWith, resolveTargets } from '../../activities/opening/resolve-targets.js';
import { namedScript, noTargets, tooManyAssets } from '../../activities/opening/run.js';
import { refusedForRun } from '../../activities/policy/refused-script.js';
import { planExecutions } from '../../activities/tags/plan.js';
import type { Problem, RemediationRequest } from '../../contracts/request.js';
import { frozenRun, overridesOf, planDigest } from '../../domain/run/plan-digest.js';
import { type NotJoinedList, readNotJoined } from '../../domain/targets/join-record.js';
import type { FrozenCohort } from '../../ledger/cohort/freeze.js';
import { type Ledger, openLedger } from '../../ledger/index.js';
import { sha256 } from '../../ledger/policy/approved-plan.js';
import { plannedSizes, skippedByReason } from '../../ledger/reads/cohort-by-outcome.js';
import type { Script } from '../../qualys/types.js';
import { CommandFailed, EXIT } from '../invocation/context.js';
import type { PlannedByTags } from './cost.js';

/** As calls of a run that does not exist are entered in the call log. */
const RUN_ID = 'dry-run';

export interface Resolved {
  script: Script;
  cohort: FrozenCohort;
  /** Assets of the cohort that would be left alone, by reason. */
  skipped: Record<string, number>;
  notJoined: NotJoinedList;
  /** Why the run would fail instead of sending anything; `type` is one of the contract's words. */
  refusal?: { type: string; message: string } | undefined;
  /** What an approval would be bound to; undefined for a run that is refused. */
  digest?: string | undefined;
  /** Undefined where everything goes by ids. */
  byTags?: PlannedByTags | undefined;
  warnings: string[];
  ledger: Ledger;
  /** The run in that ledger. */
  runId: string;
}

type Resolving = Omit<ResolvingWith, 'ledger'> & {
  /** Whose schedules they would be, and what the ledger of the runs knows of that. */
  asking: Omit<AskingOfFollowUp, 'qualys'>;
};

/** Resolves the targets as the run would, and hands the result to `work` before the ledger is removed. */
export async function withResolved<T>(
  { signal, ...using }: Resolving & { signal: AbortSignal },
  request: RemediationRequest,
  work: (resolved: Resolved) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'overhaul-dry-run-'));
  try {
    const ledger = await openLedger({ url: `sqlite:${join(folder, 'ledger.db')}`, create: true, caps: using.policy.caps });
    try {
      return await work(await resolve({ ...using, ledger }, request, () => signal.throwIfAborted()));
    } finally {
      await ledger.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function resolve(
  using: Resolving & Pick<ResolvingWith, 'ledger'>,
  { targets, ...request }: RemediationRequest,
  onPage: () => void,
): Promise<Resolved> {
  const { ledger, qualys, policy } = using;
  const script = await qualys.script(request.script, { runId: RUN_ID });
  const refusedScript = refusedForRun(script, request, policy);
  if (!refusedScript) refuse(await followUpProblem({ ...using.asking, qualys }, { runId: RUN_ID, followUp: request.followUp }));
  await ledger.runs.open({ id: RUN_ID, firstExecutionId: RUN_ID, namespace: RUN_ID, request });
  const opening = await ledger.cohort.begin(RUN_ID);
  if (!opening || 'frozen' in opening) throw new Error('The ledger of the dry run is not empty.');
  const { attempt } = opening;
  const tagsSeen = new Map<string, number>();
  const counting = request.strategy === 'assets' ? {} : { tagsSeen };
  const cohort = await resolveTargets(using, { runId: RUN_ID, attempt, targets, script, onPage, ...counting });
  const notJoined = readNotJoined(await ledger.audit.of(RUN_ID));
  const followUp = refusedScript ? undefined : await readFollowUpScript(using, RUN_ID, request);
  const refusal = refusedScript ?? followUp?.refusal ?? refusedCohort(cohort, request, notJoined);
  if (!refusal) await planExecutions(using, { runId: RUN_ID, strategy: request.strategy, tagsSeen, onPage });
  return {
    script,
    cohort,
    skipped: await skippedByReason(ledger.database, RUN_ID),
    notJoined,
    refusal,
    digest: refusal
      ? undefined
      : planDigest(
          frozenRun({ request, cohort, overrides: overridesOf(targets), script: namedScript(script), ...followUpOf(followUp) }),
          sha256,
        ),
    byTags: await plannedIn(ledger, RUN_ID),
    warnings: await ledger.runs.warnings(RUN_ID),
    ledger,
    runId: RUN_ID,
  };
}

function followUpOf(followUp: { script: Script } | undefined) {
  return followUp ? { followUpScript: namedScript(followUp.script) } : {};
}

/** Without Qualys: by its dates alone. Throws what the run fails with, as an `InvalidRequest`. */
export function refuseFollowUp({ followUp }: Pick<RemediationRequest, 'followUp'>, at: { now: number; timezone: string }): void {
  refuse(impossibleFollowUp(followUp, at));
}

function refuse(found: Problem | undefined): void {
  if (found) throw new CommandFailed(EXIT.usage, `${found.path}: ${found.problem}. The run would be refused. Nothing was sent.`);
}

export function refusedCohort({ size }: FrozenCohort, { maxAssets }: Pick<RemediationRequest, 'maxAssets'>, notJoined: NotJoinedList) {
  if (size === 0) return { type: 'NoTargets', message: noTargets(notJoined) };
  const message = tooManyAssets(size, maxAssets);
  return message === undefined ? undefined : { type: 'PolicyViolation', message };
}

/** What the tag planner made of the run. */
export async function plannedIn({ database }: Ledger, runId: string): Promise<PlannedByTags | undefined> {
  const rows = await plannedSizes(database, runId);
  if (rows.length === 0) return undefined;
  // A call for each tag at least, and one for each further thousand of its members.
  const rereads = rows.map(({ size, tagIds }) => tagIds.length + Math.floor(size / 1_000));
  return { executions: rows.length, assets: sum(rows.map(({ size }) => size)), rereads: sum(rereads) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

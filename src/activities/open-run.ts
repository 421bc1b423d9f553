import { activityInfo, CancelledFailure, Context, heartbeat } from '@temporalio/activity';
import type { ApprovalRule, PlaybookApproval } from '../domain/approval.js';
import type { Blocked } from '../domain/blocked.js';
import { QqlUnsafe } from '../domain/qql.js';
import type { FrozenCohort } from '../ledger/cohort.js';
import type { StoredRequest } from '../ledger/runs.js';
import { QualysError } from '../qualys/errors.js';
import type { Script } from '../qualys/qualys.js';
import { namespaceIdOf } from '../temporal/namespace-id.js';
import type { ActivityDependencies } from './dependencies.js';
import { blockedBy, failureTypeOf, later, never, waitAfter } from './outcome-of-attempt.js';
import { readTargets } from './read-targets.js';
import { resolveTargets, UnresolvedTargets } from './resolve-targets.js';

export interface OpenRunInput {
  runId: string;
  firstExecutionId: string;
  namespace: string;
  /** Without its targets: they stay in the first event, where `readTargets` finds them. */
  request: StoredRequest;
  /** What the playbook asks for, when a ticket started the run through one. */
  playbookApproval?: PlaybookApproval | undefined;
  /** The reason for waiting that the workflow shows already. */
  shown?: Blocked | undefined;
}

export type OpenRunResult =
  | {
      kind: 'opened';
      script: { id: string; title: string };
      cohort: { size: number; digest: string };
      approval?: ApprovalRule | undefined;
    }
  | { kind: 'blocked'; blocked: Blocked };

type Registration = Pick<OpenRunInput, 'runId' | 'firstExecutionId' | 'namespace' | 'request'>;

/** Registers the run, reads its script, and freezes its cohort. Repeating it changes nothing; a refusal leaves nothing to be sent. */
export function createOpenRun(dependencies: ActivityDependencies) {
  return {
    async openRun(input: OpenRunInput): Promise<OpenRunResult> {
      await register(dependencies, input);
      const beat = setInterval(() => heartbeat(), 3_000);
      try {
        return await openWith(dependencies, input);
      } catch (error) {
        return blockedOrThrow(error, input.shown);
      } finally {
        clearInterval(beat);
      }
    },

    /** Enters a run that is cancelled before it is open: its id is used from now on, and its report has a place. */
    async registerRun(input: Registration): Promise<void> {
      await register(dependencies, input);
    },
  };
}

async function register({ ledger, client }: ActivityDependencies, run: Registration): Promise<void> {
  const { runId, firstExecutionId, namespace, request } = run;
  const namespaceId = await namespaceIdOf(client, namespace);
  if ((await ledger.runs.open({ id: runId, firstExecutionId, namespace, namespaceId, request })) !== 'already-run') return;
  throw never(
    'AlreadyRun',
    `The workflow id ${runId} has had another run in this ledger. An id is used once: start again under another one.`,
  );
}

async function openWith(dependencies: ActivityDependencies, input: OpenRunInput): Promise<OpenRunResult> {
  const { ledger } = dependencies;
  const { runId, request } = input;
  const opening = await ledger.cohort.begin(runId);
  if (!opening) throw never('AlreadyRun', `The run ${runId} has ended in this ledger. An id is used once: start again under another one.`);
  const cohort = 'frozen' in opening ? opening.frozen : await freezeCohort(dependencies, input, opening.attempt);
  // As it was approved with the cohort, also when another attempt did it.
  const script = (await ledger.runs.get(runId))?.script;
  if (!script) throw new Error(`The ledger knows no script of the run ${runId}.`);
  if (cohort.size === 0) throw never('NoTargets', 'The targets name no asset: the cohort is empty, so there is nothing to run on.');
  if (request.maxAssets !== undefined && cohort.size > request.maxAssets) {
    throw never('PolicyViolation', `The cohort has ${cohort.size} assets and maxAssets is ${request.maxAssets}. Nothing was sent.`);
  }
  return {
    kind: 'opened',
    script: { id: script.id, title: script.title },
    cohort,
    approval: approvalFor(dependencies, input, cohort.size),
  };
}

async function freezeCohort(dependencies: ActivityDependencies, input: OpenRunInput, attempt: number): Promise<FrozenCohort> {
  const { ledger, qualys, policy } = dependencies;
  const { runId, request } = input;
  const script = await qualys.script(request.script, { runId });
  refuseScript(script, request, policy.scripts?.allow);
  await ledger.runs.setScript(runId, { id: script.id, title: script.title, sha256: script.sha256 });
  const targets = await readTargets(dependencies.client, { ...input, workflowId: runId });
  return resolveTargets(dependencies, { runId, attempt, targets, script, onPage: goOn });
}

/** A run that is cancelled does not walk its cohort to the end. */
function goOn(found: { source: string; rows: number }): void {
  heartbeat(found);
  if (Context.current().cancellationSignal.aborted) throw new CancelledFailure('The run was cancelled while it was being opened.');
}

/** Why the script may not run, by policy or by its own state. */
export function refusedScript(
  script: Pick<Script, 'id' | 'title' | 'status'>,
  allowed: readonly string[] | undefined,
): { type: 'PolicyViolation' | 'ScriptNotRunnable'; message: string } | undefined {
  const named = `${script.id} (${script.title})`;
  if (allowed && !allowed.includes(script.id)) {
    const message = `Policy does not allow script ${named}. Allowed: ${allowed.slice(0, 20).join(', ') || 'none'}.`;
    return { type: 'PolicyViolation', message };
  }
  if (script.status === '' || script.status === 'APPROVED') return undefined;
  return { type: 'ScriptNotRunnable', message: `Script ${named} is ${script.status}: only an approved script may run.` };
}

function refuseScript(script: Script, request: StoredRequest, allowed: readonly string[] | undefined): void {
  const refusal = refusedScript(script, allowed);
  if (refusal) throw never(refusal.type, refusal.message);
  if (request.scriptSha256 !== undefined && script.sha256 !== request.scriptSha256) {
    throw never(
      'ScriptNotRunnable',
      `Script ${script.id} (${script.title}) has the content hash ${script.sha256 ?? 'unknown'}, the request pins ${request.scriptSha256}: it was changed since.`,
    );
  }
}

/** What has to be approved before anything is sent: by the policy's threshold, and by the playbook that a ticket came through. */
function approvalFor({ policy }: ActivityDependencies, { playbookApproval }: OpenRunInput, size: number): ApprovalRule | undefined {
  const above = policy.approval?.aboveAssets;
  if (!playbookApproval && (above === undefined || size <= above)) return undefined;
  return {
    quorum: playbookApproval?.quorum ?? 1,
    expiresMs: playbookApproval?.expires,
    approvers: playbookApproval?.approvers,
    allowRequester: playbookApproval?.allowRequester ?? false,
  };
}

/** Where in the request stands what an endpoint took for wrong. */
function inRequest(endpoint: string | undefined): string {
  if (endpoint === 'script') return 'script';
  return endpoint === 'assets/search' ? 'targets' : '';
}

function blockedOrThrow(error: unknown, shown: Blocked | undefined): OpenRunResult {
  if (error instanceof UnresolvedTargets) throw never('InvalidRequest', error.message, error.problems.slice(0, 200));
  if (error instanceof QqlUnsafe) throw never('InvalidRequest', error.message, [{ path: 'targets', problem: error.message }]);
  if (!(error instanceof QualysError)) throw error;
  const type = failureTypeOf(error);
  if (type === 'InvalidRequest') throw never(type, error.message, [{ path: inRequest(error.facts.endpoint), problem: error.message }]);
  if (type !== undefined) throw never(type, error.message);
  const blocked = blockedBy(error);
  // The first time the workflow is told, so that an operator sees why; afterwards waiting costs no history.
  if (shown?.kind !== blocked.kind) return { kind: 'blocked', blocked };
  throw later(waitAfter(error, activityInfo().attempt), error.message);
}

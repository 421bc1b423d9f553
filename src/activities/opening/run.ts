import { activityInfo, CancelledFailure, Context, heartbeat, log } from '@temporalio/activity';
import type { Policy } from '../../contracts/policy.js';
import type { ApprovalRule, PlaybookApproval } from '../../domain/run/approval.js';
import { type Blocked, WORTH_SAYING_MS } from '../../domain/run/blocked.js';
import type { RunSnapshot } from '../../domain/run/snapshot.js';
import type { TicketStart } from '../../domain/run/ticket-start.js';
import { hostsIn, type NotJoinedList, notJoinedText, readNotJoined } from '../../domain/targets/join-record.js';
import { QqlUnsafe } from '../../domain/targets/qql.js';
import type { FrozenCohort } from '../../ledger/cohort/freeze.js';
import type { Ledger } from '../../ledger/index.js';
import { digestOf } from '../../ledger/policy/approved-plan.js';
import type { NamedScript, StoredRequest } from '../../ledger/rows/run.js';
import { QualysError } from '../../qualys/errors.js';
import type { Script } from '../../qualys/types.js';
import { namespaceIdOf } from '../../temporal/namespace-id.js';
import type { ActivityDependencies } from '../dependencies.js';
import { blockedBy, failureTypeOf, NotReady, nonRetryable, retryLater, waitAfter } from '../failures.js';
import { withHeartbeat } from '../heartbeat.js';
import { PolicyRefused } from '../policy/refusal.js';
import { refusedForRun } from '../policy/refused-script.js';
import { orderOfActivity } from '../run/control.js';
import { goOnUnlessStale } from '../stale-ledger.js';
import { planExecutions } from '../tags/plan.js';
import { readTargets } from '../targets/read.js';
import { refuseUsedUp } from '../tickets/superseded.js';
import { passEasmGate } from './easm-gate.js';
import { readFollowUpScript, refuseImpossibleFollowUp } from './follow-up.js';
import { resolveTargets, UnresolvedTargets } from './resolve-targets.js';

export interface OpenRunInput {
  runId: string;
  firstExecutionId: string;
  namespace: string;
  /** Without its targets: they stay in the first event, where `readTargets` finds them. */
  request: StoredRequest;
  /** What the playbook asks for, when a ticket started the run through one. */
  playbookApproval?: PlaybookApproval | undefined;
  /** The run that this one looks at again, as its memo says. */
  parentId?: string | undefined;
  ticketStart?: TicketStart | undefined;
  /** The reason for waiting that the workflow shows already. */
  reported?: Blocked | undefined;
  /** Start it as well where nobody has to approve it. */
  start?: boolean | undefined;
}

export type OpenRunResult =
  | {
      kind: 'opened';
      script: { id: string; title: string };
      cohort: { size: number; digest: string };
      /** What an approval is bound to. */
      digest: string;
      approval?: ApprovalRule | undefined;
      /** It has started. */
      started?: RunSnapshot | undefined;
    }
  | { kind: 'blocked'; blocked: Blocked };

type Registration = Pick<
  OpenRunInput,
  'runId' | 'firstExecutionId' | 'namespace' | 'request' | 'playbookApproval' | 'parentId' | 'ticketStart'
>;

/** Registers the run, reads its script, and freezes its cohort. Repeating it changes nothing; a refusal leaves nothing to be sent. */
export function createOpenRun(dependencies: ActivityDependencies) {
  return {
    async openRun(input: OpenRunInput): Promise<OpenRunResult> {
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

    /** Enters a run that is cancelled before it is open: its id is used from now on, and its report has a place. */
    async registerRun(input: Registration): Promise<void> {
      await register(dependencies, input);
    },
  };
}

async function register({ ledger, client }: ActivityDependencies, run: Registration): Promise<void> {
  const { runId, firstExecutionId, namespace, request, playbookApproval: approval, parentId, ticketStart } = run;
  const namespaceId = await namespaceIdOf(client, namespace);
  const opened = await ledger.runs.open({ id: runId, firstExecutionId, namespace, namespaceId, request, parentId, approval, ticketStart });
  await refuseUsedUp(ledger, opened, run);
}

async function openWith(dependencies: ActivityDependencies, input: OpenRunInput): Promise<OpenRunResult> {
  const { ledger } = dependencies;
  const { runId, request } = input;
  const opening = await ledger.cohort.begin(runId);
  if (!opening) throw nonRetryable('AlreadyRun', `The run ${runId} has ended in this ledger. Start again with another id.`);
  const cohort = 'frozen' in opening ? opening.frozen : await freezeCohort(dependencies, input, opening.attempt);
  // As it was approved with the cohort, also when another attempt did it.
  const script = (await ledger.runs.get(runId))?.script;
  if (!script) throw new Error(`The ledger knows no script of the run ${runId}.`);
  if (cohort.size === 0) throw nonRetryable('NoTargets', noTargets(readNotJoined(await ledger.audit.of(runId))));
  const tooMany = tooManyAssets(cohort.size, request.maxAssets);
  if (tooMany !== undefined) throw nonRetryable('PolicyViolation', tooMany);
  await planExecutions(dependencies, { runId, strategy: request.strategy, tagsSeen: await ledger.runs.tagsSeen(runId), onPage: goOn });
  const approval = approvalFor((await ledger.policies.inForce(dependencies.policy)).policy, input, cohort.size);
  return {
    kind: 'opened',
    script: { id: script.id, title: script.title },
    cohort,
    digest: (await digestOf(ledger.database, runId)) ?? '',
    approval,
    started: input.start && !approval ? await start(ledger, runId) : undefined,
  };
}

/** The same order in every attempt. Should a later one find that somebody has to approve, the question holds the run again. */
async function start(ledger: Ledger, runId: string): Promise<RunSnapshot> {
  await ledger.orders.carryOut(runId, { ...orderOfActivity(), command: { kind: 'start' } });
  return ledger.runs.snapshot(runId);
}

async function freezeCohort(dependencies: ActivityDependencies, input: OpenRunInput, attempt: number): Promise<FrozenCohort> {
  const { ledger, qualys } = dependencies;
  const { runId, request } = input;
  const { policy: atFirst } = await ledger.policies.inForce(dependencies.policy);
  // Before the wait and behind it: four hours are long for a request that is refused anyway, and long enough for a script to change.
  if (request.waitFor && input.reported?.kind !== 'easm') refuseScript(await qualys.script(request.script, { runId }), request, atFirst);
  await passEasmGate(dependencies, input);
  const { policy } = await ledger.policies.inForce(dependencies.policy);
  const script = await qualys.script(request.script, { runId });
  refuseScript(script, request, policy);
  await refuseImpossibleFollowUp(dependencies, { runId, followUp: request.followUp });
  const followUp = await readFollowUpScript({ qualys, policy }, runId, request);
  if (followUp?.refusal) throw nonRetryable(followUp.refusal.type, followUp.refusal.message);
  await ledger.runs.setScript(runId, namedScript(script), followUp && namedScript(followUp.script));
  const targets = await readTargets(dependencies.client, { ...input, workflowId: runId });
  const tagsSeen = request.strategy === 'assets' ? undefined : new Map<string, number>();
  const cohort = await resolveTargets(dependencies, { runId, attempt, targets, script, onPage: goOn, tagsSeen });
  await logWarnings(dependencies, runId);
  // In the ledger, for the attempts that go on when reading the tags is refused for a while.
  if (tagsSeen) await ledger.runs.setTagsSeen(runId, tagsSeen);
  return cohort;
}

export function namedScript({ id, title, sha256 }: Script): NamedScript {
  return { id, title, sha256 };
}

/** What the report will say, in the log as well: somebody may fix it while the run is going. */
export async function logWarnings({ ledger }: Pick<ActivityDependencies, 'ledger'>, runId: string): Promise<void> {
  for (const warning of await ledger.runs.warnings(runId)) log.warn(warning, { run: runId });
}

/** A run that is cancelled does not walk its cohort to the end. */
export function goOn(found: { source: string; rows: number }): void {
  heartbeat(found);
  if (Context.current().cancellationSignal.aborted) throw new CancelledFailure('The run was cancelled while it was being opened.');
}

function refuseScript(script: Script, request: StoredRequest, policy: Policy): void {
  const refusal = refusedForRun(script, request, policy);
  if (refusal) throw nonRetryable(refusal.type, refusal.message);
}

/** The same sentence for a run and for its dry run. */
export function tooManyAssets(size: number, maxAssets: number | undefined): string | undefined {
  if (maxAssets === undefined || size <= maxAssets) return undefined;
  return `The cohort has ${size} assets, more than maxAssets (${maxAssets}). Nothing was sent.`;
}

/** Names the first of those that could not be joined to CAR: they are why there is nothing. */
export function noTargets({ count, assets }: NotJoinedList): string {
  if (count === 0) return 'The targets match no assets. Nothing to run on.';
  const named = assets.slice(0, 5).map(notJoinedText).join('; ');
  const rest = count - hostsIn(assets.slice(0, 5));
  return `None of the ${count} hosts found by the query is a CAR asset: ${named}${rest > 0 ? `; and ${rest} more` : ''}`;
}

/** What has to be approved before anything is sent: by the policy's threshold, and by the playbook that a ticket came through. */
function approvalFor(policy: Policy, { playbookApproval }: OpenRunInput, size: number): ApprovalRule | undefined {
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
  if (endpoint === undefined) return '';
  if (endpoint === 'script') return 'script';
  if (endpoint.startsWith('easm/')) return 'waitFor.easm';
  if (/^(rest|am|ioc)\//.test(endpoint)) return 'targets.query.filter';
  return endpoint === 'assets/search' ? 'targets' : '';
}

export function blockedOrThrow(error: unknown, reported: Blocked | undefined): Extract<OpenRunResult, { kind: 'blocked' }> {
  if (error instanceof UnresolvedTargets) throw nonRetryable('InvalidRequest', error.message, error.problems.slice(0, 200));
  if (error instanceof PolicyRefused) throw nonRetryable('PolicyViolation', error.message, error.problems.slice(0, 200));
  if (error instanceof QqlUnsafe) throw nonRetryable('InvalidRequest', error.message, [{ path: 'targets', problem: error.message }]);
  if (error instanceof NotReady) return laterUnlessNew(error.blocked, reported, error.waitMs);
  if (!(error instanceof QualysError)) throw error;
  const blocked = blockedBy(error);
  const type = mayStillPass(error, blocked, reported) ? undefined : failureTypeOf(error);
  if (type === 'InvalidRequest')
    throw nonRetryable(type, error.message, [{ path: inRequest(error.facts.endpoint), problem: error.message }]);
  if (type !== undefined) throw nonRetryable(type, error.message);
  return laterUnlessNew(blocked, reported, waitAfter(error, activityInfo().attempt));
}

/**
 * A login service that is down has refused good credentials before, and a workflow id is used once: only what stands for as long as this,
 * longer than a refusal is remembered (qualys/http/token.ts) and so asked about again, fails the run.
 */
const REFUSED_FOR_GOOD_MS = 120_000;

function mayStillPass(error: QualysError, blocked: Blocked, reported: Blocked | undefined): boolean {
  if (error.kind !== 'authentication') return false;
  // Both of Temporal's clock. A run that shows another reason has just begun to be refused.
  const { scheduledTimestampMs, currentAttemptScheduledTimestampMs } = activityInfo();
  return reported?.kind !== blocked.kind || currentAttemptScheduledTimestampMs - scheduledTimestampMs < REFUSED_FOR_GOOD_MS;
}

/** Reasons that take turns within seconds are told this many attempts apart: each telling is an activity more in history. */
const TELL_CHANGE_AT = 4;

/** The first time the workflow is told, so that an operator sees why; afterwards waiting costs no history. */
function laterUnlessNew(blocked: Blocked, reported: Blocked | undefined, waitMs: number): Extract<OpenRunResult, { kind: 'blocked' }> {
  const hasChanged = reported !== undefined && reported.kind !== blocked.kind;
  if (reported === undefined || (hasChanged && (waitMs >= WORTH_SAYING_MS || activityInfo().attempt >= TELL_CHANGE_AT)))
    return { kind: 'blocked', blocked };
  throw retryLater(waitMs, blocked.why);
}

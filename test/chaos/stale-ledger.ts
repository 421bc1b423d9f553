// A run has sent all that it has to send, and only watches, when an older backup of the ledger is put in its place: nothing that it does
// by itself would show that soon. Meanwhile something else is about to send the same script to the same assets, which it must not.
import type { ActivityDependencies } from '../../src/activities/dependencies.js';
import type { Ledger } from '../../src/ledger/index.js';
import { backUpLedger, replaceLedger } from '../support/ledger/backup.js';
import { GATEWAY, type Played } from './deaths.js';
import { countExecutes } from './failpoints.js';
import { assetIds, type ChaosEnvironment, openScene, type Run, type Scene } from './scene.js';

const ASSETS = 60;
const EXECUTIONS = 3;
const REQUEST = {
  script: 72648,
  targets: { assetIds: assetIds(ASSETS) },
  ...{ maxInFlight: EXECUTIONS, poll: { interval: '1s' }, deadline: '10m' },
} as const;
const CAMPAIGN = {
  name: 'chaos',
  targets: { assetIds: assetIds(ASSETS) },
  steps: { remediate: { script: 72648 } },
  waves: [{ name: 'all' }],
};
const WHY = /restored from an older backup/;

/** What is about to send: a new run of the same, where nothing else is said. */
interface Other {
  workflow?: 'remediationRun' | 'remediationCampaign';
  input?: unknown;
  memo?: Record<string, unknown>;
  /** It is open when the backup is taken, and approved when it is back. */
  wasOpen?: boolean;
}

interface StaleLedgerScene {
  name: string;
  /** The backup is from before the run was started, not from before it sent. */
  isUnknown?: boolean;
  other?: Other;
  meanwhile?: 'terminated' | 'replaced-while-open';
}

export const STALE_LEDGERS: readonly StaleLedgerScene[] = [
  { name: 'a backup, and a new run on the same assets' },
  { name: 'a backup, and an open run on the same assets that is approved', other: { memo: { approval: { quorum: 1 } }, wasOpen: true } },
  { name: 'a backup, and a campaign on the same assets', other: { workflow: 'remediationCampaign', input: CAMPAIGN } },
  { name: 'a backup, and a recheck of the same assets', other: { memo: { recheckOf: 'a-run-of-before' } } },
  { name: 'a backup that does not know the run, and another on its assets', isUnknown: true },
  { name: 'a backup, a terminated run, and another on its assets', meanwhile: 'terminated' },
  { name: 'a backup in the place of a ledger that a worker has open', meanwhile: 'replaced-while-open' },
];

interface Worker {
  ledger: Ledger;
  sent: () => number;
  stop: () => Promise<void>;
}

export async function playStaleLedger(environment: ChaosEnvironment, played: StaleLedgerScene): Promise<Played> {
  const startedAt = performance.now();
  const scene = await openScene(environment, `chaos-${played.name.replaceAll(/\W+/g, '-')}`, {
    // Longer than a scene lasts: what was sent stays in flight.
    simulator: { ...GATEWAY, assets: ASSETS, failAssets: [], executionMs: { min: 36_000_000, max: 36_000_000 } },
  });
  const other = environment.client.workflow.getHandle(`${scene.workflowId}-other`);
  try {
    const problems = await problemsOf(environment, scene, played);
    const twice = [...scene.simulator.state.executionsPerAsset('demo')].filter(([, times]) => times > 1).length;
    if (twice > 0) problems.push(`${twice} assets got the script twice`);
    const executes = scene.simulator.state.executions.filter(({ user }) => user === 'demo').length;
    const counts = { targeted: ASSETS, succeeded: 0, failed: 0, unverified: 0, unreachable: 0, missing: 0, skipped: 0 };
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    return { name: played.name, kills: 1, seconds, executes, twice, counts, problems };
  } finally {
    await other.terminate('the scene is over').catch(() => undefined);
    await environment.client.workflow
      .getHandle(scene.workflowId)
      .terminate('the scene is over')
      .catch(() => undefined);
    await scene.close();
  }
}

async function problemsOf(
  environment: ChaosEnvironment,
  scene: Scene,
  { isUnknown, other = {}, meanwhile }: StaleLedgerScene,
): Promise<string[]> {
  const { plan, workflowId } = scene;
  const otherId = `${workflowId}-other`;
  const backup = `${plan.ledgerPath}.backup`;
  if (other.wasOpen) {
    await startOther(environment, scene, other);
    const opening = await workerOf(scene);
    await said(environment, otherId, ({ phase }) => phase === 'awaiting-approval');
    await opening.stop();
  }
  const run = await (isUnknown ? backedUpAndStarted(scene, backup) : openedAndBackedUp(scene, backup));
  const first = await workerOf(scene);
  await said(environment, workflowId, ({ inFlight = 0 }) => inFlight >= EXECUTIONS);
  if (meanwhile !== 'replaced-while-open') await first.stop();
  if (meanwhile === 'terminated') await run.terminate();
  const sent = first.sent();
  await replaceLedger(plan.ledgerPath, backup);

  if (!other.wasOpen) await startOther(environment, scene, other);
  const second = await workerOf(scene);
  if (other.wasOpen) await environment.client.workflow.getHandle(otherId).executeUpdate('approve', { args: [{ by: 'bob' }] });
  const { blocked = '' } = await said(environment, otherId, ({ blocked: why = '', inFlight = 0 }) => WHY.test(why) || inFlight > 0);
  const problems: string[] = [];
  if (!WHY.test(blocked)) problems.push(`what is about to send is blocked because: ${blocked}`);
  const held = (await second.ledger.staleness.held()) ?? '';
  if (!held.includes(workflowId)) problems.push(`the ledger does not name the run by which it shows: ${held}`);
  if (!isUnknown && !other.workflow && meanwhile === undefined) problems.push(...(await letGo({ environment, run, otherId, second })));
  if (second.sent() > 0) problems.push(`${second.sent()} executes were sent from the old ledger`);
  if (first.sent() !== sent) problems.push(`${first.sent() - sent} executes were sent from a ledger that is not in its place`);
  return problems;
}

/** Without a newer ledger: the run that it is behind is cancelled, and then the ledger let go. What may run is left alone by the other. */
async function letGo({
  environment,
  run,
  otherId,
  second,
}: {
  environment: ChaosEnvironment;
  run: Run;
  otherId: string;
  second: Worker;
}): Promise<string[]> {
  await run.cancel();
  const { counts } = await run.result();
  await second.ledger.killSwitch.unhalt({ by: 'bob' });
  const report = (await environment.client.workflow.getHandle(otherId).result()) as { counts: { skipped: number } };
  const problems: string[] = [];
  if (counts.unverified !== ASSETS) problems.push(`the run that had sent says ${JSON.stringify(counts)}`);
  if (report.counts.skipped !== ASSETS) problems.push(`the other run says ${JSON.stringify(report.counts)}`);
  return problems;
}

async function startOther({ client }: ChaosEnvironment, { plan, workflowId }: Scene, other: Other): Promise<void> {
  await client.workflow.start(other.workflow ?? 'remediationRun', {
    ...{ workflowId: `${workflowId}-other`, taskQueue: plan.taskQueue, args: [other.input ?? REQUEST] },
    ...(other.memo ? { memo: other.memo } : {}),
  });
}

async function openedAndBackedUp(scene: Scene, backup: string): Promise<Run> {
  const run = await scene.start(REQUEST);
  const end = await scene.child({ failpoint: { step: 'claim', moment: 'before', passage: 1 }, signal: 'SIGKILL' }).ended;
  if (end !== 'SIGKILL') throw new Error(`the worker ended with ${end} instead of dying at its first claim`);
  backUpLedger(scene.plan.ledgerPath, backup);
  return run;
}

/** A worker has made the ledger, and nothing more. */
async function backedUpAndStarted(scene: Scene, backup: string): Promise<Run> {
  await (await scene.healthy()).stop();
  backUpLedger(scene.plan.ledgerPath, backup);
  return scene.start(REQUEST);
}

async function workerOf(scene: Scene): Promise<Worker> {
  let seen: { dependencies: ActivityDependencies; sent: () => number } | undefined;
  const worker = await scene.healthy((dependencies) => {
    seen = { dependencies, sent: countExecutes(dependencies) };
  });
  if (!seen) throw new Error('The worker has shown nobody what it works with.');
  return { ledger: seen.dependencies.ledger, sent: seen.sent, stop: () => worker.stop() };
}

interface Said {
  phase?: string;
  blocked?: string;
  inFlight?: number;
}

async function said({ client }: ChaosEnvironment, workflowId: string, holds: (said: Said) => boolean): Promise<Said> {
  const handle = client.workflow.getHandle(workflowId);
  for (;;) {
    // Nobody may answer yet.
    const progress = await client.withDeadline(Date.now() + 2_000, () => handle.query<Said, []>('progress')).catch(() => ({}));
    if (holds(progress)) return progress;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

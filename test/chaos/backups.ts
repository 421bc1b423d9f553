// A backup of the ledger is taken at a step of a run; the next worker sends more and dies with its disk; the backup is put back. Either
// the run is seen to have an older ledger, or nothing of what was sent is missing in it. Never is anything sent twice.

import { sweep } from '../../src/recovery/sweep.js';
import { backUpLedger, replaceLedger } from '../support/ledger/backup.js';
import { ledgerOf } from '../support/ledger/inspector.js';
import { GATEWAY, type Played } from './deaths.js';
import { countExecutes, type Failpoint } from './failpoints.js';
import { assetIds, type ChaosEnvironment, type Child, openScene, type Scene } from './scene.js';

export interface Backup {
  name: string;
  /** Where the first worker dies: the backup is from here. */
  from: Failpoint;
  /** Where the next one dies, and its disk with it. */
  lost: Failpoint;
  /** What the operator does when the run says that its ledger is old; default: cancels it. */
  operator?: 'cancel' | 'terminate' | 'cancel-before';
}

const ASSETS = 60;
/** The request has left, the ledger has its permit, and nobody but a heartbeat knows of it. */
const SENT: Failpoint = { step: 'execute', moment: 'after', passage: 1 };

function at(step: Failpoint['step'], moment: Failpoint['moment'], passage = 1): Failpoint {
  return { step, moment, passage };
}

const FROM: readonly Failpoint[] = [
  ...(['open', 'add', 'freeze', 'carryOut', 'takeFence', 'claim', 'permit'] as const).flatMap((step) => [
    at(step, 'before'),
    at(step, 'after'),
  ]),
  ...(['execute', 'accept', 'setNextPoll', 'setJob', 'recordAll'] as const).flatMap((step) => [at(step, 'before'), at(step, 'after')]),
  ...(['claim', 'permit', 'execute', 'accept'] as const).map((step) => at(step, 'after', 2)),
  ...(['setBlocked', 'store', 'releaseClaimed', 'closeOpen', 'close'] as const).map((step) => at(step, 'before')),
];

export const BACKUPS: readonly Backup[] = [
  ...FROM.map((from) => ({ name: `a backup from ${from.moment} ${from.step} ${from.passage}`, from, lost: SENT })),
  { name: 'a backup from before two sends', from: at('claim', 'before'), lost: at('accept', 'after', 2) },
  { name: 'a backup from before a send whose answer never came', from: at('claim', 'before'), lost: at('execute', 'uncommitted') },
  {
    name: 'a backup from before a send, and a cancel before any worker is back',
    from: at('claim', 'before'),
    lost: SENT,
    operator: 'cancel-before',
  },
  { name: 'a backup from before a send, and a terminated workflow', from: at('claim', 'before'), lost: SENT, operator: 'terminate' },
];

export const SHORT_BACKUPS = BACKUPS.filter(({ name }) =>
  ['two sends', 'never came', 'cancel before any', 'terminated', 'after permit 1'].some((word) => name.includes(word)),
);

export async function playBackup(environment: ChaosEnvironment, { name, from, lost, operator = 'cancel' }: Backup): Promise<Played> {
  const startedAt = performance.now();
  const scene = await openScene(environment, `chaos-${name.replaceAll(/\W+/g, '-')}`, {
    simulator: { ...GATEWAY, assets: ASSETS, failAssets: [] },
  });
  try {
    const run = await scene.start({
      script: 72648,
      targets: { assetIds: assetIds(ASSETS) },
      ...{ maxInFlight: 2, poll: { interval: '1s' }, deadline: '10m' },
    });
    await diedAt(scene.child({ failpoint: from, signal: 'SIGKILL' }), from);
    const backup = `${scene.plan.ledgerPath}.backup`;
    backUpLedger(scene.plan.ledgerPath, backup);
    // Where nothing is left to send the run ends with this worker.
    const finished = run.result().then(
      () => 'finished' as const,
      () => 'finished' as const,
    );
    const next = scene.child({ failpoint: lost, signal: 'SIGKILL' });
    await Promise.race([next.ended, finished]);
    next.signal('SIGKILL');
    await next.ended;
    await replaceLedger(scene.plan.ledgerPath, backup);
    if (operator === 'cancel-before') await run.cancel();
    if (operator === 'terminate') await run.terminate();
    let sentSince = (): number => 0;
    const worker = await scene.healthy((dependencies) => {
      sentSince = countExecutes(dependencies);
    });
    const said = saying(environment, scene);
    const end = await Promise.race([finished, said.old]);
    await said.stop();
    // As docs/operations.md says: a ledger cannot end a run that it does not know.
    if (end === 'old') await ((await isKnown(scene)) ? run.cancel() : run.terminate());
    await finished;
    await worker.stop();
    const problems = await untrue(environment, scene, { sentSince: sentSince(), isOld: end === 'old' });
    const twice = [...scene.simulator.state.executionsPerAsset('demo')].filter(([, times]) => times > 1).length;
    if (twice > 0) problems.push(`${twice} assets got the script twice`);
    const counts = await countsOf(scene);
    return {
      name,
      kills: 2,
      seconds: Math.round((performance.now() - startedAt) / 1_000),
      executes: executesOf(scene),
      twice,
      counts,
      problems,
    };
  } finally {
    await scene.close();
  }
}

async function isKnown(scene: Scene): Promise<boolean> {
  return (await (await scene.ledger()).runs.get(scene.workflowId)) !== undefined;
}

async function diedAt(child: Child, { step }: Failpoint): Promise<void> {
  const end = await child.ended;
  if (end !== 'SIGKILL') throw new Error(`the worker ended with ${end} instead of dying at ${step}`);
}

/** What was sent must not be called `skipped`, and from a stale ledger nothing more may be sent. */
async function untrue(
  environment: ChaosEnvironment,
  scene: Scene,
  { sentSince, isOld }: { sentSince: number; isOld: boolean },
): Promise<string[]> {
  const problems: string[] = [];
  if (isOld && sentSince > 0) problems.push(`${sentSince} executes were sent from the old ledger`);
  const ledger = await scene.ledger();
  // A run that ended before the backup was put back is open again in it: the sweep leaves what has just ended alone for a minute.
  const times = { youngestMs: 0 };
  await sweep({ ledger, client: environment.client, namespace: environment.namespace, logger: { warn: () => undefined }, times });
  const executed = scene.simulator.state.executionsPerAsset('demo');
  const rows = await ledgerOf(ledger).columns('attempts', ['assetId', 'outcome', 'lease'], { runId: scene.workflowId, last: 1 });
  const skipped = rows.filter(({ outcome, assetId }) => outcome === 'skipped' && executed.has(assetId)).length;
  if (skipped > 0) problems.push(`${skipped} assets that got the script are called skipped`);
  const open = rows.filter(({ outcome, lease }) => outcome === 'pending' || outcome === 'running' || lease === 1).length;
  if (open > 0) problems.push(`${open} assets are left open`);
  if (rows.length !== 0 && rows.length !== ASSETS) problems.push(`${rows.length} rows for ${ASSETS} assets`);
  return problems;
}

async function countsOf(scene: Scene): Promise<Played['counts']> {
  const counts: Played['counts'] = { targeted: 0, succeeded: 0, failed: 0, unverified: 0, unreachable: 0, missing: 0, skipped: 0 };
  const rows = await ledgerOf(await scene.ledger()).tally('attempts', ['outcome'], { runId: scene.workflowId, last: 1 });
  for (const { outcome, n } of rows) {
    counts[outcome as keyof typeof counts] = n;
    counts.targeted += n;
  }
  return counts;
}

/** Looks until the run says so, or is over. */
function saying({ client }: ChaosEnvironment, { workflowId }: Scene): { old: Promise<'old' | 'over'>; stop: () => Promise<void> } {
  let isOver = false;
  const handle = client.workflow.getHandle(workflowId);
  const poll = async (): Promise<'old' | 'over'> => {
    while (!isOver) {
      const said = await client
        .withDeadline(Date.now() + 2_000, () => handle.query<{ blocked?: string }, []>('progress'))
        .catch(() => undefined);
      if (said?.blocked?.includes('older backup')) return 'old';
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    return 'over';
  };
  const old = poll();
  return {
    old,
    async stop() {
      isOver = true;
      await old;
    },
  };
}

function executesOf({ simulator }: Scene): number {
  return simulator.state.executions.filter(({ user }) => user === 'demo').length;
}

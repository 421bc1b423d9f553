// `npm run record-histories`: records histories of representative runs and campaigns for test/replay. Run it when a workflow was changed
// on purpose, and keep the old files as long as runs that began so may still be going on. Words as arguments record only the scenarios
// of that name, as `remediationCampaign/plain`.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { CampaignPlanInput } from '../src/contracts/plan.js';
import type { RemediationRequestInput } from '../src/contracts/request.js';
import type { RunReport } from '../src/domain/run/outcome.js';
import type { SimulatorOptions } from '../src/simulator/options.js';
import { adjust, approve, pause, progress, resume, retryUnresolved } from '../src/workflows/shared/messages.js';
import { historiesOf } from '../test/workflows/histories.js';
import { type Lab, openLab } from './bench/lab.js';

const FOLDER = fileURLToPath(new URL('../test/replay/histories/', import.meta.url));
const FIRST = 20_452_610;
const by = 'kim';
/** The server's own limit is 4,096: histories of runs that are small enough to be kept would never reach it. */
const SUGGESTED_AT_EVENTS = 100;

interface Scenario {
  assets: number;
  simulator?: SimulatorOptions;
  memo?: Record<string, unknown>;
  /** What is said to the run while it works. */
  speak?: (handle: WorkflowHandle, stepOf: (step: string) => WorkflowHandle) => Promise<void>;
}

type RunScenario = Scenario & { request: Partial<RemediationRequestInput> };
/** `steps`: whose histories are kept, as `<wave>/<step>`. */
type CampaignScenario = Scenario & { plan: Partial<CampaignPlanInput>; steps: readonly string[] };

const RUNS: Record<string, RunScenario> = {
  plain: { assets: 60, request: {} },
  faults: {
    assets: 60,
    request: { retry: { failed: 1, after: '1s' }, followUp: { kind: 'schedule', on: 'always', scheduleType: 'ONE_TIME', after: '7d' } },
    simulator: {
      failRate: 0.1,
      failAttempts: 1,
      resultLostRate: 0.05,
      faults: { loseExecutes: [2], failRate: 0.1, revokeTokensAfterCalls: [5] },
    },
  },
  approval: { assets: 150, request: { maxInFlight: 1 }, memo: { approval: { quorum: 2 } }, speak: decide },
  cancelled: {
    assets: 50,
    request: { maxInFlight: 1 },
    async speak(handle) {
      await until(handle, ({ inFlight }) => inFlight === 1);
      await handle.cancel();
    },
  },
  continued: { assets: 400, request: { maxInFlight: 2 } },
  tags: {
    assets: 60,
    request: { strategy: 'tags', targets: { assetTagIds: [500] } },
    simulator: { assets: 60, tags: [{ id: 500, name: 'all' }] },
  },
};

/** Three of ten assets are not compliant. The first remedy does not help, the second does. */
const UNWELL: SimulatorOptions = {
  failRate: 0.3,
  failAttempts: 4,
  scripts: [
    { id: 72648, title: 'Patch OpenSSL' },
    { id: 72649, title: 'Is OpenSSL old?' },
    { id: 72660, title: 'Is OpenSSL well?' },
  ],
};
const THREE_STEPS = { assess: 72649, remediate: 72648, verify: 72660 };

const CAMPAIGNS: Record<string, CampaignScenario> = {
  plain: {
    assets: 60,
    plan: { steps: THREE_STEPS, waves: [{ name: 'canary', size: 5 }, { name: 'half', size: '50%', soak: '1s' }, { name: 'rest' }] },
    simulator: { ...UNWELL, failAttempts: 1 },
    steps: ['half/assess', 'half/remediate', 'half/verify'],
  },
  approvals: {
    assets: 60,
    plan: {
      steps: THREE_STEPS,
      waves: [
        { name: 'canary', size: 30 },
        { name: 'rest', approval: { quorum: 2 } },
      ],
    },
    simulator: UNWELL,
    async speak(handle, stepOf) {
      await until(handle, ({ phase }) => phase === 'awaiting-approval');
      await handle.executeUpdate(retryUnresolved, { args: [{ by, outcomes: ['failed'] }] });
      await handle.executeUpdate(approve, { args: [{ by: 'lee' }] });
      await handle.executeUpdate(approve, { args: [{ by: 'ann' }] });
      const step = stepOf('rest/assess');
      await until(step, ({ inFlight }) => inFlight > 0);
      await handle.executeUpdate(pause, { args: [{ by, reason: 'change freeze' }] });
      await until(step, ({ inFlight }) => inFlight === 0);
      await handle.executeUpdate(adjust, { args: [{ by, maxInFlight: 6 }] });
      await handle.executeUpdate(resume, { args: [{ by }] });
    },
    steps: ['rest/assess'],
  },
  breach: {
    assets: 60,
    plan: { errorBudget: { max: 3 }, maxInFlight: 1 },
    simulator: { failRate: 0.4 },
    async speak(handle) {
      for (;;) {
        const { phase, blocked, pending } = await handle.query(progress);
        if (phase === 'finished') return;
        if (blocked?.includes('error budget exceeded')) await handle.executeUpdate(resume, { args: [{ by }] });
        if (pending) await handle.executeUpdate(approve, { args: [{ by }] });
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    steps: ['all/remediate'],
  },
  'rolled-back': {
    assets: 60,
    plan: {
      steps: { remediate: 72648, rollback: 72649 },
      onBreach: 'rollback',
      errorBudget: { max: 0 },
      waves: [{ name: 'canary', size: 25 }, { name: 'rest' }],
    },
    simulator: { failRate: 0.4 },
    steps: ['canary/rollback'],
  },
  cancelled: {
    assets: 60,
    plan: { maxInFlight: 1 },
    async speak(handle, stepOf) {
      await until(stepOf('all/remediate'), ({ inFlight }) => inFlight === 1);
      await handle.cancel();
    },
    steps: ['all/remediate'],
  },
  continued: { assets: 400, plan: { maxInFlight: 2, waves: [{ name: 'all' }] }, steps: ['all/remediate'] },
};

async function decide(handle: WorkflowHandle): Promise<void> {
  await until(handle, ({ phase }) => phase === 'awaiting-approval');
  await handle.executeUpdate(approve, { args: [{ by: 'lee' }] });
  await handle.executeUpdate(approve, { args: [{ by: 'ann' }] });
  await until(handle, ({ inFlight }) => inFlight === 1);
  await handle.executeUpdate(pause, { args: [{ by, reason: 'change freeze' }] });
  await until(handle, ({ inFlight }) => inFlight === 0);
  await handle.executeUpdate(adjust, { args: [{ by, maxInFlight: 6 }] });
  await handle.executeUpdate(resume, { args: [{ by }] });
}

async function until(handle: WorkflowHandle, holds: (seen: { phase: string; inFlight: number }) => boolean): Promise<void> {
  const seen = () => handle.query(progress).catch(() => undefined);
  for (let now = await seen(); !now || !holds(now); now = await seen()) await new Promise((resolve) => setTimeout(resolve, 50));
}

async function recordRun(lab: Lab, name: string, scenario: RunScenario): Promise<void> {
  const { workflowId } = await play(lab, `remediationRun/${name}`, scenario, { script: 72648, ...scenario.request });
  await save(lab, workflowId, `remediationRun/${name}`);
}

async function recordCampaign(lab: Lab, name: string, scenario: CampaignScenario): Promise<void> {
  const plan = { name: 'openssl', steps: { remediate: 72648 }, waves: [{ name: 'all' }], ...scenario.plan };
  const { workflowId } = await play(lab, `remediationCampaign/${name}`, scenario, plan);
  await save(lab, workflowId, `remediationCampaign/${name}`);
  for (const step of scenario.steps) await save(lab, `${workflowId}/${step}`, `campaignStep/${name}-${step.replace('/', '-')}`);
}

/** `name`: of the workflow, and of the scenario. */
async function play(lab: Lab, name: string, scenario: Scenario, input: object): Promise<{ workflowId: string }> {
  const product = await lab.product({ simulator: { assets: 400, speed: 600, seed: 5, ...scenario.simulator } });
  const workflowId = `recorded/${name}`;
  const targets = { assetIds: Array.from({ length: scenario.assets }, (_, index) => FIRST + index) };
  const handle = await lab.client.workflow.start(name.split('/')[0] ?? '', {
    ...{ workflowId, taskQueue: product.dependencies.taskQueue },
    args: [{ targets, poll: { interval: '1s' }, deadline: '5m', ...input }],
    ...(scenario.memo ? { memo: scenario.memo } : {}),
  });
  await scenario.speak?.(handle, (step) => lab.client.workflow.getHandle(`${workflowId}/${step}`));
  const report = (await handle.result()) as RunReport;
  console.log(`${name}: ${report.status}`);
  return { workflowId };
}

async function save(lab: Lab, workflowId: string, name: string): Promise<void> {
  const histories = await historiesOf(lab.client, workflowId);
  dropEarlier(name);
  for (const [index, history] of histories.entries()) {
    const file = join(FOLDER, `${name}${histories.length > 1 ? `-${index + 1}` : ''}.json`);
    writeFileSync(file, `${JSON.stringify(neutral(JSON.parse(historyToJSON(history))), undefined, 1)}\n`);
    console.log(`${history.events?.length ?? 0} events: ${file}`);
  }
}

/** Identities are pid@hostname, sticky queues carry them too, and stack traces hold paths: none of it matters to a replay. */
function neutral(value: unknown, key = ''): unknown {
  if (typeof value === 'string') {
    if (key === 'identity') return 'worker';
    if (key === 'stackTrace') return '';
    return value.replaceAll(`${process.pid}@${hostname()}`, 'worker').replaceAll(hostname(), 'machine');
  }
  if (Array.isArray(value)) return value.map((part) => neutral(part));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, neutral(part, name)]));
}

const wanted = process.argv.slice(2);
const isWanted = (name: string): boolean => wanted.length === 0 || wanted.includes(name);
const lab = await openLab({ dynamicConfig: [`limit.historyCount.suggestContinueAsNew=${SUGGESTED_AT_EVENTS}`] });
try {
  for (const [name, scenario] of Object.entries(RUNS)) if (isWanted(`remediationRun/${name}`)) await recordRun(lab, name, scenario);
  for (const [name, scenario] of Object.entries(CAMPAIGNS))
    if (isWanted(`remediationCampaign/${name}`)) await recordCampaign(lab, name, scenario);
} finally {
  await lab.close();
}

/** What this name left before, with or without numbers: the run may have had another count of histories. */
function dropEarlier(name: string): void {
  const [folder, base] = [dirname(join(FOLDER, name)), name.split('/').at(-1) ?? name];
  mkdirSync(folder, { recursive: true });
  const isOfName = (file: string): boolean => file.startsWith(base) && /^(-\d+)?\.json$/.test(file.slice(base.length));
  for (const file of readdirSync(folder).filter(isOfName)) rmSync(join(folder, file));
}

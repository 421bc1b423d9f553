// `npm run record-histories`: records histories of representative runs for test/replay. Run it when the workflow was changed on
// purpose, and keep the old files as long as runs that began so may still be going on.
import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { RunReport } from '../src/domain/outcome.js';
import type { RemediationRequestInput } from '../src/schema/request.js';
import type { SimulatorOptions } from '../src/simulator/options.js';
import { adjust, approve, pause, progress, resume } from '../src/workflows/messages.js';
import { historiesOf } from '../test/workflows/histories.js';
import { type Lab, openLab } from './bench/lab.js';

const FOLDER = fileURLToPath(new URL('../test/replay/histories/remediationRun/', import.meta.url));
const FIRST = 20_452_610;
const by = 'kim';
/** The server's own limit is 4,096: histories of runs that are small enough to be kept would never reach it. */
const SUGGESTED_AT_EVENTS = 100;

interface Scenario {
  request: Partial<RemediationRequestInput>;
  assets: number;
  simulator?: SimulatorOptions;
  memo?: Record<string, unknown>;
  /** What is said to the run while it works. */
  speak?: (handle: WorkflowHandle) => Promise<void>;
}

const SCENARIOS: Record<string, Scenario> = {
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
  while (!holds(await handle.query(progress))) await new Promise((resolve) => setTimeout(resolve, 50));
}

async function record(lab: Lab, name: string, scenario: Scenario): Promise<void> {
  const rig = await lab.rig({ simulator: { assets: 400, speed: 600, seed: 5, ...scenario.simulator } });
  const workflowId = `recorded/${name}`;
  const targets = { assetIds: Array.from({ length: scenario.assets }, (_, index) => FIRST + index) };
  const handle = await lab.client.workflow.start('remediationRun', {
    ...{ workflowId, taskQueue: rig.dependencies.taskQueue },
    args: [{ script: 72648, targets, poll: { interval: '1s' }, deadline: '5m', ...scenario.request }],
    ...(scenario.memo ? { memo: scenario.memo } : {}),
  });
  await scenario.speak?.(handle);
  const report = (await handle.result()) as RunReport;
  const histories = await historiesOf(lab.client, workflowId);
  for (const [index, history] of histories.entries()) {
    const file = join(FOLDER, `${name}${histories.length > 1 ? `-${index + 1}` : ''}.json`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify(neutral(JSON.parse(historyToJSON(history))), undefined, 1)}\n`);
    console.log(`${report.status}, ${history.events?.length ?? 0} events: ${file}`);
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

const lab = await openLab({ dynamicConfig: [`limit.historyCount.suggestContinueAsNew=${SUGGESTED_AT_EVENTS}`] });
try {
  for (const [name, scenario] of Object.entries(SCENARIOS)) await record(lab, name, scenario);
} finally {
  await lab.close();
}

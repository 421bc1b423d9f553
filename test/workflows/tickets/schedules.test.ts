// The schedules on a real server: they look at tickets by themselves, follow the file, and are gone with their hook.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { scheduleId, schedulePrefix, syncSchedules } from '../../../src/worker/ticket-schedules.js';
import { configOf } from '../../support/ticket-server.js';
import { eventually } from '../product-harness.js';
import { openTicketHarness, type TicketHarness } from './harness.js';

const HOOK = 'system: servicenow, secrets: [{ env: S }], ticket: snow, playbook: patch';
const playbooks = 'patch: { run: { script: 72648, poll: { interval: 1s }, deadline: 1m }, targets: { choose: [hostnames] } }';

let harness: TicketHarness;
beforeAll(async () => {
  harness = await openTicketHarness('schedules', { playbooks, hooks: `snow: { ${HOOK}, find: "number=CHG0200001" }` });
}, 600_000);
afterAll(() => harness?.close());

const fileWith = (hooks: string) => configOf(`playbooks: { ${playbooks} }\ntickets: { snow: { system: servicenow } }\nhooks: { ${hooks} }`);

test('a schedule finds the approved change whose event never came, once, and is gone with its hook', async () => {
  const { client } = harness.env;
  const change = await harness.change('CHG0200001', ['host-000001.example.com']);
  await syncSchedules(client, harness.taskQueue, fileWith(`snow: { ${HOOK}, reconcile: 1s }`));
  const id = `snow/${change.number}/0`;
  await eventually(
    async () => (await harness.product.ledger.runs.get(id))?.finishedAt,
    (at) => at !== undefined,
  );
  const handle = client.schedule.getHandle(scheduleId(harness.taskQueue, 'snow'));
  const looks = async () => (await handle.describe()).info.recentActions.length;
  const before = await looks();
  await change.edit({ state: '-1' });
  await eventually(looks, (now) => now >= Math.min(10, before + 2));
  expect([...harness.product.simulator.state.executionsPerAsset().values()]).toEqual([1]);
  expect(await harness.product.ledger.ticketRuns.of(`snow/${change.number}/`)).toEqual([id]);

  const ids = async () => {
    const found: string[] = [];
    for await (const { scheduleId: one } of client.schedule.list()) if (one.startsWith(schedulePrefix(harness.taskQueue))) found.push(one);
    return found;
  };
  await eventually(ids, (found) => found.length === 1);
  await syncSchedules(client, harness.taskQueue, fileWith(`other: { ${HOOK}, reconcile: 1h }`));
  await eventually(ids, (found) => found.length === 1 && found[0] === scheduleId(harness.taskQueue, 'other'));
  await syncSchedules(client, harness.taskQueue, fileWith(''));
  await eventually(ids, (found) => found.length === 0);
});

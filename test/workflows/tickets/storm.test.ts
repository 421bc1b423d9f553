// Deliveries as senders make them: many within a second, by two registrations, out of order, to two servers at once, and after Temporal
// has forgotten. `DELIVERIES=1000` is the long form: a thousand of each event.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { RunReport } from '../../../src/domain/run/outcome.js';
import { eventually, failureOf } from '../product-harness.js';
import { openTicketHarness, type TicketHarness } from './harness.js';

const DELIVERIES = Number(process.env.DELIVERIES ?? 40);
const HOST = (place: number) => `host-${String(place + 1).padStart(6, '0')}.example.com`;
const RUN = 'run: { script: 72648, poll: { interval: 1s }, deadline: 1m }, targets: { choose: [hostnames] }';
const HOOK = 'system: servicenow, secrets: [{ env: S }], ticket: snow, playbook: patch';

describe(`each event ${DELIVERIES} times`, () => {
  let harness: TicketHarness;
  beforeAll(async () => {
    const hooks = `one: { ${HOOK}, find: "approval=approved^u_hook=one" }, two: { ${HOOK} }`;
    harness = await openTicketHarness('storm', { playbooks: `patch: { ${RUN} }`, hooks });
  }, 600_000);
  afterAll(() => harness?.close());

  const handle = (id: string) => harness.env.client.workflow.getHandle(id);
  const executed = (place: number) => harness.product.simulator.state.executionsPerAsset().get(String(20_452_610 + place)) ?? 0;
  const runsOf = (number: string) => harness.product.ledger.ticketRuns.of(`snow/${number}/`);
  /** In an order that is the same in every run of this test. */
  const shuffled = <T>(list: readonly T[]): T[] =>
    list
      .map((item, at): [number, T] => [(at * 7_919) % 104_729, item])
      .sort(([one], [other]) => one - other)
      .map(([, item]) => item);
  const deliverAll = (deliveries: readonly (() => Promise<{ status: number }>)[]) =>
    Promise.all(shuffled(deliveries).map((deliver) => deliver()));

  test('one run, one execution on its host, and every answer a good one', async () => {
    const change = await harness.change('CHG0300001', [HOST(0)], { u_hook: 'one' });
    const event = change.event();
    const answers = await deliverAll(
      Array.from({ length: DELIVERIES }, (_, at) => () => change.deliver('one', event, harness.servers[at % harness.servers.length])),
    );
    expect(answers.filter(({ status }) => status === 202).length).toBe(1);
    expect(answers.filter(({ status }) => status === 200).length).toBe(DELIVERIES - 1);
    expect(await handle(`snow/${change.number}/0`).result()).toMatchObject({ status: 'succeeded' });
    expect(executed(0)).toBe(1);
  });

  test('registered twice, and searched for at the same time', async () => {
    const change = await harness.change('CHG0300002', [HOST(1)], { u_hook: 'one' });
    const event = change.event();
    const looks = [harness.look({ hook: 'one' }), harness.look({ hook: 'one' })];
    await deliverAll(
      Array.from({ length: DELIVERIES }, (_, at) => () => change.deliver(at % 2 === 0 ? 'one' : 'two', event, harness.servers[at % 2])),
    );
    await Promise.all(looks);
    const [id = ''] = await runsOf(change.number);
    expect(await runsOf(change.number)).toEqual([`snow/${change.number}/0`]);
    expect(await handle(id).result()).toMatchObject({ status: 'succeeded' });
    expect(executed(1)).toBe(1);
  });

  test('approved, withdrawn, approved, in any order behind the last: the last is the run', async () => {
    const change = await harness.change('CHG0300003', [HOST(2)]);
    const events = [change.event()];
    for (const approval of ['requested', 'approved']) {
      await change.edit({ approval });
      events.push(change.event());
    }
    expect((await change.deliver('one')).status).toBe(202);
    const last = `snow/${change.number}/2`;
    await eventually(
      () => runsOf(change.number),
      (ids) => ids.length === 1,
    );
    await deliverAll(Array.from({ length: DELIVERIES }, (_, at) => () => change.deliver('one', events[at % 3], harness.servers[at % 2])));
    expect(((await handle(last).result()) as RunReport).status).toBe('succeeded');
    expect(await failureOf(handle(`snow/${change.number}/0`))).toMatchObject({ type: 'AlreadyRun' });
    await expect(handle(`snow/${change.number}/1`).describe()).rejects.toThrow();
    expect([executed(2), await runsOf(change.number)]).toEqual([1, [last]]);
  });

  test('after Temporal has forgotten the run, as it does after its retention, the ledger has not', async () => {
    const change = await harness.change('CHG0300004', [HOST(3)]);
    const id = `snow/${change.number}/0`;
    await change.deliver('one');
    expect(await handle(id).result()).toMatchObject({ status: 'succeeded' });
    const { workflowService } = harness.env.client;
    await workflowService.deleteWorkflowExecution({ namespace: harness.env.namespace ?? 'default', workflowExecution: { workflowId: id } });
    await eventually(
      () =>
        handle(id)
          .describe()
          .then(
            () => true,
            () => false,
          ),
      (isThere) => !isThere,
    );
    const answers = await deliverAll(Array.from({ length: DELIVERIES }, () => () => change.deliver('one')));
    expect(answers.every(({ status }) => status === 200 || status === 202)).toBe(true);
    expect(await failureOf(handle(id))).toMatchObject({ type: 'AlreadyRun' });
    expect(executed(3)).toBe(1);
  });
});

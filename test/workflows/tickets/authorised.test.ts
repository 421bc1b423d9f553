// Exactly one run for each authorisation of a ticket, whoever hears of it first; and what becomes of a run whose ticket changes its mind.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { RunReport } from '../../../src/domain/run/outcome.js';
import { ledgerOf } from '../../support/ledger/inspector.js';
import { eventually, failureOf } from '../product-harness.js';
import { openTicketHarness, type TicketHarness } from './harness.js';

const HOST = (place: number) => `host-${String(place + 1).padStart(6, '0')}.example.com`;
const RUN = 'script: 72648, poll: { interval: 1s }, deadline: 1m';
const HOOK = 'system: servicenow, secrets: [{ env: S }], ticket: snow';
const playbooks = `
  patch: { run: { ${RUN} }, targets: { choose: [hostnames] } },
  asked: { run: { ${RUN} }, targets: { choose: [hostnames] }, approval: { quorum: 1 } },
  careful: { run: { ${RUN} }, targets: { choose: [hostnames] }, approval: { quorum: 1, approvers: [ann] } }`;
const hooks = ['patch', 'asked', 'careful']
  .map((name) => `${name}: { ${HOOK}, playbook: ${name}, find: "approval=approved^u_hook=${name}" }`)
  .join(', ');

describe('a change and its runs', () => {
  let harness: TicketHarness;
  beforeAll(async () => {
    harness = await openTicketHarness('tickets', { playbooks, hooks });
  }, 600_000);
  afterAll(() => harness?.close());

  const handle = (id: string) => harness.env.client.workflow.getHandle(id);
  const report = async (id: string) => (await handle(id).result()) as RunReport;
  const stopOf = async (id: string) => (await harness.product.ledger.runs.get(id))?.stop;
  /** Everything that the hosts with these places ever got. */
  const executed = (...places: number[]) => {
    const counts = harness.product.simulator.state.executionsPerAsset();
    return places.map((place) => counts.get(String(20_452_610 + place)) ?? 0);
  };
  const lines = async (id: string) =>
    (await ledgerOf(harness).columns('ticketPosts', ['words'], { runId: id, kind: 'line' })).map(({ words }) => words ?? '');

  test('one whose event never came is found, and starts its run on its items; a second look starts nothing', async () => {
    const change = await harness.change('CHG0100001', [HOST(0), HOST(1)], { u_hook: 'patch' });
    await change.edit({ state: '-1' });
    const id = `snow/${change.number}/${change.count()}`;
    expect(await harness.look({ hook: 'patch' })).toMatchObject({ found: 1, started: [id], refused: 0 });
    expect(await report(id)).toMatchObject({ status: 'succeeded', counts: { targeted: 2, succeeded: 2 } });
    await change.edit({ state: '0' });
    expect(await harness.look({ hook: 'patch' })).toMatchObject({ found: 1, started: [] });
    expect(executed(0, 1)).toEqual([1, 1]);
    expect((await harness.product.ledger.runs.get(id))?.request).toMatchObject({
      ticket: { hook: 'patch', id: change.number },
      reason: `Patch for ${change.number}`,
    });
  });

  test('its event, late after all, has the lower count of the approval itself: it is the same authorisation, and runs nothing', async () => {
    const change = await harness.change('CHG0100002', [HOST(2)], { u_hook: 'patch' });
    const event = change.event();
    await change.edit({ state: '-1' });
    const { started } = await harness.look({ hook: 'patch' });
    expect(started).toEqual([`snow/${change.number}/1`]);
    expect(await report(`snow/${change.number}/1`)).toMatchObject({ status: 'succeeded' });
    expect((await change.deliver('patch', event)).status).toBe(202);
    expect(await failureOf(handle(`snow/${change.number}/0`))).toMatchObject({
      type: 'AlreadyRun',
      message: expect.stringContaining('/1 is the run of this approval'),
    });
    expect(executed(2)).toEqual([1]);
    // The same number is the same id: whoever was found is not another request for being told of as well.
    expect(await change.deliver('patch', { ...event, sys_mod_count: '1' })).toMatchObject({
      status: 200,
      body: { workflowId: `snow/${change.number}/1` },
    });
    expect(await lines(`snow/${change.number}/1`)).toEqual([expect.stringContaining('The authorisation 0 came too late')]);
  });

  test('its event and two searches at once are one execution on each host', async () => {
    const change = await harness.change('CHG0100003', [HOST(3), HOST(4)], { u_hook: 'patch' });
    const event = change.event();
    await change.edit({ state: '-1' });
    const [first, second] = harness.servers;
    const answers = await Promise.all([
      harness.look({ hook: 'patch' }),
      ...[first, second, first].map((server) => change.deliver('patch', event, server)),
      harness.look({ hook: 'patch' }),
    ]);
    expect(answers.filter((answer) => 'status' in answer).map(({ status }) => status >= 200 && status < 300)).toEqual([true, true, true]);
    const ids = [`snow/${change.number}/0`, `snow/${change.number}/1`];
    const ends = await Promise.all(
      ids.map((id) =>
        report(id).then(
          ({ status }) => status,
          () => 'failed',
        ),
      ),
    );
    expect(ends.sort()).toContain('succeeded');
    expect(executed(3, 4)).toEqual([1, 1]);
  });

  test('approved, withdrawn and approved again is two authorisations; the event of the first, late, is none', async () => {
    const change = await harness.change('CHG0100004', [HOST(5)], { u_hook: 'none' });
    const first = change.event();
    await change.edit({ approval: 'requested' });
    const withdrawal = change.event();
    await change.edit({ approval: 'approved' });
    expect((await change.deliver('patch')).status).toBe(202);
    expect(await report(`snow/${change.number}/2`)).toMatchObject({ status: 'succeeded' });
    expect((await change.deliver('patch', withdrawal)).body).toEqual({ ignored: 'the event is older than what the ticket says' });
    await change.deliver('patch', first);
    expect(await failureOf(handle(`snow/${change.number}/0`))).toMatchObject({ type: 'AlreadyRun' });
    expect(executed(5)).toEqual([1]);
    await change.edit({ approval: 'rejected' });
    await change.edit({ approval: 'approved' });
    expect((await change.deliver('patch')).status).toBe(202);
    expect(await report(`snow/${change.number}/4`)).toMatchObject({ status: 'succeeded' });
    expect(executed(5)).toEqual([2]);
  });

  test("its own approval answers what its playbook asks, and is in the audit log under the ticket's name", async () => {
    const change = await harness.change('CHG0100005', [HOST(6)]);
    expect((await change.deliver('asked')).status).toBe(202);
    const id = `snow/${change.number}/0`;
    expect(await report(id)).toMatchObject({ status: 'succeeded' });
    const entries = await harness.product.ledger.audit.of(id);
    expect(entries).toContainEqual(
      expect.objectContaining({ action: 'approve', actor: `ticket ${change.number} (servicenow)`, verified: false }),
    );
  });

  test('a question that names its approvers is theirs: the ticket says so; withdrawn in the ticket, it is answered by no', async () => {
    const change = await harness.change('CHG0100006', [HOST(7)]);
    await change.deliver('careful');
    const id = `snow/${change.number}/0`;
    await eventually(
      async () => (await harness.product.ledger.runs.get(id))?.phase,
      (phase) => phase === 'awaiting-approval',
    );
    await harness.look({ hook: 'careful' });
    expect(await lines(id)).toEqual([expect.stringContaining('is not among the approvers')]);
    await change.edit({ approval: 'rejected' });
    expect((await change.deliver('careful')).body).toEqual({ ignored: 'not approved' });
    expect(await report(id)).toMatchObject({ status: 'stopped', counts: { skipped: 1 } });
    expect(await stopOf(id)).toMatchObject({ reason: 'rejected' });
    expect(await harness.product.ledger.audit.of(id)).toContainEqual(
      expect.objectContaining({ action: 'reject', actor: `ticket ${change.number} (servicenow)` }),
    );
    // Approved again under the same number, which no system does: the run is over, and the ticket hears of that.
    await change.edit({ approval: 'approved' });
    expect((await change.deliver('careful', change.event({ sys_mod_count: '0' }))).status).toBe(200);
    await eventually(
      () => lines(id),
      (words) => words.some((line) => line.includes('came too late')),
    );
    expect(executed(7)).toEqual([0]);
  });

  test('withdrawn while it runs, it sends nothing more', async () => {
    const change = await harness.change('CHG0100007', [HOST(8)]);
    await change.deliver('patch');
    const id = `snow/${change.number}/0`;
    await eventually(
      async () => executed(8),
      ([count]) => count === 1,
    );
    await change.edit({ approval: 'requested' });
    const { stopped } = await harness.look({ hook: 'patch', ticket: change.number });
    // On a busy machine it may have ended by itself before anybody looked.
    if (stopped.length > 0) expect(await stopOf(id)).toEqual({ cause: 'stopped', reason: 'approval-withdrawn' });
    else expect((await harness.product.ledger.runs.get(id))?.finishedAt).toBeDefined();
    await report(id);
  });
});

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { CampaignReport } from '../../../src/domain/campaign/status.js';
import { ledgerOf } from '../../support/ledger/inspector.js';
import { assetIds, eventually, openProductHarness, type ProductHarness, requestFor } from '../product-harness.js';

/** Between two executions of the script, in real time: the one thing that all of them wait for. */
const INTERVAL_MS = 1_000;
const EXECUTIONS = 8;

describe('campaigns and a ticket that want the same script', () => {
  let harness: ProductHarness;

  beforeAll(async () => {
    harness = await openProductHarness('shares', { policy: { executeIntervalMs: INTERVAL_MS }, simulator: { assets: 600 } });
  }, 600_000);

  afterAll(() => harness?.close());

  async function campaign(name: string, first: number) {
    const workflowId = `${name}-${randomUUID()}`;
    const plan = {
      name,
      steps: { remediate: 72648 },
      ...{ targets: { assetIds: assetIds(first, EXECUTIONS * 25) }, maxInFlight: EXECUTIONS, poll: { interval: '1s' }, deadline: '2m' },
    };
    const handle = await harness.env.client.workflow.start('remediationCampaign', {
      workflowId,
      taskQueue: harness.taskQueue,
      args: [plan],
    });
    return { workflowId, result: () => handle.result() as Promise<CampaignReport> };
  }

  /** Whose executions were sent, in order: `a`, `b` or `t`. */
  async function order(names: Record<string, string>): Promise<string> {
    const rows = await ledgerOf(harness.product.ledger).columns('sends', ['runId'], { spent: 1 });
    return rows.map(({ runId }) => names[runId.split('/')[0] ?? ''] ?? '?').join('');
  }

  test('the ticket goes through at once, and the campaigns go on in turn', async () => {
    const [a, b] = [await campaign('a', 0), await campaign('b', 200)];
    const names: Record<string, string> = { [a.workflowId]: 'a', [b.workflowId]: 'b' };
    await eventually(
      () => order(names),
      (sent) => sent.length >= 4,
    );
    const before = await order(names);
    const ticket = await harness.start(requestFor(assetIds(400, 50)));
    names[ticket.workflowId] = 't';
    expect(await ticket.result()).toMatchObject({ status: 'succeeded', executions: 2 });
    const untilTicketWasDone = await order(names);
    // One may have been sent while the ticket was opened, a second while it asked for the first time.
    expect(untilTicketWasDone.slice(before.length)).toMatch(/^[ab]{0,2}tt/);
    expect(untilTicketWasDone.length).toBeLessThan(2 * EXECUTIONS + 2);

    const reports = [await a.result(), await b.result()];
    expect(reports.map(({ status, executions }) => [status, executions])).toEqual([
      ['succeeded', EXECUTIONS],
      ['succeeded', EXECUTIONS],
    ]);
    const campaigns = (await order(names)).replaceAll('t', '');
    // From the moment in which both ask, neither is ever more than one ahead.
    for (let sent = 4; sent <= campaigns.length; sent += 1) expect(Math.abs(ahead(campaigns, 3, sent))).toBeLessThanOrEqual(1);
  });

  function ahead(sent: string, from: number, to: number): number {
    const part = [...sent.slice(from, to)];
    return part.filter((name) => name === 'a').length - part.filter((name) => name === 'b').length;
  }
});

describe('the executions of a day that are nearly used up', () => {
  let harness: ProductHarness;

  beforeAll(async () => {
    harness = await openProductHarness('day', { policy: { caps: { callsPerHour: 100_000, executionsPerDay: 6, concurrency: 4 } } });
  }, 600_000);

  afterAll(() => harness?.close());

  test('go to the ticket before the campaign, which says what it waits for', async () => {
    const { client } = harness.env;
    const workflowId = `day-${randomUUID()}`;
    const plan = {
      name: 'long',
      steps: { remediate: 72648 },
      ...{ targets: { assetIds: assetIds(0, 225) }, maxInFlight: 1, poll: { interval: '1s' }, deadline: '2m' },
    };
    const campaign = await client.workflow.start('remediationCampaign', { workflowId, taskQueue: harness.taskQueue, args: [plan] });
    const sends = async () =>
      (await ledgerOf(harness.product.ledger).columns('sends', ['runId'], { spent: 1 })).map(({ runId }) =>
        runId.startsWith(workflowId) ? 'c' : 't',
      );
    await eventually(sends, ({ length }) => length >= 2);
    const report = await harness.run(requestFor(assetIds(300, 75), { maxInFlight: 1 }));
    expect(report).toMatchObject({ status: 'succeeded', executions: 3 });
    await eventually(sends, ({ length }) => length === 6);
    expect((await sends()).filter((who) => who === 't')).toHaveLength(3);

    const blocked = async () =>
      (await ledgerOf(harness.product.ledger).columns('runs', ['blocked'], { campaignId: workflowId }))[0]?.blocked;
    await eventually(blocked, (why) => why === '6 of 6 executions used (rolling 24 h)');
    await campaign.cancel();
    expect(await (campaign.result() as Promise<CampaignReport>)).toMatchObject({ status: 'cancelled', executions: 3 });
  });
});

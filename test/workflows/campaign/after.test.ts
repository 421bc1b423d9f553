import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pause, resume } from '../../../src/workflows/shared/messages.js';
import { ledgerOf } from '../../support/ledger/inspector.js';
import { eventually } from '../product-harness.js';
import { type CampaignHarness, ids, openCampaignHarness, planOf } from './harness.js';

const [RESTARTS, LOOKS, PLAIN] = [72648, 72649, 72655] as const;
const SPEED = 600;
/** Until somebody brings them back. */
const AWAY_MS = 86_400_000 * SPEED;

describe('what a step waits for', () => {
  let harness: CampaignHarness;

  beforeAll(async () => {
    harness = await openCampaignHarness('after', {
      simulator: {
        speed: SPEED,
        scripts: [
          { id: RESTARTS, title: 'Patch and restart', reboots: { awayMs: { min: AWAY_MS, max: AWAY_MS } } },
          { id: LOOKS, title: 'Look' },
          { id: PLAIN, title: 'Patch' },
        ],
        results: [{ scriptId: RESTARTS, assetIds: ids(80, 2).map(Number), exitCode: 1641 }],
      },
    });
  }, 600_000);

  afterAll(() => harness?.close());

  const sentTo = (scriptId: number, among: readonly string[]): string[] =>
    harness
      .sent(scriptId)
      .flat()
      .filter((id) => among.includes(id))
      .sort();
  const checkIn = (within: string) => ({ remediate: RESTARTS, verify: { script: LOOKS, after: { checkIn: true as const, within } } });

  test('a host that restarts is verified when its agent has checked in again, and not before, whatever workers end meanwhile', async () => {
    const { simulator, restartWorkers } = harness.product;
    const [all, back] = [ids(0, 6), ids(0, 4)];
    const campaign = await harness.campaign(planOf(0, 6, { steps: checkIn('1d') }));
    const waiting = await campaign.until(({ blocked }) => blocked?.includes('checked in') === true);
    expect(waiting.blocked).toMatch(/^6 asset\(s\) have not checked in since the step before; they are waited for until 20\d\d-.+Z/);
    expect(sentTo(LOOKS, all)).toEqual([]);
    for (const id of back) simulator.state.bringBack(id);
    await eventually(
      async () => sentTo(LOOKS, all),
      (sent) => sent.length === back.length,
    );
    expect(sentTo(LOOKS, all)).toEqual(back);
    await restartWorkers();
    for (const id of all) simulator.state.bringBack(id);
    expect(await campaign.report()).toMatchObject({ status: 'succeeded', counts: { targeted: 6, succeeded: 6 } });
    expect(sentTo(RESTARTS, all)).toEqual(all);
    expect(sentTo(LOOKS, all)).toEqual(all);
  });

  test('one that does not come back within its time is unverified for that, and gets nothing more', async () => {
    const [gone] = [ids(20, 2)];
    const campaign = await harness.campaign(planOf(20, 2, { steps: checkIn('1s'), inconclusive: '100%' }));
    expect(await campaign.report()).toMatchObject({ status: 'failed', counts: { targeted: 2, unverified: 2 }, executions: 1 });
    expect(await campaign.outcomes()).toEqual(Object.fromEntries(gone.map((id) => [id, 'unverified: no-check-in'])));
    expect(sentTo(LOOKS, gone)).toEqual([]);
    expect(await harness.audit(`${campaign.workflowId}/all/verify`)).toContain('no-check-in');
  });

  test('one whose installer says that it restarts is waited for although no plan says so, and the others are not', async () => {
    const { simulator } = harness.product;
    const [all, restarting] = [ids(80, 5), ids(80, 2)];
    const campaign = await harness.campaign(
      planOf(80, 5, { steps: { remediate: { script: RESTARTS, verdict: { preset: 'windows-installer' } }, verify: LOOKS } }),
    );
    const waiting = await campaign.until(({ blocked }) => blocked?.includes('checked in') === true);
    expect(waiting.blocked).toMatch(/^2 asset\(s\) have not checked in since the step before/);
    await eventually(
      async () => sentTo(LOOKS, all),
      (sent) => sent.length === 3,
    );
    expect(sentTo(LOOKS, restarting)).toEqual([]);
    for (const id of all) simulator.state.bringBack(id);
    expect(await campaign.report()).toMatchObject({ counts: { targeted: 5, succeeded: 5 } });
    expect(sentTo(LOOKS, all)).toEqual(all);
  });

  test('a time past the verdict passes before anything is sent, and a pause in between does not shorten it', async () => {
    const campaign = await harness.campaign(planOf(40, 3, { steps: { remediate: PLAIN, verify: { script: LOOKS, after: '5s' } } }));
    const decisions = async () =>
      (await ledgerOf(harness).columns('attempts', ['decidedAt'], { runId: `${campaign.workflowId}/all/remediate` })).map(
        (row) => row.decidedAt ?? 0,
      );
    await eventually(decisions, (decided) => decided.length === 3 && decided.every((at) => at > 0));
    await campaign.handle.executeUpdate(pause, { args: [{ by: 'ann' }] });
    await campaign.handle.executeUpdate(resume, { args: [{ by: 'ann' }] });
    expect(await campaign.report()).toMatchObject({ status: 'succeeded', counts: { succeeded: 3 }, executions: 2 });
    const [permit, ...more] = await ledgerOf(harness).permits(`${campaign.workflowId}/all/verify`);
    expect(more).toEqual([]);
    expect((permit?.permittedAt ?? 0) - Math.max(...(await decisions()))).toBeGreaterThanOrEqual(5_000);
  });

  test('what is waited for is said while nothing else holds it back', async () => {
    const campaign = await harness.campaign(planOf(60, 3, { steps: { remediate: PLAIN, verify: { script: LOOKS, after: '1d' } } }));
    const waiting = await campaign.until(({ blocked }) => blocked?.includes('wait for their time') === true);
    expect(waiting.blocked).toMatch(/^3 asset\(s\) wait for their time after the step before; the next is due at 20\d\d-.+Z$/);
    await campaign.handle.cancel();
    expect(await campaign.report()).toMatchObject({ status: 'cancelled', counts: { unverified: 3 }, executions: 1 });
    expect(sentTo(LOOKS, ids(60, 3))).toEqual([]);
  });
});

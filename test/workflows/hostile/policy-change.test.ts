// A policy that changes while runs are under way: nothing that it forbids by now is sent, whatever a run was opened with.
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { defaultPolicy, type NeverTouch, type Policy } from '../../../src/contracts/policy.js';
import { CAPS_OFF } from '../../support/product/harness.js';
import { type CampaignHarness, openCampaignHarness } from '../campaign/harness.js';
import { assetIds, eventually, outcomes, progressOf, requestFor } from '../product-harness.js';

/** The fleet has 400 assets; tag 500 + k is on every tenth of them, from the k-th on. */
const TAGS = Array.from({ length: 10 }, (_, index) => ({ id: 500 + index, name: `ring ${index}`, modulo: 10, remainder: index }));
const [FAILING = 0] = assetIds(395, 1);

describe('a policy that changes while a run is under way', () => {
  let harness: CampaignHarness;

  beforeAll(async () => {
    harness = await openCampaignHarness('policy-change', { simulator: { tags: TAGS, failAssets: [FAILING] } });
  }, 600_000);

  afterEach(async () => {
    await change({});
    await harness.product.ledger.killSwitch.unhalt({ by: 'the test' });
  });

  afterAll(() => harness?.close());

  /** As a worker does that sees its file change. */
  async function change(neverTouch: Partial<NeverTouch>, more: Partial<Policy> = {}): Promise<void> {
    const policy = { ...defaultPolicy(), caps: CAPS_OFF, ...more, neverTouch: { assetIds: [], tags: [], hostnames: [], ...neverTouch } };
    await harness.product.ledger.policies.offer({ policy, isChange: true });
  }

  const halt = () => harness.product.ledger.killSwitch.halt({ by: 'the test', reason: 'to change the policy' });
  const unhalt = () => harness.product.ledger.killSwitch.unhalt({ by: 'the test' });
  const executed = (assetId: number | string): boolean => harness.product.simulator.state.executionsPerAsset().has(String(assetId));
  const isHalted = async (workflowId: string) => (await harness.product.ledger.executions.inState(workflowId, ['claimed'])).length > 0;

  test('holds for what the run has claimed and not sent: by id, short name and tag', async () => {
    const ids = assetIds(0, 60);
    const [byId, byName, byTag] = [ids[3], ids[29], ids[57]] as [number, number, number];
    await halt();
    const handle = await harness.start(requestFor(ids, { maxInFlight: 1 }));
    await eventually(() => isHalted(handle.workflowId), Boolean);
    harness.product.simulator.state.retag(String(byTag), 509, true);
    for (const other of assetIds(0, 400).filter((id) => id !== byTag)) harness.product.simulator.state.retag(String(other), 509, false);
    await change({ assetIds: [String(byId)], hostnames: ['HOST-000030'], tags: ['Ring 9'] });
    await unhalt();
    const report = await handle.result();
    expect(report.counts).toMatchObject({ targeted: 60, succeeded: 57, skipped: 3 });
    const rows = outcomes(await harness.rows(handle.workflowId));
    for (const id of [byId, byName, byTag]) expect([rows[String(id)], executed(id)]).toEqual(['skipped: never-touch', false]);
    expect(await harness.audit(handle.workflowId)).toContain('never-touch');
  });

  test('holds for an execution by tags: they are given up, and the rest goes by ids', async () => {
    const handle = await (async () => {
      await halt();
      return harness.start({
        ...{ script: 72648, targets: { assetTagIds: [504] }, strategy: 'tags', poll: { interval: '1s' }, deadline: '1m' },
      });
    })();
    await eventually(() => isHalted(handle.workflowId), Boolean);
    const [kept = 0] = assetIds(104, 1);
    await change({ assetIds: [String(kept)] });
    await unhalt();
    expect((await handle.result()).counts).toMatchObject({ targeted: 40, succeeded: 39, skipped: 1 });
    expect(executed(kept)).toBe(false);
    expect(outcomes(await harness.rows(handle.workflowId))[String(kept)]).toBe('skipped: never-touch');
  });

  test('holds for a further attempt of an asset that has failed: its verdict stands', async () => {
    const handle = await harness.start(requestFor([FAILING], { retry: { failed: 3, after: '3s' } }));
    await eventually(
      async () => harness.product.simulator.state.executionsPerAsset().get(String(FAILING)) ?? 0,
      (sent) => sent > 0,
    );
    await change({ assetIds: [String(FAILING)] });
    const { counts } = await handle.result();
    expect(counts).toMatchObject({ targeted: 1, failed: 1 });
    expect(harness.product.simulator.state.executionsPerAsset().get(String(FAILING))).toBe(1);
  });

  test('holds for the steps of a campaign, and its report says so', async () => {
    const ids = assetIds(200, 30);
    const kept = ids[7] as number;
    await halt();
    const campaign = await harness.campaign({
      ...{ name: 'patch', targets: { assetIds: ids }, steps: { remediate: 72648 }, poll: { interval: '1s' }, deadline: '1m' },
    });
    const step = await eventually(
      async () => (await harness.product.ledger.campaigns.openSteps(campaign.workflowId))[0] ?? '',
      (id) => id !== '',
    );
    await eventually(() => isHalted(step), Boolean);
    await change({ hostnames: [`host-${String(208).padStart(6, '0')}`] });
    await unhalt();
    expect((await campaign.report()).counts).toMatchObject({ targeted: 30, succeeded: 29, skipped: 1 });
    expect([(await campaign.outcomes())[String(kept)], executed(kept)]).toEqual(['skipped: never-touch', false]);
  });

  test('keeps a script back that it does not allow any more, in words, until it does again', async () => {
    await halt();
    const handle = await harness.start(requestFor(assetIds(300, 2)));
    await eventually(() => isHalted(handle.workflowId), Boolean);
    await change({}, { scripts: { allow: ['72649'] } });
    await unhalt();
    await eventually(
      async () => (await progressOf(handle)).blocked ?? '',
      (why) => why.startsWith('Policy does not allow script 72648'),
    );
    expect(executed(assetIds(300, 1)[0] ?? 0)).toBe(false);
    await change({}, { scripts: { allow: ['72648'] } });
    expect((await handle.result()).status).toBe('succeeded');
  });

  test('sends nothing while it names what Qualys does not know, and goes on when that is fixed', async () => {
    await halt();
    const handle = await harness.start(requestFor(assetIds(310, 2)));
    await eventually(() => isHalted(handle.workflowId), Boolean);
    await change({ tags: ['Crown jewels'] });
    await unhalt();
    await eventually(
      async () => (await progressOf(handle)).blocked ?? '',
      (why) => why.includes('Qualys lists no tag "Crown jewels"'),
    );
    expect(executed(assetIds(310, 1)[0] ?? 0)).toBe(false);
    await change({ tags: ['Crown jewels'], unknown: 'warn' });
    const report = await handle.result();
    expect(report.status).toBe('succeeded');
    expect(report.warnings).toEqual(['policy.neverTouch.tags[0]: Qualys lists no tag "Crown jewels", so it excludes nothing']);
  });
});

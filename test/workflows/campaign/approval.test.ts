import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { Blackout } from '../../../src/domain/calendar/windows.js';
import { type TimeSkipping, timeSkipping } from '../../support/product/time-skipping.js';
import { type Campaign, type CampaignHarness, openCampaignHarness, planOf } from './harness.js';

const SCRIPT = 72648;

describe('what a person decides about a campaign', () => {
  let harness: CampaignHarness;
  let skipping: TimeSkipping;

  beforeAll(async () => {
    harness = await openCampaignHarness('approval');
    skipping = await timeSkipping(harness.env);
  }, 600_000);

  afterAll(async () => {
    await skipping?.close();
    await harness?.close();
  });

  const refusal = async ({ handle }: Campaign, update: string, argument: object): Promise<string> => {
    try {
      await handle.executeUpdate(update, { args: [argument] });
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError) return error.cause?.message ?? '';
      throw error;
    }
    return 'accepted';
  };
  /** How many executions of the campaign Qualys has accepted. */
  const sentOf = async ({ workflowId }: Campaign): Promise<number> => (await harness.product.ledger.campaigns.spent(workflowId)).executions;
  const changeScript = (change: { status?: string; content?: string }) => harness.product.simulator.state.changeScript(SCRIPT, change);

  test('a quorum of two is two people among the approvers, not the requester, and about this very plan', async () => {
    const campaign = await harness.campaign(
      planOf(0, 3, { requestedBy: 'ann', approval: { quorum: 2, approvers: ['ann', 'bob', 'cid'] }, reason: 'CVE-2026-1' }),
    );
    const { pending } = await campaign.untilPhase('awaiting-approval');
    expect(pending).toEqual({ kind: 'wave', wave: 'all', digest: expect.stringMatching(/^[0-9a-f]{64}$/), approvals: [] });
    expect(await refusal(campaign, 'approve', { by: 'ann' })).toContain('ann requested this run');
    expect(await refusal(campaign, 'approve', { by: 'eve' })).toContain('eve is not among the approvers');
    expect(await refusal(campaign, 'approve', { by: 'bob', digest: 'another' })).toContain('is not the pending one');
    expect(await refusal(campaign, 'approve', { by: 'bob', digest: pending?.digest })).toBe('accepted');
    expect(await refusal(campaign, 'approve', { by: 'bob' })).toContain('bob has already approved');
    expect((await campaign.progress()).pending).toMatchObject({ approvals: ['bob'] });
    expect(await sentOf(campaign)).toBe(0);
    expect(await refusal(campaign, 'approve', { by: 'cid', reason: 'fine' })).toBe('accepted');
    const report = await campaign.report();
    expect(report).toMatchObject({ status: 'succeeded', waves: [{ approvedBy: ['bob', 'cid'] }] });
    const entries = (await harness.product.ledger.audit.of(campaign.workflowId)).filter(({ action }) => action === 'approve');
    expect(entries).toEqual([
      expect.objectContaining({ actor: 'bob', detail: expect.stringContaining(pending?.digest ?? '') }),
      expect.objectContaining({ actor: 'cid', detail: expect.stringContaining('fine') }),
    ]);
  });

  test('an approval that nobody gives in time expires, and nothing is sent', async () => {
    const campaign = await harness.campaign(planOf(10, 3, { approval: { expires: '3d' } }), { client: skipping.client });
    const report = await campaign.report();
    expect(report).toMatchObject({ status: 'stopped', executions: 0, counts: { skipped: 3 }, waves: [{ status: 'skipped' }] });
    expect(Object.values(await campaign.outcomes())).toEqual(Array(3).fill('skipped: approval-expired'));
  });

  test('a script that changes between two waves voids the approval and is asked about again', async () => {
    changeScript({ content: 'echo one' });
    const campaign = await harness.campaign(
      planOf(20, 6, {
        waves: [
          { name: 'canary', size: 2, approval: false },
          { name: 'rest', approval: { quorum: 1 } },
        ],
      }),
    );
    const first = await campaign.untilPhase('awaiting-approval');
    changeScript({ content: 'echo two' });
    await campaign.handle.executeUpdate('approve', { args: [{ by: 'bob' }] });
    const second = await campaign.until(({ pending }) => pending !== undefined && pending.digest !== first.pending?.digest);
    expect(second.pending?.approvals).toEqual([]);
    expect(await sentOf(campaign)).toBe(1);
    expect(await refusal(campaign, 'approve', { by: 'bob', digest: first.pending?.digest })).toContain('is not the pending one');
    await campaign.handle.executeUpdate('approve', { args: [{ by: 'cid', digest: second.pending?.digest }] });
    expect(await campaign.report()).toMatchObject({ status: 'succeeded', waves: [{ approvedBy: [] }, { approvedBy: ['cid'] }] });
    const drift = (await harness.product.ledger.audit.of(campaign.workflowId)).find(({ action }) => action === 'plan-drift');
    expect(drift?.detail).toContain('scripts.remediate.sha256');
  });

  test('a script that changes where nobody was asked asks somebody anyway', async () => {
    changeScript({ content: 'echo three' });
    const campaign = await harness.campaign(planOf(30, 6, { waves: [{ name: 'canary', size: 2, soak: '4s' }, { name: 'rest' }] }));
    await campaign.untilPhase('soaking');
    changeScript({ content: 'echo four' });
    const { pending } = await campaign.untilPhase('awaiting-approval');
    expect(pending).toMatchObject({ kind: 'wave', wave: 'rest' });
    await campaign.handle.executeUpdate('reject', { args: [{ by: 'bob' }] });
    expect(await campaign.report()).toMatchObject({ status: 'stopped', counts: { succeeded: 2, skipped: 4 } });
  });

  test('limits that are adjusted while a wave waits void what was given for it; while it runs they ask nobody', async () => {
    const plan = planOf(50, 4, { waves: [{ name: 'canary', size: 2, approval: { quorum: 2 }, soak: '2s' }, { name: 'rest' }] });
    const campaign = await harness.campaign(plan);
    const first = (await campaign.untilPhase('awaiting-approval')).pending?.digest;
    expect(await refusal(campaign, 'approve', { by: 'bob' })).toBe('accepted');
    await campaign.handle.executeUpdate('adjust', { args: [{ by: 'eve', errorBudget: { max: 1 } }] });
    const { pending } = await campaign.progress();
    expect(pending).toMatchObject({ kind: 'wave', wave: 'canary', approvals: [] });
    expect(await refusal(campaign, 'approve', { by: 'bob', digest: first })).toContain('is not the pending one');
    expect(await sentOf(campaign)).toBe(0);
    expect(await refusal(campaign, 'approve', { by: 'bob', digest: pending?.digest })).toBe('accepted');
    expect(await refusal(campaign, 'approve', { by: 'cid', digest: pending?.digest })).toBe('accepted');
    await campaign.untilPhase('soaking');
    await campaign.handle.executeUpdate('adjust', { args: [{ by: 'eve', maxInFlight: 7 }] });
    expect(await campaign.report()).toMatchObject({ status: 'succeeded', waves: [{ approvedBy: ['bob', 'cid'] }, { approvedBy: [] }] });
    const actions = (await harness.product.ledger.audit.of(campaign.workflowId)).map(({ action }) => action);
    expect(actions.filter((action) => action === 'approvals-voided')).toHaveLength(1);
    expect(actions.filter((action) => action === 'await-approval')).toHaveLength(1);
  });

  test('a script that is withdrawn meanwhile holds the campaign, until it is approved again and somebody says so', async () => {
    const campaign = await harness.campaign(planOf(40, 6, { waves: [{ name: 'canary', size: 2, soak: '3s' }, { name: 'rest' }] }));
    await campaign.untilPhase('soaking');
    changeScript({ status: 'DEPRECATED' });
    const { blocked } = await campaign.untilPhase('blocked');
    expect(blocked).toContain('Step remediate');
    expect(await sentOf(campaign)).toBe(1);
    changeScript({ status: 'APPROVED' });
    await campaign.handle.executeUpdate('resume', { args: [{ by: 'bob' }] });
    expect(await campaign.report()).toMatchObject({ status: 'succeeded', counts: { succeeded: 6 } });
  });

  test('a script that policy forbids meanwhile holds the campaign, until policy allows it again', async () => {
    const { ledger, dependencies } = harness.product;
    const allow = (...scripts: string[]) =>
      ledger.policies.offer({ policy: { ...dependencies.policy, scripts: { allow: scripts } }, isChange: true });
    const campaign = await harness.campaign(planOf(60, 4, { waves: [{ name: 'canary', size: 2, soak: '3s' }, { name: 'rest' }] }));
    await campaign.untilPhase('soaking');
    await allow('1');
    try {
      const { blocked } = await campaign.untilPhase('blocked');
      expect(blocked).toContain(`Step remediate: Policy does not allow script ${SCRIPT}`);
      expect(await sentOf(campaign)).toBe(1);
    } finally {
      await ledger.policies.offer({ policy: dependencies.policy, isChange: true });
    }
    await campaign.handle.executeUpdate('resume', { args: [{ by: 'bob' }] });
    expect(await campaign.report()).toMatchObject({ status: 'succeeded', counts: { succeeded: 4 } });
  });

  const now = new Date();
  const at = (hours: number): string => new Date(now.getTime() + hours * 3_600_000).toISOString().slice(0, 16);
  test.each<[string, { windows?: object[]; blackouts?: Blackout[] }, RegExp]>([
    [
      'outside its windows',
      {
        windows: [
          {
            days: [['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'][(now.getUTCDay() + 3) % 7]],
            from: '03:00',
            to: '05:00',
            timezone: 'UTC',
          },
        ],
      },
      /No window is open; the next opening is at \d{4}-\d\d-\d\d 03:00 UTC/,
    ],
    [
      'in a blackout',
      { blackouts: [{ from: at(-1), to: at(2), timezone: 'UTC' }] },
      /A blackout lasts until .* UTC; the next opening is at /,
    ],
  ])('%s nothing is sent, and progress says when it will be', async (_, calendar, why) => {
    const campaign = await harness.campaign({ ...planOf(50, 3), ...calendar });
    const { blocked } = await campaign.untilPhase('blocked');
    expect(blocked).toMatch(why);
    expect(await sentOf(campaign)).toBe(0);
    await campaign.handle.cancel();
    expect(await campaign.report()).toMatchObject({ status: 'cancelled', executions: 0, counts: { skipped: 3 } });
  });

  test('nothing is sent that is not expected to end before its window closes', async () => {
    // Of this script nothing is known: it is expected to take its deadline, and a blackout begins before that is over.
    const soon = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString().slice(0, 16);
    const campaign = await harness.campaign(
      planOf(50, 3, { steps: { remediate: SCRIPT, assess: 72650 }, deadline: '10m', blackouts: [{ from: soon(5), to: soon(60) }] }),
    );
    const { blocked } = await campaign.untilPhase('blocked');
    expect(blocked).toMatch(/expected to take .* but only .* are left/);
    expect(await sentOf(campaign)).toBe(0);
    await campaign.handle.cancel();
    await campaign.report();
  });
});

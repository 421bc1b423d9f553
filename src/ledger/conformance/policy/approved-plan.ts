import { describe, expect, test } from '@jest/globals';
import { rewriteRun } from '../../../../test/support/ledger/damage.js';
import { assetIds, openRun } from '../../../../test/support/ledger/ledger.js';
import type { ErrorBudget } from '../../../contracts/request.js';
import type { Command } from '../../../domain/run/command.js';
import { type FrozenPlan, planDigest } from '../../../domain/run/plan-digest.js';
import type { Ledger } from '../../index.js';
import { digestOf, sha256 } from '../../policy/approved-plan.js';
import { REFUSED } from '../../runs/orders.js';
import type { Ledgers } from '../ledgers.js';

const phaseOf = async (ledger: Ledger) => (await ledger.runs.get('r'))?.phase;
const actions = async (ledger: Ledger) => (await ledger.audit.of('r')).map(({ action, detail }) => `${action} ${detail}`);

export function approvedPlanSuite(ledgers: Ledgers): void {
  let orders = 0;

  async function waiting(): Promise<{ ledger: Ledger; digest: string; order: (command: Command<ErrorBudget>) => Promise<number> }> {
    const ledger = await ledgers.open();
    await openRun(ledger, 'r', assetIds(3));
    const order = (command: Command<ErrorBudget>) => {
      orders += 1;
      return ledger.orders.carryOut('r', { id: `o${orders}`, number: orders, command, by: 'eve' });
    };
    const digest = (await digestOf(ledger.database, 'r')) ?? '';
    await order({ kind: 'await-approval', digest });
    return { ledger, digest, order };
  }

  describe('a run that waits for its approval starts', () => {
    test('under the digest that was approved', async () => {
      const { ledger, digest, order } = await waiting();
      expect([await order({ kind: 'approve', digest }), await order({ kind: 'start', digest })]).toEqual([0, 0]);
      expect(await phaseOf(ledger)).toBe('running');
    });

    test.each<[string, (digest: string) => Command<ErrorBudget>]>([
      ['another digest', () => ({ kind: 'start', digest: 'f'.repeat(64) })],
      ['no digest', () => ({ kind: 'start' })],
    ])('under no other: %s', async (_, start) => {
      const { ledger, digest, order } = await waiting();
      expect([await order(start(digest)), await phaseOf(ledger)]).toEqual([REFUSED, 'awaiting-approval']);
      expect((await actions(ledger)).at(-1)).toContain('"ignored":"another digest is pending"');
    });

    test.each<[string, Command<ErrorBudget>]>([
      ['more at once', { kind: 'adjust', maxInFlight: 7 }],
      ['a longer deadline', { kind: 'adjust', deadlineMs: 1_000_000 }],
      ['an error budget', { kind: 'adjust', errorBudget: { max: 1 } }],
    ])('not under one that was voided: %s', async (_, adjustment) => {
      const { ledger, digest, order } = await waiting();
      await order({ kind: 'approve', digest });
      await order(adjustment);
      expect([await order({ kind: 'start', digest }), await order({ kind: 'approve', digest })]).toEqual([REFUSED, REFUSED]);
      const now = (await digestOf(ledger.database, 'r')) ?? '';
      expect(now).not.toBe(digest);
      expect((await actions(ledger)).filter((entry) => entry.startsWith('approvals-voided'))).toEqual([
        `approvals-voided ${JSON.stringify({ why: 'the limits were adjusted', was: digest, digest: now })}`,
      ]);
      expect([await order({ kind: 'start', digest: now }), await phaseOf(ledger)]).toEqual([0, 'running']);
    });

    test('under the same one when what was adjusted is as it was', async () => {
      const { ledger, digest, order } = await waiting();
      await order({ kind: 'adjust', maxInFlight: 100 });
      expect([await order({ kind: 'start', digest }), await phaseOf(ledger)]).toEqual([0, 'running']);
      expect((await actions(ledger)).some((entry) => entry.startsWith('approvals-voided'))).toBe(false);
    });
  });

  describe('a campaign', () => {
    const scripts = { remediate: { id: '7', title: 'Patch', sha256: 'a' } };

    async function campaign() {
      const { ledger, order } = await waiting();
      await rewriteRun(ledger, { kind: 'campaign', phase: 'running' }, { id: 'r' });
      const frozen: FrozenPlan = { plan: { name: 'c' }, scripts, cohort: { size: 3, digest: 'c' }, waves: [{ name: 'all', size: 3 }] };
      await ledger.campaigns.register('r', frozen.plan);
      await ledger.campaigns.freeze('r', { frozen, digest: planDigest(frozen, sha256), waves: [] });
      return { ledger, order };
    }

    test('goes on under limits that were adjusted while nobody is asked, and not with another script', async () => {
      const { ledger, order } = await campaign();
      expect(await ledger.campaigns.noteScripts('r', scripts)).toMatchObject({ isApproved: true, drift: [] });
      await order({ kind: 'adjust', maxInFlight: 7 });
      expect(await ledger.campaigns.noteScripts('r', scripts)).toMatchObject({ isApproved: true, drift: [] });
      const changed = { remediate: { ...scripts.remediate, sha256: 'b' } };
      expect(await ledger.campaigns.noteScripts('r', changed)).toMatchObject({ isApproved: false, drift: ['scripts.remediate.sha256'] });
    });

    test('is not taken for approved because its limits are adjusted while its script has changed', async () => {
      const { ledger, order } = await campaign();
      const changed = { remediate: { ...scripts.remediate, sha256: 'b' } };
      await ledger.campaigns.noteScripts('r', changed);
      await order({ kind: 'adjust', maxInFlight: 7 });
      const { isApproved, digest } = await ledger.campaigns.noteScripts('r', changed);
      expect(isApproved).toBe(false);
      await order({ kind: 'await-approval', digest });
      await order({ kind: 'start', digest });
      expect(await ledger.campaigns.noteScripts('r', changed)).toMatchObject({ isApproved: true, digest });
    });

    test('keeps the adjusted limits in its digest when its scripts are read again meanwhile', async () => {
      const { ledger, order } = await campaign();
      const before = await digestOf(ledger.database, 'r');
      await order({ kind: 'adjust', errorBudget: { max: 1 } });
      const { digest } = await ledger.campaigns.noteScripts('r', scripts);
      expect(digest).not.toBe(before);
      expect(digest).toBe(await digestOf(ledger.database, 'r'));
    });
  });
}

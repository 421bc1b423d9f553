import { beforeEach, describe, expect, test } from '@jest/globals';
import { openCampaign, type TestCampaign } from '../../../../test/support/ledger/campaign.js';
import { add, remove } from '../../../../test/support/ledger/damage.js';
import { accepted, giveScript, poll, readScript, TERMS } from '../../../../test/support/ledger/ledger.js';
import { campaignOutcome, nextStep, type PlannedSteps, type StepOutcome, type StepOutcomes } from '../../../domain/campaign/asset-steps.js';
import type { CampaignStepName } from '../../../domain/campaign/step.js';
import { OUTCOMES } from '../../../domain/run/outcome.js';
import { WAVES_AT_MOST } from '../../campaigns/retry.js';
import type { Ledger } from '../../index.js';
import type { Ledgers } from '../ledgers.js';

/** Every outcome, once with a reason and once without. */
const FOUND: StepOutcome[] = OUTCOMES.flatMap((outcome) => [{ outcome }, { outcome, reason: `because ${outcome}` }]);

export function mergeSuite(ledgers: Ledgers): void {
  let ledger: Ledger;

  beforeEach(async () => {
    ledger = await ledgers.open();
  });

  describe('what the steps of a wave found', () => {
    test.each<PlannedSteps>([
      { assess: false, verify: false },
      { assess: true, verify: false },
      { assess: false, verify: true },
      { assess: true, verify: true },
    ])('means for every asset what the rules of the domain say: %j', async (planned) => {
      const meant = new Map<string, Record<CampaignStepName, StepOutcome>>();
      for (const [a, assess] of (planned.assess ? FOUND : FOUND.slice(0, 1)).entries())
        for (const [r, remediate] of FOUND.entries())
          for (const [v, verify] of (planned.verify ? FOUND : FOUND.slice(0, 1)).entries())
            meant.set(`${a}-${r}-${v}`, { assess, remediate, verify, rollback: verify });
      const campaign = await openCampaign(ledger, [[...meant.keys()]]);
      const done = new Map<string, StepOutcomes>([...meant.keys()].map((id) => [id, {}]));
      for (const step of ['assess', 'remediate', 'verify'] as const) {
        if (step !== 'remediate' && !planned[step]) continue;
        const due = [...done].filter(([, outcomes]) => nextStep(planned, outcomes) === step).map(([id]) => id);
        const found = Object.fromEntries(due.map((id) => [id, meant.get(id)?.[step] ?? { outcome: 'missing' as const }]));
        expect((await campaign.step(1, step, found)).sort()).toEqual(due.sort());
        for (const id of due) done.set(id, { ...done.get(id), [step]: found[id] });
        await ledger.campaigns.mergeWave(campaign.id, 1);
      }
      const rows = await campaign.rows();
      const expected = new Map(
        [...done].map(([id, outcomes]) => {
          const { outcome, reason } = campaignOutcome(planned, outcomes) ?? { outcome: 'undecided' };
          return [id, `${outcome} / ${reason}`];
        }),
      );
      expect(new Map(rows.map(({ assetId, outcome, reason }) => [assetId, `${outcome} / ${reason}`]))).toEqual(expected);
      expect(rows.length).toBe(meant.size);
    });

    test('changes nothing when it is taken over again', async () => {
      const campaign = await openCampaign(ledger, [['a', 'b', 'c']]);
      await campaign.step(
        1,
        'remediate',
        { a: { outcome: 'succeeded' }, b: { outcome: 'failed' }, c: { outcome: 'unreachable' } },
        { open: true },
      );
      await ledger.campaigns.mergeWave(campaign.id, 1);
      const once = await campaign.rows();
      await ledger.campaigns.mergeWave(campaign.id, 1);
      expect(await campaign.rows()).toEqual(once);
      expect(once.map(({ outcome }) => outcome)).toEqual(['succeeded', 'failed', 'unreachable']);
    });
  });

  describe('a late verdict', () => {
    const late = async (steps: readonly CampaignStepName[], verdict: StepOutcome): Promise<string> => {
      const campaign = await openCampaign(ledger, [['a', 'other']]);
      const [first = 'remediate', ...behind] = steps;
      const other: StepOutcome = { outcome: first === 'assess' ? 'failed' : 'succeeded' };
      await campaign.step(1, first, { a: { outcome: 'unreachable', reason: 'disconnected' }, other }, { open: true });
      await ledger.campaigns.mergeWave(campaign.id, 1);
      for (const step of behind) await campaign.step(1, step, { other: { outcome: 'succeeded' } });
      await ledger.campaigns.mergeWave(campaign.id, 1);
      await campaign.verdict(1, first, { a: verdict });
      await ledger.campaigns.mergeWave(campaign.id, 1);
      const [a] = await campaign.rows();
      return a?.reason === undefined ? `${a?.outcome}` : `${a.outcome}: ${a.reason}`;
    };

    test.each<[CampaignStepName[], StepOutcome, string]>([
      [['remediate'], { outcome: 'succeeded' }, 'succeeded'],
      [['remediate'], { outcome: 'failed' }, 'failed'],
      [['remediate', 'verify'], { outcome: 'succeeded' }, 'unverified: too-late-to-verify'],
      [['remediate', 'verify'], { outcome: 'failed' }, 'failed'],
      [['assess', 'remediate'], { outcome: 'succeeded' }, 'skipped: compliant'],
      [['assess', 'remediate'], { outcome: 'unverified', reason: 'result-lost' }, 'unverified: assess: result-lost'],
      // Not compliant, and not remediated: its wave has gone on.
      [['assess', 'remediate'], { outcome: 'failed' }, 'unreachable: assess: disconnected'],
    ])('of the first of %j: %j means %s', async (steps, verdict, meant) => {
      expect(await late(steps, verdict)).toBe(meant);
    });
  });

  describe('assets that are put back', () => {
    let campaign: TestCampaign;

    beforeEach(async () => {
      campaign = await openCampaign(ledger, [
        ['a', 'b'],
        ['c', 'd'],
      ]);
      await campaign.step(1, 'remediate', { a: { outcome: 'failed', reason: 'exit 3' }, b: { outcome: 'unreachable' } }, { open: true });
      await ledger.campaigns.mergeWave(campaign.id, 1);
      await ledger.campaigns.setWave(campaign.id, 1, { status: 'failed', ends: true });
    });

    const outcomes = async (): Promise<string[]> => (await campaign.rows()).map(({ outcome, wave }) => `${wave} ${outcome}`);

    test('go into a wave of their own, and what their first wave says later is not theirs any more', async () => {
      expect(await ledger.campaigns.retry(campaign.id, ['failed', 'unreachable'])).toBe(2);
      expect((await ledger.campaigns.waves(campaign.id)).at(-1)).toMatchObject({ waveNo: 3, name: 'retry 1', size: 2 });
      await campaign.verdict(1, 'remediate', { b: { outcome: 'succeeded' } });
      await ledger.campaigns.mergeAll(campaign.id);
      expect(await outcomes()).toEqual(['3 pending', '3 pending', '2 pending', '2 pending']);
      await campaign.step(3, 'remediate', { a: { outcome: 'succeeded' }, b: { outcome: 'failed' } });
      await ledger.campaigns.mergeAll(campaign.id);
      expect(await outcomes()).toEqual(['3 succeeded', '3 failed', '2 pending', '2 pending']);
    });

    test('keep what they had come to when they are never sent again', async () => {
      await ledger.campaigns.retry(campaign.id, ['failed', 'unreachable']);
      await campaign.step(3, 'remediate', { a: { outcome: 'skipped', reason: 'cancelled' }, b: { outcome: 'succeeded' } });
      await ledger.campaigns.mergeAll(campaign.id);
      await ledger.campaigns.takeBackUnsent(campaign.id);
      expect(await outcomes()).toEqual(['1 failed', '3 succeeded', '2 pending', '2 pending']);
      expect((await campaign.rows())[0]?.reason).toBe('exit 3');
    });

    test('keep it too where their first wave was verified without them', async () => {
      await campaign.step(2, 'remediate', { c: { outcome: 'unreachable', reason: 'disconnected' }, d: { outcome: 'succeeded' } });
      await ledger.campaigns.mergeWave(campaign.id, 2);
      await campaign.step(2, 'verify', { d: { outcome: 'succeeded' } });
      await ledger.campaigns.mergeWave(campaign.id, 2);
      await ledger.campaigns.setWave(campaign.id, 2, { status: 'partial', ends: true });
      expect(await ledger.campaigns.retry(campaign.id, ['unreachable'])).toBe(2);
      await ledger.campaigns.takeBackUnsent(campaign.id);
      expect(await outcomes()).toEqual(['1 failed', '1 unreachable', '2 unreachable', '2 succeeded']);
      expect((await campaign.rows())[2]?.reason).toBe('disconnected');
    });

    test('are none of a wave that is under way', async () => {
      await campaign.step(2, 'remediate', { c: { outcome: 'failed' }, d: { outcome: 'failed' } });
      await ledger.campaigns.mergeAll(campaign.id);
      expect(await ledger.campaigns.retry(campaign.id, ['failed'])).toBe(1);
      expect(await ledger.campaigns.retry(campaign.id, ['failed'])).toBe(0);
    });

    test('are none of a campaign that has as many waves as its report can name, and the audit log says so', async () => {
      const waveRows = Array.from({ length: WAVES_AT_MOST - 2 }, (_, index) => index + 3);
      for (const w of waveRows) await add(ledger, 'waves', { campaignId: campaign.id, waveNo: w, name: `w ${w}`, size: 0, requeued: 1 });
      expect(await ledger.campaigns.retry(campaign.id, ['failed'])).toBe(0);
      expect(await outcomes()).toEqual(['1 failed', '1 unreachable', '2 pending', '2 pending']);
      expect((await ledger.audit.of(campaign.id)).at(-1)).toMatchObject({
        action: 'retry-refused',
        detail: expect.stringContaining('150 waves'),
      });
      await remove(ledger, 'waves', { campaignId: campaign.id, waveNo: WAVES_AT_MOST });
      expect(await ledger.campaigns.retry(campaign.id, ['failed'])).toBe(1);
    });

    test('get a name that no wave of the plan has', async () => {
      const other = await openCampaign(ledger, [['x'], ['y']], { id: 'other', names: ['Retry 1', 'retry 2'] });
      await other.step(1, 'remediate', { x: { outcome: 'failed' } });
      await ledger.campaigns.mergeAll('other');
      await ledger.campaigns.setWave('other', 1, { status: 'failed', ends: true });
      await ledger.campaigns.retry('other', ['failed']);
      expect((await ledger.campaigns.waves('other')).map(({ name }) => name)).toEqual(['Retry 1', 'retry 2', 'retry 3']);
    });
  });

  describe('a rollback', () => {
    test('goes where the remedy was sent in this wave, whatever came of it, unless it may still be running', async () => {
      const campaign = await openCampaign(ledger, [['assessed', 'passed', 'failed', 'lost', 'away', 'unsent'], ['next']]);
      const not: StepOutcome = { outcome: 'failed' };
      await campaign.step(1, 'assess', {
        assessed: { outcome: 'unverified', reason: 'result-lost' },
        ...Object.fromEntries(['passed', 'failed', 'lost', 'away', 'unsent'].map((id) => [id, not])),
      });
      await ledger.campaigns.mergeWave(campaign.id, 1);
      await campaign.step(1, 'remediate', {
        passed: { outcome: 'succeeded' },
        failed: { outcome: 'failed' },
        lost: { outcome: 'unverified', reason: 'result-lost' },
        away: { outcome: 'unreachable' },
        unsent: { outcome: 'skipped', reason: 'error-budget' },
      });
      await ledger.campaigns.mergeWave(campaign.id, 1);
      const cohort = await campaign.step(1, 'rollback', {
        passed: { outcome: 'succeeded' },
        failed: { outcome: 'failed' },
        lost: { outcome: 'succeeded' },
      });
      expect(cohort).toEqual(['passed', 'failed', 'lost']);
      await ledger.campaigns.mergeWave(campaign.id, 1);
      expect((await campaign.rows()).map(({ outcome, reason }) => `${outcome}: ${reason}`)).toEqual([
        'unverified: assess: result-lost',
        'failed: rolled-back',
        'unverified: rollback: failed',
        'unverified: rolled-back',
        'unreachable: not-rolled-back: unreachable',
        'skipped: error-budget',
        'pending: undefined',
      ]);
    });

    /** Whether a rollback goes to an asset with this remedy, and the asset's line afterwards. */
    const rolledBack = async (remedy: Parameters<TestCampaign['step']>[2][string], verify?: StepOutcome & { copy?: 'open' }) => {
      const campaign = await openCampaign(ledger, [['a', 'other']]);
      await campaign.step(1, 'remediate', { a: remedy, other: { outcome: 'failed' } }, { open: true });
      await ledger.campaigns.mergeWave(campaign.id, 1);
      if (verify) await campaign.step(1, 'verify', { a: verify, other: { outcome: 'failed' } });
      await ledger.campaigns.mergeWave(campaign.id, 1);
      const cohort = await campaign.step(1, 'rollback', { other: { outcome: 'succeeded' }, a: { outcome: 'succeeded' } });
      await ledger.campaigns.mergeWave(campaign.id, 1);
      const line = async () => {
        const [a] = await campaign.rows();
        return `${a?.outcome}: ${a?.reason}`;
      };
      return { campaign, went: cohort.includes('a'), line };
    };

    test.each([
      // Only the asset job says whether it has ended: neither the word nor the outcome does.
      ['ended, its verdict lost', { outcome: 'unverified', reason: 'result-upload-failed', copy: 'over' }, true, 'unverified: rolled-back'],
      [
        'a word that nobody knows',
        { outcome: 'unverified', reason: 'unknown-status', copy: 'open' },
        false,
        'unverified: not-rolled-back: unknown-status',
      ],
      [
        'a call whose fate is unknown',
        { outcome: 'unverified', reason: 'fate-unknown', copy: 'open' },
        false,
        'unverified: not-rolled-back: fate-unknown',
      ],
      [
        'a job that was never found',
        { outcome: 'unverified', reason: 'job-not-found', copy: 'open' },
        false,
        'unverified: not-rolled-back: job-not-found',
      ],
      ['no asset job', { outcome: 'missing', reason: 'no-asset-job' }, false, 'missing: not-rolled-back: no-asset-job'],
      ['failed, by what is not the last word', { outcome: 'failed', copy: 'open' }, false, 'failed: not-rolled-back: failed'],
      [
        'proved not executed',
        { outcome: 'unverified', reason: 'not-executed-twice', copy: 'none' },
        false,
        'unverified: not-executed-twice',
      ],
    ] as const)('of a remedy with %s', async (_name, remedy, goes, meant) => {
      const { went, line } = await rolledBack(remedy);
      expect([went, await line()]).toEqual([goes, meant]);
    });

    test('does not go where the verification may still be running', async () => {
      const { went, line, campaign } = await rolledBack(
        { outcome: 'succeeded' },
        { outcome: 'unreachable', reason: 'disconnected', copy: 'open' },
      );
      expect([went, await line()]).toEqual([false, 'unreachable: not-rolled-back: verify: disconnected']);
      expect((await ledger.campaigns.waveCounts(campaign.id, 1)).notRolledBack).toBe(1);
    });

    test('does not go where tags of the wave hit the asset a second time, until that has ended', async () => {
      for (const [wave, ended, cohort] of [
        [1, false, ['b']],
        [2, true, ['a', 'b']],
      ] as const) {
        const campaign = await openCampaign(ledger, [['a', 'b']], { id: `campaign ${wave}` });
        await campaign.step(1, 'remediate', { a: { outcome: 'succeeded' }, b: { outcome: 'succeeded' } }, { open: true });
        await ledger.verdicts.addOutOfCohort(`${campaign.id}/1/remediate`, 9, [{ assetId: 'a', jobId: 'twice', ended }]);
        await ledger.campaigns.mergeWave(campaign.id, 1);
        expect(await campaign.step(1, 'rollback', {})).toEqual(cohort);
      }
    });

    test('leaves what it did not go to with its late verdict, and still says so', async () => {
      const { campaign, line } = await rolledBack({ outcome: 'unreachable', reason: 'disconnected' });
      expect(await line()).toBe('unreachable: not-rolled-back: disconnected');
      await campaign.verdict(1, 'remediate', { a: { outcome: 'failed', reason: 'exit 3' } });
      await ledger.campaigns.mergeAll(campaign.id);
      expect(await line()).toBe('failed: not-rolled-back: exit 3');
      expect((await ledger.campaigns.waveCounts(campaign.id, 1)).notRolledBack).toBe(1);
    });

    test('that was not sent leaves the asset as it was', async () => {
      const campaign = await openCampaign(ledger, [['a']]);
      await campaign.step(1, 'remediate', { a: { outcome: 'succeeded' } });
      await ledger.campaigns.mergeWave(campaign.id, 1);
      await campaign.step(1, 'rollback', { a: { outcome: 'skipped', reason: 'open-copy: run other' } });
      await ledger.campaigns.mergeWave(campaign.id, 1);
      expect(await campaign.rows()).toMatchObject([{ outcome: 'succeeded', reason: 'not-rolled-back: open-copy: run other' }]);
    });
  });

  test('only what has ended at Qualys is verified', async () => {
    const campaign = await openCampaign(ledger, [['ended', 'failed', 'told', 'lost', 'word']]);
    await campaign.step(1, 'remediate', {
      ended: { outcome: 'succeeded' },
      failed: { outcome: 'failed' },
      // By its exit code, while the result was still being told at the deadline.
      told: { outcome: 'succeeded', copy: 'open' },
      lost: { outcome: 'unverified', reason: 'fate-unknown', copy: 'open' },
      word: { outcome: 'unverified', reason: 'unknown-status', copy: 'open' },
    });
    await ledger.campaigns.mergeWave(campaign.id, 1);
    expect(await campaign.step(1, 'verify', {})).toEqual(['ended', 'failed']);
  });

  describe('a retry in a wave', () => {
    const begun = async () => {
      const campaign = await openCampaign(ledger, [['a'], ['b']]);
      await campaign.step(1, 'remediate', {}, { open: true });
      const step = `${campaign.id}/1/remediate`;
      await giveScript(ledger, step, '7');
      await readScript(ledger, step);
      const fence = await ledger.runs.takeFence(step);
      const { n } = await accepted(ledger, step, fence);
      return { campaign, step, fence, n };
    };
    const queued = async (end: (campaign: TestCampaign) => Promise<unknown>) => {
      const { campaign, step, n } = await begun();
      await end(campaign);
      await ledger.verdicts.record(step, poll(n, { a: 'failed' }), { failed: 1, afterMs: 0 });
      return (await ledger.runs.snapshot(step)).counts;
    };

    test('is queued while the wave is under way, or somebody decides about it', async () => {
      expect(await queued(async () => undefined)).toMatchObject({ pending: 1, failed: 0 });
    });

    test('is not, once the wave is closed', async () => {
      const counts = await queued(({ id }) => ledger.campaigns.setWave(id, 1, { status: 'partial', ends: true }));
      expect(counts).toMatchObject({ pending: 0, failed: 1 });
    });

    test('is not, while the wave is rolled back', async () => {
      expect(await queued(({ id }) => ledger.campaigns.setWave(id, 1, { status: 'rolling-back' }))).toMatchObject({
        pending: 0,
        failed: 1,
      });
    });

    test('that waits gets no permit while somebody decides, and goes back when the wave is closed', async () => {
      const { campaign, step, fence, n } = await begun();
      await ledger.verdicts.record(step, poll(n, { a: 'failed' }), { failed: 1, afterMs: 0 });
      const again = await ledger.executions.claim(step, fence);
      const ask = () => ledger.executions.permit(step, again?.executionNo ?? 0, { fence, terms: TERMS });
      await ledger.campaigns.setWave(campaign.id, 1, { status: 'awaiting-decision' });
      expect(await ask()).toMatchObject({ kind: 'refused', why: 'wave-held' });
      expect(await ledger.verdicts.requeue(step, ['failed'])).toBe(0);
      await ledger.campaigns.setWave(campaign.id, 1, { status: 'partial', ends: true });
      expect(await ask()).toMatchObject({ kind: 'refused', why: 'wave-over' });
      expect(await ledger.campaigns.withdrawUnsent(step)).toBe(1);
      expect((await ledger.runs.snapshot(step)).counts).toMatchObject({ pending: 0, failed: 1, targeted: 1 });
      expect(await ledger.verdicts.requeue(step, ['failed'])).toBe(0);
    });
  });
}

import { beforeEach, describe, expect, test } from '@jest/globals';
import { openCampaign, type TestCampaign } from '../../test/support/test-campaign.js';
import { useLedgers } from '../../test/support/test-ledger.js';
import type { CampaignStepName } from '../domain/campaign-step.js';
import { campaignOutcome, nextStep, type PlannedSteps, type StepOutcome, type StepOutcomes } from '../domain/campaign-steps.js';
import { OUTCOMES } from '../domain/outcome.js';
import type { Ledger } from './ledger.js';

const ledgers = useLedgers();
let ledger: Ledger;

beforeEach(async () => {
  ledger = await ledgers.open();
});

/** Every outcome, once with a reason and once without. */
const FOUND: StepOutcome[] = OUTCOMES.flatMap((outcome) => [{ outcome }, { outcome, reason: `because ${outcome}` }]);

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
    expect((await ledger.campaigns.waves(campaign.id)).at(-1)).toMatchObject({ w: 3, name: 'retry 1', size: 2 });
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

  test('are none of a wave that is under way', async () => {
    await campaign.step(2, 'remediate', { c: { outcome: 'failed' }, d: { outcome: 'failed' } });
    await ledger.campaigns.mergeAll(campaign.id);
    expect(await ledger.campaigns.retry(campaign.id, ['failed'])).toBe(1);
    expect(await ledger.campaigns.retry(campaign.id, ['failed'])).toBe(0);
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
      'unreachable: undefined',
      'skipped: error-budget',
      'pending: undefined',
    ]);
  });
});

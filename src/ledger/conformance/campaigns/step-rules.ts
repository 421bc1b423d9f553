// Every row of the table of what a campaign's steps mean, and every case that none of them fits: in SQL over a real ledger as in memory.
import { beforeEach, describe, expect, test } from '@jest/globals';
import { type StoodCase as Case, openCampaign, type TestCampaign } from '../../../../test/support/ledger/campaign.js';
import { type AssetLine, lineAfter, ruleFor, STEP_RULES, shownUnderWay } from '../../../domain/campaign/asset-steps.js';
import { CAMPAIGN_STEPS, type CampaignStepName } from '../../../domain/campaign/step.js';
import { NO_CHECK_IN } from '../../../domain/campaign/step-after.js';
import { LIVE_OUTCOMES, OUTCOMES, type Outcome } from '../../../domain/run/outcome.js';
import { NOT_APPLICABLE } from '../../../domain/verdict/judge.js';
import type { Ledger } from '../../index.js';
import type { Ledgers } from '../ledgers.js';

const REASONS = [undefined, 'because', 'assess: x', 'verify: x', 'rolled-back', 'rollback: failed', 'not-rolled-back: x'];
const LINES: AssetLine[] = [...OUTCOMES, ...LIVE_OUTCOMES].flatMap((outcome) =>
  REASONS.flatMap((reason) => [true, false].map((sent) => ({ outcome, reason, sent }))),
);
const FOUND = [...OUTCOMES, ...LIVE_OUTCOMES].flatMap((outcome) =>
  [undefined, 'exit 3', NOT_APPLICABLE, NO_CHECK_IN].flatMap((reason) =>
    (['open', 'over'] as const).map((copy) => ({ outcome, reason, copy })),
  ),
);
const isFinal = (outcome: Outcome): boolean => !LIVE_OUTCOMES.some((each) => each === outcome);

async function expectLines({ rows }: TestCampaign, cases: readonly Case[], after: (each: Case) => AssetLine | undefined): Promise<void> {
  const words = ({ outcome, reason }: { outcome: string; reason?: string | undefined }): string => `${outcome} / ${reason}`;
  const meant = new Map(cases.map((each, index) => [String(index + 1), words(after(each) ?? each.line)]));
  expect(new Map((await rows()).map((row) => [row.assetId, words(row)]))).toEqual(meant);
}

/** A wave whose assets stand as the cases say, with a step that found what they say. */
async function stage(ledger: Ledger, cases: readonly Case[], step: CampaignStepName): Promise<TestCampaign> {
  const campaign = await openCampaign(ledger, [cases.map((_, index) => String(index + 1))]);
  await campaign.stand(1, step, cases);
  return campaign;
}

export function stepRulesSuite(ledgers: Ledgers): void {
  let ledger: Ledger;

  beforeEach(async () => {
    ledger = await ledgers.open({ durable: false });
  });

  describe('the ledger says what the table says', () => {
    const ALL: Case[] = LINES.flatMap((line) => FOUND.map((found) => ({ line, found })));
    const meaning =
      (step: CampaignStepName, verified: boolean) =>
      ({ line, found }: Case) => {
        const outcome = OUTCOMES.find((each) => each === found?.outcome);
        return outcome && lineAfter({ step, verified }, { ...found, outcome }, line);
      };

    test.each(CAMPAIGN_STEPS)('of everything that %s may find', async (step) => {
      const campaign = await stage(ledger, ALL, step);
      await ledger.campaigns.mergeWave(campaign.id, 1);
      await expectLines(campaign, ALL, meaning(step, step === 'verify'));
    });

    test('of everything that remediate may find in a wave that is verified', async () => {
      const campaign = await stage(ledger, ALL, 'remediate');
      await campaign.openStep(1, 'verify');
      await ledger.campaigns.mergeWave(campaign.id, 1);
      await expectLines(campaign, ALL, meaning('remediate', true));
    });

    test('of assets that a rollback was not for, where the remedy was sent', async () => {
      const cases: Case[] = LINES.map((line) => ({ line }));
      const campaign = await stage(ledger, cases, 'rollback');
      await ledger.cohort.freeze('campaign/1/rollback');
      // Its own words are not taken over here: it has none that are final.
      await campaign.stand(
        1,
        'remediate',
        cases.map(({ line }) => ({ line, found: { outcome: 'running', copy: 'open' } })),
      );
      await ledger.campaigns.mergeWave(campaign.id, 1);
      await expectLines(campaign, cases, ({ line }) => lineAfter({ step: 'rollback' }, undefined, line));
    });

    test('of assets that nobody has verified when the campaign ends', async () => {
      const cases: Case[] = LINES.map((line) => ({ line }));
      const campaign = await stage(ledger, cases, 'verify');
      await ledger.campaigns.withdrawUnverified(campaign.id);
      await expectLines(campaign, cases, ({ line }) => lineAfter({ step: 'verify' }, undefined, line));
    });

    test.each(['assess', 'remediate'] as const)(
      'of what %s has found and the campaign has not taken over, page and counts',
      async (step) => {
        const cases: Case[] = FOUND.map((found) => ({ line: { outcome: 'pending' }, found }));
        const campaign = await stage(ledger, cases, step);
        const { items } = await ledger.reader.assets(campaign.id, { limit: 1_000 });
        const shown = cases.map((each) => (isFinal(each.found?.outcome ?? 'pending') ? meaning(step, false)(each) : each.found));
        const byId = [...items].sort((a, b) => Number(a.assetId) - Number(b.assetId));
        expect(byId.map(({ outcome, reason }) => [outcome, reason])).toEqual(shown.map((line) => [line?.outcome, line?.reason]));
        const counts = [...OUTCOMES, ...LIVE_OUTCOMES].map((outcome) => [
          outcome,
          FOUND.filter((found) => shownUnderWay(step, found.outcome) === outcome).length,
        ]);
        expect((await ledger.reader.run(campaign.id))?.waves?.[0]?.counts).toMatchObject(Object.fromEntries(counts));
        expect((await ledger.runs.snapshot(campaign.id)).counts).toMatchObject(Object.fromEntries(counts));
      },
    );
  });

  test('every row of the table decides some case', () => {
    const settled = FOUND.flatMap(({ outcome, ...found }) =>
      OUTCOMES.filter((each) => each === outcome).map((each) => ({ ...found, outcome: each })),
    );
    const deciding = CAMPAIGN_STEPS.flatMap((step) =>
      [true, false].flatMap((verified) =>
        [undefined, ...settled].flatMap((found) => LINES.map((line) => ruleFor({ step, verified }, found, line))),
      ),
    );
    expect(STEP_RULES.filter((rule) => !deciding.includes(rule))).toEqual([]);
  });
}

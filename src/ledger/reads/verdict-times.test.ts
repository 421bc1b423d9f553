import { expect, test } from '@jest/globals';
import { openCampaign } from '../../../test/support/ledger/campaign.js';
import { accepted, openRun, poll, settableMachine, TERMS, useLedgers } from '../../../test/support/ledger/ledger.js';
import { assetsEndedAs, skippedByReason } from './cohort-by-outcome.js';
import { lateVerdicts, sentBySteps, tallyVerdicts } from './verdict-times.js';

const MINUTE = 60_000;
const ledgers = useLedgers();

test('a verdict behind the deadline of its execution is late, and tells after how long', async () => {
  const machine = settableMachine(TERMS.serverAt);
  const ledger = await ledgers.open({ clocks: machine.clocks });
  const fence = await openRun(ledger, 'r', ['a', 'b', 'c', 'd'], { deadline: '5m' });
  expect(await tallyVerdicts(ledger.database, 'r')).toEqual({
    ...{ n: 0, failed: 0, decided: 0, lost: 0, late: 0, away: 0 },
    ...{ lateMin: undefined, lateMax: undefined },
  });
  const { n } = await accepted(ledger, 'r', fence);
  const [execution] = await ledger.executions.inState('r', ['accepted']);
  const from = execution?.acceptedAt ?? 0;
  const found = poll(n, { a: 'succeeded', b: 'failed', c: 'succeeded', d: 'missing' });
  const finishedAt: Record<string, number> = { a: from + MINUTE, b: from + 7 * MINUTE, c: from + 9 * MINUTE };
  const jobs = found.jobs.map((job) => ({ ...job, finishedAt: finishedAt[job.assetId] }));
  await ledger.verdicts.record('r', { ...found, jobs }, { failed: 0, afterMs: 0 });
  expect(await tallyVerdicts(ledger.database, 'r')).toEqual({
    ...{ n: 4, failed: 1, decided: 3, lost: 0, late: 2, away: 0 },
    ...{ lateMin: 7 * MINUTE, lateMax: 9 * MINUTE },
  });
  expect((await assetsEndedAs(ledger.database, 'r', ['succeeded', 'missing'])).map(({ assetId, name }) => [assetId, name])).toEqual([
    ['a', 'host of a'],
    ['c', 'host of c'],
    ['d', null],
  ]);
});

test('of a campaign it is the steps that were sent, in the order in which they began', async () => {
  const ledger = await ledgers.open();
  await openCampaign(ledger, [['a', 'b'], ['c']]);
  for (const [wave, step] of [
    [1, 'assess'],
    [1, 'remediate'],
  ] as const) {
    const id = `campaign/${wave}/${step}`;
    const run = await ledger.runs.get('campaign');
    if (!run) throw new Error('The campaign is not there.');
    await ledger.runs.open({
      ...{ id, firstExecutionId: 'first', namespace: 'default', request: run.request },
      ...{ kind: 'step', campaign: { id: 'campaign', wave, step } },
    });
    await ledger.runs.setScript(id, { id: '7', title: 'Patch' });
    await ledger.campaigns.fillStep(id, { campaignId: 'campaign', wave, step });
    await ledger.cohort.freeze(id);
    await ledger.runs.setPhase(id, 'running');
    const { n } = await accepted(ledger, id, await ledger.runs.takeFence(id));
    const found = poll(n, { a: 'succeeded', b: 'failed' });
    const [execution] = await ledger.executions.inState(id, ['accepted']);
    const jobs = found.jobs.map((job) => ({ ...job, finishedAt: (execution?.deadlineAt ?? 0) + (job.assetId === 'b' ? 1 : -1) }));
    await ledger.verdicts.record(id, { ...found, jobs }, { failed: 0, afterMs: 0 });
  }
  expect((await sentBySteps(ledger.database, 'campaign')).map(({ wave, step, n }) => [wave, step, n])).toEqual([
    [1, 'assess', 1],
    [1, 'remediate', 1],
  ]);
  expect((await lateVerdicts(ledger.database, 'campaign')).map(({ assetId, wave }) => [assetId, wave])).toEqual([
    ['b', 1],
    ['b', 1],
  ]);
  expect((await tallyVerdicts(ledger.database, 'campaign')).n).toBe(4);
});

test('what is left alone is counted by its reason', async () => {
  const ledger = await ledgers.open();
  await openRun(ledger, 'r', ['a', 'b', 'c']);
  expect(await skippedByReason(ledger.database, 'r')).toEqual({});
  await ledger.cohort.skip('r', ['a', 'c'], 'other-platform');
  expect(await skippedByReason(ledger.database, 'r')).toEqual({ 'other-platform': 2 });
});

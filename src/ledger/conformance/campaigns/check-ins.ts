import { beforeEach, describe, expect, test } from '@jest/globals';
import { openCampaign, type TestCampaign } from '../../../../test/support/ledger/campaign.js';
import { ledgerOf } from '../../../../test/support/ledger/inspector.js';
import { accepted, giveScript, poll, readScript, settableMachine } from '../../../../test/support/ledger/ledger.js';
import { find } from '../../../../test/support/ledger/scenario.js';
import type { AgentSeen, StepAfter, StepWaits } from '../../../domain/campaign/step-after.js';
import type { Ledger } from '../../index.js';
import type { Ledgers } from '../ledgers.js';

/** Qualys' clock, which is another than the ledger's: when the remedies ended. */
const ENDED = 1_600_000_000_000;
const STEP = { campaignId: 'campaign', wave: 1, step: 'verify' } as const;

export function checkInsSuite(ledgers: Ledgers): void {
  let ledger: Ledger & { url: string };
  let campaign: TestCampaign;
  const machine = settableMachine();
  const { clocks } = machine;
  const verify = 'campaign/1/verify';

  beforeEach(async () => {
    ledger = await ledgers.open({ clocks });
    campaign = await openCampaign(ledger, [['a', 'b', 'c']]);
    const done = { outcome: 'succeeded' as const };
    await campaign.step(1, 'remediate', { a: done, b: done, c: done }, { open: true });
    await find(
      ledger,
      { decidedAt: await ledger.database.now(), finishedAt: ENDED - 2, endedAt: ENDED },
      { runId: 'campaign/1/remediate' },
    );
    await ledger.campaigns.mergeWave('campaign', 1);
  });

  const openVerify = (after: StepAfter): Promise<number> => openWaiting({ after });

  async function openWaiting(waits: StepWaits): Promise<number> {
    await campaign.openStep(1, 'verify');
    await ledger.campaigns.fillStep(verify, STEP, waits);
    await ledger.cohort.freeze(verify);
    await giveScript(ledger, verify, '7');
    await readScript(ledger, verify);
    return ledger.runs.takeFence(verify);
  }

  const seenAt = (at: Record<string, number>): Map<string, AgentSeen> =>
    new Map(Object.entries(at).map(([assetId, checkedInAt]) => [assetId, { checkedInAt }]));

  const rows = async () =>
    (await ledgerOf(ledger).columns('attempts', ['assetId', 'outcome', 'reason'], { runId: verify })).map(({ assetId, outcome, reason }) =>
      [assetId, outcome, ...(reason === null ? [] : [reason])].join(' '),
    );

  describe('a step with a time', () => {
    test('is due at each asset that long after the verdict there, whenever it was opened', async () => {
      const decidedAt = await ledger.database.now();
      await find(ledger, { decidedAt: decidedAt + 5_000 }, { runId: 'campaign/1/remediate', assetId: 'b' });
      machine.realMs += 12_000;
      const fence = await openVerify(20_000);
      expect(await ledger.executions.claim(verify, fence)).toBeUndefined();
      expect(await ledger.runs.snapshot(verify)).toMatchObject({ waiting: 3, nextDueAt: decidedAt + 20_000 });
      machine.realMs += 7_990;
      expect(await ledger.executions.claim(verify, fence)).toBeUndefined();
      machine.realMs += 10;
      expect((await accepted(ledger, verify, fence)).assetIds).toEqual(['a', 'c']);
      machine.realMs += 5_000;
      expect((await accepted(ledger, verify, fence)).assetIds).toEqual(['b']);
    });

    test('counts from its opening where the verdict is older than this ledger notes them', async () => {
      await find(ledger, { decidedAt: null }, { runId: 'campaign/1/remediate' });
      machine.realMs += 50_000;
      const fence = await openVerify(20_000);
      machine.realMs += 19_000;
      expect(await ledger.executions.claim(verify, fence)).toBeUndefined();
      machine.realMs += 1_000;
      expect((await ledger.executions.claim(verify, fence))?.size).toBe(3);
    });

    test('is not shortened by an order to try again what it has left out', async () => {
      const fence = await openVerify(20_000);
      await find(ledger, { outcome: 'skipped', reason: 'open-copy: run x' }, { runId: verify });
      expect(await ledger.verdicts.requeue(verify, ['skipped'])).toBe(3);
      expect(await ledger.executions.claim(verify, fence)).toBeUndefined();
      machine.realMs += 20_000;
      expect((await ledger.executions.claim(verify, fence))?.size).toBe(3);
    });
  });

  describe('a step that waits for a check-in', () => {
    const AFTER = { checkIn: true, within: 60_000 } as const;

    test('is sent where the agent has checked in later than its last job ended, and nowhere else', async () => {
      const fence = await openVerify(AFTER);
      expect(await ledger.checkIns.executionsBefore(verify, STEP)).toEqual([{ runId: 'campaign/1/remediate', executionNo: 1 }]);
      machine.realMs += 10_000_000;
      expect(await ledger.executions.claim(verify, fence)).toBeUndefined();
      const seen = seenAt({ a: ENDED + 1, b: ENDED, c: ENDED - 1, 'a stranger': ENDED + 1 });
      expect(await ledger.checkIns.note(verify, seen)).toBe(1);
      expect(await ledger.checkIns.note(verify, seen)).toBe(0);
      await readScript(ledger, verify);
      expect((await accepted(ledger, verify, fence)).assetIds).toEqual(['a']);
      expect(await ledger.executions.claim(verify, fence)).toBeUndefined();
      expect((await ledger.checkIns.awaited(verify)).assets).toBe(2);
    });

    test('counts the later of the two ends that a job has, and the sight of its status where it has none', async () => {
      await find(ledger, { finishedAt: ENDED + 7 }, { runId: 'campaign/1/remediate', assetId: 'a' });
      await find(ledger, { finishedAt: null, endedAt: null, statusSince: ENDED + 9 }, { runId: 'campaign/1/remediate', assetId: 'b' });
      await find(ledger, { finishedAt: null, endedAt: null, statusSince: null }, { runId: 'campaign/1/remediate', assetId: 'c' });
      await openVerify(AFTER);
      const all = (at: number) => seenAt({ a: at, b: at, c: at });
      expect(await ledger.checkIns.note(verify, all(ENDED + 7))).toBe(0);
      expect(await ledger.checkIns.note(verify, all(ENDED + 8))).toBe(1);
      expect(await ledger.checkIns.note(verify, all(ENDED + 10))).toBe(1);
      expect(await ledger.checkIns.note(verify, all(ENDED * 2))).toBe(0);
    });

    test('gives up who does not check in within its time, counted from the verdict, and sends nothing there whatever comes later', async () => {
      const decidedAt = await ledger.database.now();
      machine.realMs += 30_000;
      const fence = await openVerify(AFTER);
      await ledger.checkIns.setNextPoll(verify, decidedAt + 45_000);
      expect(await ledger.runs.snapshot(verify)).toMatchObject({ waiting: 3, nextDueAt: decidedAt + 45_000 });
      await ledger.checkIns.note(verify, seenAt({ a: ENDED + 1 }));
      expect(await ledger.checkIns.awaited(verify)).toEqual({ assets: 2, lastBy: decidedAt + 60_000, pollAt: decidedAt + 45_000 });
      expect(await ledger.checkIns.giveUp(verify, decidedAt + 59_999)).toEqual({ givenUp: 0, untold: 0 });
      expect(await ledger.checkIns.giveUp(verify, decidedAt + 60_000)).toEqual({ givenUp: 2, untold: 0 });
      expect(await ledger.checkIns.giveUp(verify, decidedAt + 60_000)).toEqual({ givenUp: 0, untold: 0 });
      expect(await rows()).toEqual(['a pending', 'b unverified no-check-in', 'c unverified no-check-in']);
      expect(await ledger.checkIns.note(verify, seenAt({ b: ENDED + 1 }))).toBe(0);
      expect(await ledger.verdicts.requeue(verify, ['unverified', 'skipped'])).toBe(0);
      const { n, assetIds } = await accepted(ledger, verify, fence);
      expect(assetIds).toEqual(['a']);
      await ledger.verdicts.record(verify, poll(n, { a: 'succeeded' }), { failed: 0, afterMs: 0 });
      await ledger.campaigns.mergeWave('campaign', 1);
      expect((await campaign.rows()).map(({ assetId, outcome, reason }) => `${assetId} ${outcome} ${reason}`)).toEqual([
        'a succeeded undefined',
        'b unverified no-check-in',
        'c unverified no-check-in',
      ]);
      expect((await ledger.runs.snapshot(verify)).waiting).toBe(0);
    });

    test('knows after a restart what was seen, and fills its cohort once', async () => {
      await openVerify(AFTER);
      await ledger.checkIns.note(verify, seenAt({ a: ENDED + 1 }));
      await ledger.close();
      ledger = await ledgers.again(ledger.url, { clocks });
      await ledger.campaigns.fillStep(verify, STEP, { after: AFTER });
      expect((await ledger.checkIns.awaited(verify)).assets).toBe(2);
      const fence = await ledger.runs.takeFence(verify);
      await readScript(ledger, verify);
      expect((await accepted(ledger, verify, fence)).assetIds).toEqual(['a']);
    });

    test('that was closed is told nothing more', async () => {
      await openVerify(AFTER);
      await ledger.verdicts.closeOpen(verify, 'cancelled');
      const closed = ['a skipped cancelled', 'b skipped cancelled', 'c skipped cancelled'];
      expect(await rows()).toEqual(closed);
      expect(await ledger.checkIns.note(verify, seenAt({ a: ENDED + 1 }))).toBe(0);
      expect(await ledger.checkIns.giveUp(verify, Number.MAX_SAFE_INTEGER)).toEqual({ givenUp: 0, untold: 0 });
      expect(await rows()).toEqual(closed);
    });
  });

  describe('a verification that no plan lets wait', () => {
    const RESTARTS = { restartCodes: [1641] };
    const HOUR = 3_600_000;
    const MOMENT = 120_000;

    async function openBehindInstaller(waits: StepWaits = RESTARTS): Promise<number> {
      await find(ledger, { exitCode: 1641 }, { runId: 'campaign/1/remediate', assetId: 'a' });
      await find(ledger, { exitCode: 3010 }, { runId: 'campaign/1/remediate', assetId: 'b' });
      return openWaiting(waits);
    }

    test('waits for the hosts that were told to restart, and for no others', async () => {
      const fence = await openBehindInstaller();
      expect(await ledger.checkIns.areAny(verify)).toBe(true);
      expect((await accepted(ledger, verify, fence)).assetIds).toEqual(['b', 'c']);
      expect(await ledger.checkIns.awaited(verify)).toMatchObject({ assets: 1 });
      await ledger.checkIns.note(verify, seenAt({ a: ENDED + MOMENT }));
      expect(await ledger.executions.claim(verify, fence)).toBeUndefined();
      expect(await ledger.checkIns.note(verify, seenAt({ a: ENDED + MOMENT + 1 }))).toBe(1);
      expect((await accepted(ledger, verify, fence)).assetIds).toEqual(['a']);
    });

    test('gives up after an hour who is known to be away', async () => {
      const decidedAt = await ledger.database.now();
      const fence = await openBehindInstaller();
      await ledger.checkIns.note(verify, seenAt({ a: ENDED - 1 }));
      expect(await ledger.checkIns.giveUp(verify, decidedAt + HOUR - 1)).toEqual({ givenUp: 0, untold: 0 });
      expect(await ledger.checkIns.giveUp(verify, decidedAt + HOUR)).toEqual({ givenUp: 1, untold: 0 });
      expect((await accepted(ledger, verify, fence)).assetIds).toEqual(['b', 'c']);
      expect(await ledger.verdicts.requeue(verify, ['unverified'])).toBe(0);
    });

    test('sends after an hour where no row tells when agents check in: a restart that began is over', async () => {
      const decidedAt = await ledger.database.now();
      const fence = await openBehindInstaller();
      expect((await accepted(ledger, verify, fence)).assetIds).toEqual(['b', 'c']);
      expect(await ledger.checkIns.giveUp(verify, decidedAt + HOUR - 1)).toEqual({ givenUp: 0, untold: 0 });
      expect(await ledger.executions.claim(verify, fence)).toBeUndefined();
      expect(await ledger.checkIns.giveUp(verify, decidedAt + HOUR)).toEqual({ givenUp: 0, untold: 1 });
      expect(await ledger.checkIns.giveUp(verify, decidedAt + HOUR)).toEqual({ givenUp: 0, untold: 0 });
      expect((await accepted(ledger, verify, fence)).assetIds).toEqual(['a']);
      expect(await ledger.executions.claim(verify, fence)).toBeUndefined();
    });

    test('takes no wait where the remedy tells no restart, and the plan’s own word where it has one', async () => {
      await openBehindInstaller({ after: 5_000, ...RESTARTS });
      expect(await ledger.checkIns.areAny(verify)).toBe(false);
      expect(await ledger.runs.snapshot(verify)).toMatchObject({ waiting: 3 });
    });
  });

  test('a verdict is dated when Qualys’ last word is written, and not again by the same word', async () => {
    const fence = await openVerify(1);
    machine.realMs += 1;
    const { n } = await accepted(ledger, verify, fence);
    const decided = async () => (await ledgerOf(ledger).columns('attempts', ['decidedAt'], { runId: verify })).map((row) => row.decidedAt);
    await ledger.verdicts.record(verify, poll(n, { a: 'running', b: 'running', c: 'running' }), { failed: 0, afterMs: 0 });
    expect(await decided()).toEqual([null, null, null]);
    machine.realMs += 1_000;
    const at = await ledger.database.now();
    await ledger.verdicts.record(verify, poll(n, { a: 'succeeded', b: 'failed', c: 'running' }, { number: 2 }), { failed: 0, afterMs: 0 });
    expect(await decided()).toEqual([at, at, null]);
    machine.realMs += 1_000;
    await ledger.verdicts.record(verify, poll(n, { a: 'succeeded', b: 'failed', c: 'running' }, { number: 3 }), { failed: 0, afterMs: 0 });
    expect(await decided()).toEqual([at, at, null]);
  });
}

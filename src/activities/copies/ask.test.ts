import { beforeEach, describe, expect, test } from '@jest/globals';
import { openCampaign } from '../../../test/support/ledger/campaign.js';
import { add } from '../../../test/support/ledger/damage.js';
import { ledgerOf } from '../../../test/support/ledger/inspector.js';
import { accepted, openRun, permitted, settableMachine, useLedgers } from '../../../test/support/ledger/ledger.js';
import { giveScript } from '../../../test/support/ledger/scenario.js';
import type { Ledger } from '../../ledger/index.js';
import { QualysError } from '../../qualys/errors.js';
import type { AssetJobRow, Page, WalkOptions } from '../../qualys/types.js';
import { createCloseCampaign } from '../campaign/close.js';
import { createCloseRun } from '../run/close.js';
import { askAboutCopies } from './ask.js';

const MINUTE = 60_000;
const ledgers = useLedgers();
let ledger: Ledger;
let machine: ReturnType<typeof settableMachine>;
let shown: AssetJobRow[];
let asked: string[];
let failure: QualysError | undefined;
beforeEach(async () => {
  machine = settableMachine();
  ledger = await ledgers.open({ clocks: machine.clocks });
  shown = [];
  asked = [];
  failure = undefined;
});

async function* searchAssetJobs(walk: WalkOptions = {}): AsyncGenerator<Page<AssetJobRow>> {
  asked.push(String(walk.filter));
  if (failure) throw failure;
  yield { rows: shown, bytes: 0 };
}
const ask = () => askAboutCopies({ ledger, qualys: { searchAssetJobs } as never });
const row = (assetId: string, status: string, more: Partial<AssetJobRow> = {}): AssetJobRow => ({
  ...{ id: `row-${assetId}`, jobId: 'job-1', assetId, status, correlationUuid: 'uuid-r-1', createdAt: machine.clocks.wall() },
  ...more,
});

/** A run that was closed while its assets were running. */
async function closed(id: string, assets: readonly string[]): Promise<void> {
  const fence = await openRun(ledger, id, assets);
  await accepted(ledger, id, fence);
  await createCloseRun({ ledger }).closeRun({ runId: id, reason: 'cancelled' });
}
const rowsOf = async (id: string) =>
  (await ledger.reader.assets(id)).items.map(({ assetId, outcome, late }) => [assetId, outcome, late].filter(Boolean).join(' '));
const openOf = async () =>
  (await ledger.copies.of('7', ['1', '2', '3'])).filter(({ copy }) => copy === 'open').map(({ assetId }) => assetId);

describe('copies of closed runs', () => {
  test('end when Qualys says so, and the verdict stands in the report as late', async () => {
    await closed('r', ['1', '2', '3']);
    shown = [row('1', 'EXECUTION PASSED'), row('2', 'EXECUTION FAILED', { exitCode: 3 }), row('3', 'MANIFEST ASSIGNED')];
    expect(await ask()).toBe(2);
    expect(await rowsOf('r')).toEqual(['1 unverified succeeded', '2 unverified failed', '3 unverified']);
    expect(await openOf()).toEqual(['3']);
    const { counts } = (await ledger.runs.get('r'))?.report ?? {};
    expect(counts).toMatchObject({ unverified: 3, succeeded: 0 });
    expect((await ledger.audit.of('r')).map(({ action }) => action)).toEqual(expect.arrayContaining(['late-verdict']));
    // Of no run: the report has said how many calls it took.
    expect((await ledgerOf(ledger).columns('runs', ['apiCalls']))[0]).toEqual({ apiCalls: 0 });
  });

  test('are asked about more and more rarely, and for a month', async () => {
    await closed('r', ['1']);
    shown = [row('1', 'MANIFEST ASSIGNED')];
    const at: number[] = [];
    for (let minute = 0; minute <= 40 * 24 * 60; minute += 5) {
      await ask();
      if (asked.length > at.length) at.push(minute);
      machine.realMs += 5 * MINUTE;
    }
    expect(at.slice(0, 7)).toEqual([0, 10, 30, 70, 150, 310, 630]);
    expect(at.length).toBeLessThanOrEqual(8 + 30);
    expect(at.at(-1)).toBeLessThanOrEqual(30 * 24 * 60);
    expect(at.at(-1)).toBeGreaterThan(28 * 24 * 60);
    expect(await openOf()).toEqual(['1']);
  }, 60_000);

  test('of many executions cost one call a minute, whoever asks', async () => {
    for (const id of ['a', 'b', 'c', 'd', 'e'])
      await closed(
        id,
        Array.from({ length: 25 }, (_, index) => `${id.charCodeAt(0)}${index}`),
      );
    await Promise.all([ask(), ask(), ask()]);
    expect(asked).toHaveLength(1);
    machine.realMs += MINUTE;
    await ask();
    expect(asked).toHaveLength(2);
    expect(asked[0]?.match(/asset\.id/g)).toHaveLength(100);
    expect(asked[1]?.match(/asset\.id/g)).toHaveLength(25);
  });

  test('of a live run are its own', async () => {
    const fence = await openRun(ledger, 'r', ['1']);
    await accepted(ledger, 'r', fence);
    expect([await ask(), asked]).toEqual([0, []]);
  });

  test('that cannot be asked about stay open, and are asked about again', async () => {
    await closed('r', ['1']);
    failure = new QualysError('unavailable', 'down');
    await expect(ask()).rejects.toThrow(QualysError);
    failure = undefined;
    shown = [row('1', 'EXECUTION PASSED')];
    machine.realMs += 10 * MINUTE;
    expect(await ask()).toBe(1);
  });

  test('that have ended without their last word wait for it', async () => {
    await closed('r', ['1']);
    const now = await ledger.serverClock.now();
    shown = [row('1', 'SCRIPT RESULT UPLOAD SUCCESS', { exitCode: 0, endedAt: now - 1_000 })];
    expect([await ask(), await openOf(), await rowsOf('r')]).toEqual([0, ['1'], ['1 unverified']]);
    machine.realMs += 10 * MINUTE;
    expect([await ask(), await openOf(), await rowsOf('r')]).toEqual([1, [], ['1 unverified succeeded']]);
  });

  test('whose fate is unknown end only when a day has shown nothing, and tell no verdict', async () => {
    const fence = await openRun(ledger, 'r', ['1']);
    await permitted(ledger, 'r', fence);
    await createCloseRun({ ledger }).closeRun({ runId: 'r', reason: 'cancelled' });
    shown = [row('1', 'EXECUTION PASSED', { correlationUuid: 'foreign' })];
    expect([await ask(), await openOf()]).toEqual([0, ['1']]);
    machine.realMs += 25 * 60 * MINUTE;
    expect([await ask(), await openOf(), await rowsOf('r')]).toEqual([1, [], ['1 unverified']]);
  });

  test('of a step tell their word in the report of its campaign as well', async () => {
    const campaign = await openCampaign(ledger, [['1', '2']]);
    const found = { outcome: 'unverified', copy: 'open' } as const;
    await campaign.step(1, 'remediate', { '1': found, '2': found });
    await add(ledger, 'executions', {
      ...{ runId: 'campaign/1/remediate', executionNo: 1, state: 'settled', scriptId: '7', size: 2 },
      ...{ correlationUuid: 'uuid of remediate', acceptedAt: await ledger.database.now(), settledAt: 1 },
    });
    await giveScript(ledger, 'campaign/1/remediate', '7');
    await createCloseCampaign({ ledger }).closeCampaign({ runId: 'campaign', reason: 'cancelled' });
    shown = [row('2', 'EXECUTION FAILED', { correlationUuid: 'uuid of remediate' })];
    expect(await ask()).toBe(1);
    expect(await rowsOf('campaign')).toEqual(['1 unverified', '2 unverified failed']);
    expect(await openOf()).toEqual(['1']);
  });
});

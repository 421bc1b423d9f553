import { expect, test } from '@jest/globals';
import { ledgerOf } from '../../../test/support/ledger/inspector.js';
import { accepted, assetIds, openRun, useLedgers } from '../../../test/support/ledger/ledger.js';

const ledgers = useLedgers();

test('each asset of a poll gets its own values, whatever they are, and those that nothing was seen of keep theirs', async () => {
  const ledger = await ledgers.open();
  const fence = await openRun(ledger, 'r', assetIds(4));
  await accepted(ledger, 'r', fence);
  const given = [
    { assetId: 'asset-0001', name: 'it"s a \'quote\', "$.1/1" and a \\ or two', exitCode: 0, startedAt: 10, finishedAt: 20 },
    { assetId: 'asset-0002', name: '42', exitCode: 3, startedAt: 11 },
    { assetId: 'asset-0003', name: 'half a pair \ud83d', startedAt: 12, finishedAt: 22 },
  ];
  await ledger.verdicts.record(
    'r',
    {
      ...{ executionNo: 1, number: 1, polledAt: 1, serverNow: 1_000, settled: false, slotFree: false, outputOf: 'none' },
      jobs: given.map((seen) => ({ ...seen, jobId: 'j', status: 'EXECUTION IN PROGRESS' })),
      decisions: [],
    },
    { failed: 0, afterMs: 0 },
  );
  const rows = (await ledgerOf(ledger).rows('attempts')).map(({ assetId, name, exitCode, finishedAt, jobId, status }) => [
    ...[assetId, name, exitCode, finishedAt],
    ...[jobId, status],
  ]);
  expect(rows).toEqual([
    ['asset-0001', 'it"s a \'quote\', "$.1/1" and a \\ or two', 0, 20, 'j', 'EXECUTION IN PROGRESS'],
    ['asset-0002', '42', 3, null, 'j', 'EXECUTION IN PROGRESS'],
    ['asset-0003', 'half a pair \ufffd', null, 22, 'j', 'EXECUTION IN PROGRESS'],
    ['asset-0004', null, null, null, null, null],
  ]);
});

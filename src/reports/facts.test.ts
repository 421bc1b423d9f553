import { expect, test } from '@jest/globals';
import { accepted, close, knowClock, openRun, poll, useLedgers } from '../../test/support/ledger/ledger.js';
import type { Ledger } from '../ledger/index.js';
import type { RunRow } from '../ledger/rows/run.js';
import { reportFacts } from './facts.js';

const ledgers = useLedgers();

async function factsOf(ledger: Ledger, id: string) {
  const run = await ledger.runs.get(id);
  if (!run?.report) throw new Error(`${id} is not closed`);
  return reportFacts(ledger, run as RunRow & { report: NonNullable<RunRow['report']> });
}

test('failures are grouped by their output as the request says that it is written; the output of an attempt before is not why', async () => {
  const ledger = await ledgers.open();
  const fence = await openRun(ledger, 'r', ['a', 'b', 'c', 'd'], { verdict: { encoding: 'ibm866' } });
  await accepted(ledger, 'r', fence);
  await ledger.verdicts.record('r', poll(1, { a: 'failed', b: 'failed', c: 'failed', d: 'succeeded' }), { failed: 0, afterMs: 0 });
  const no = Buffer.from([0x8d, 0xa5, 0xe2]);
  await ledger.outputs.store('r', [
    { assetId: 'a', attempt: 1, output: no },
    { assetId: 'b', attempt: 1, output: Buffer.concat([no, Buffer.from('\r\n')]) },
    { assetId: 'd', attempt: 1, output: no },
  ]);
  await close(ledger, 'r');
  expect((await factsOf(ledger, 'r')).failures?.groups).toEqual([
    {
      ...{ count: 2, exitCode: 3, reason: undefined, status: 'EXECUTION FAILED', varies: false },
      sample: { first: ['Нет'], leftOut: 0, last: [] },
      assets: [
        { assetId: 'a', name: 'host of a' },
        { assetId: 'b', name: 'host of b' },
      ],
    },
    {
      ...{ count: 1, exitCode: 3, reason: undefined, status: 'EXECUTION FAILED', varies: false },
      sample: undefined,
      assets: [{ assetId: 'c', name: 'host of c' }],
    },
  ]);
});

test('unverified assets are grouped too, where an output of them is stored', async () => {
  const ledger = await ledgers.open();
  const fence = await openRun(ledger, 'r', ['a', 'b']);
  await accepted(ledger, 'r', fence);
  const said = ['a', 'b'].map((assetId) => ({
    ...({ assetId, outcome: 'unverified', reason: 'exit code 3', rule: 'verdict.exitCodes.3', final: true, terminal: true } as const),
  }));
  await ledger.verdicts.record('r', poll(1, { a: 'failed', b: 'failed' }, { decisions: said }), { failed: 0, afterMs: 0 });
  await ledger.outputs.store('r', [{ assetId: 'a', attempt: 1, output: Buffer.from('cannot look') }]);
  await close(ledger, 'r');
  const { unverified, failures } = await factsOf(ledger, 'r');
  expect(failures).toBeUndefined();
  expect(unverified?.groups.map(({ count, rule, sample }) => [count, rule, sample?.first])).toEqual([
    [1, 'verdict.exitCodes.3', ['cannot look']],
    [1, 'verdict.exitCodes.3', undefined],
  ]);
});

test('nothing is read of outputs where nothing failed, and the clock is the gateway’s', async () => {
  const ledger = await ledgers.open();
  const fence = await openRun(ledger, 'r', ['a']);
  await accepted(ledger, 'r', fence);
  await ledger.verdicts.record('r', poll(1, { a: 'succeeded' }), { failed: 0, afterMs: 0 });
  await close(ledger, 'r');
  expect(await factsOf(ledger, 'r')).toMatchObject({ failures: undefined, clockRate: 1 });
  await knowClock(ledger, 1_700_000_000_000, 60);
  expect((await factsOf(ledger, 'r')).clockRate).toBeCloseTo(60, 0);
});

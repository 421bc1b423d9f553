import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { assetIds, NO_CAPS, openRun, readScript, TERMS, useLedgers } from '../../../test/support/ledger/ledger.js';
import { manualDisk } from '../../../test/support/ledger/manual-disk.js';
import { defaultPolicy } from '../../contracts/policy.js';
import { type Ledger, openLedger } from '../../ledger/index.js';
import type { ActivityDependencies } from '../dependencies.js';
import { sendExecution } from './send.js';

const ledgers = useLedgers();

test('a ledger that is found to be behind while a run sends is told and asked about again: nothing else would wake the run', async () => {
  const ledger = await ledgers.open();
  const fence = await openRun(ledger, 'r', assetIds(2));
  await readScript(ledger, 'r');
  const execution = await ledger.executions.claim('r', fence);
  const run = await ledger.runs.get('r');
  if (!execution || !run) throw new Error('nothing to send');
  expect(await ledger.staleness.isStale('r', { claimed: 9, permits: 9 })).toBe(true);
  const dependencies = { ledger, policy: defaultPolicy(), timings: TERMS, sender: TERMS.sender } as unknown as ActivityDependencies;
  const report = () => Promise.reject(new Error('nothing may be sent'));
  const sent = await sendExecution(dependencies, { run, execution, fence, beat: () => undefined, report });
  expect(sent).toMatchObject({ kind: 'wait', wait: { waitMs: 30_000, blocked: { kind: 'ledger' } } });
});

describe('over a disk that has not kept the permit yet, nothing is executed', () => {
  async function sending() {
    const prepared = await ledgers.open();
    const fence = await openRun(prepared, 'r', assetIds(2));
    await readScript(prepared, 'r');
    const execution = await prepared.executions.claim('r', fence);
    const run = await prepared.runs.get('r');
    if (!execution || !run) throw new Error('nothing to send');
    const disk = manualDisk();
    const seen: string[] = [];
    const ledger = await disk.through(openLedger({ url: prepared.url, create: true, caps: NO_CAPS, log: disk.open }));
    const dependencies = {
      ...{ ledger, policy: defaultPolicy(), timings: TERMS, sender: TERMS.sender },
      qualys: {
        async execute({ mayStart }: { mayStart(): boolean }) {
          seen.push(mayStart() ? 'executed' : 'too late');
          return { kind: 'not-sent', why: 'connection', message: 'the test ends here' };
        },
      },
    } as unknown as ActivityDependencies;
    const report = async () => {
      seen.push('reported');
      return { kind: 'reported' as const };
    };
    const asked = sendExecution(dependencies, { run, execution, fence, beat: () => undefined, report });
    asked.catch(() => undefined);
    return { prepared, ledger, disk, seen, asked };
  }

  const isPermitted = async (ledger: Ledger) => (await ledger.executions.get('r', 1))?.state === 'permitted';
  const everythingElse = async () => {
    for (let turns = 0; turns < 50; turns += 1) await turn();
  };

  test('however long it takes: the permit is in the log, Temporal is told nothing, and no request leaves', async () => {
    const { prepared, ledger, disk, seen, asked } = await sending();
    // Reads before the permit, each told once what it saw is on the disk; then the permit, which is not.
    await disk.until(() => isPermitted(prepared));
    await everythingElse();
    expect(seen).toEqual([]);
    await disk.through(asked);
    expect(seen).toEqual(['reported', 'executed']);
    await disk.through(ledger.close());
  });

  test('nor where the disk refuses it: the permit counts as one that may have been used', async () => {
    const { prepared, ledger, disk, seen, asked } = await sending();
    const failed = expect(asked).rejects.toMatchObject({ name: 'LedgerUnusable' });
    await disk.until(() => isPermitted(prepared));
    await everythingElse();
    disk.fail('EIO');
    await failed;
    expect([seen, ledger.isInPlace()]).toEqual([[], false]);
    expect(await isPermitted(prepared)).toBe(true);
    await ledger.close();
  });
});

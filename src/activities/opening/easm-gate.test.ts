import { describe, expect, test } from '@jest/globals';
import { openRun, useLedgers } from '../../../test/support/ledger/ledger.js';
import { age } from '../../../test/support/ledger/scenario.js';
import type { EasmProfile } from '../../qualys/operations.js';
import { NotReady } from '../failures.js';
import { passEasmGate } from './easm-gate.js';

const ledgers = useLedgers();
const profile = (isCompleted: boolean): EasmProfile => ({
  profileId: '3101',
  status: isCompleted ? 'COMPLETED' : 'IN_PROGRESS',
  isCompleted,
});

/** A run that waits an hour at most, and was opened so long ago; each poll sees the next of these profiles, the last of them for good. */
async function gate(seen: readonly EasmProfile[], { openedMsAgo = 0 } = {}) {
  const ledger = await ledgers.open();
  await openRun(ledger, 'r', ['1'], { waitFor: { easm: true, timeout: '1h' } });
  await age(ledger, openedMsAgo);
  const request = (await ledger.runs.get('r'))?.request;
  if (!request) throw new Error('no run');
  let polls = 0;
  const easmStatus = async (): Promise<EasmProfile[]> => {
    polls += 1;
    return [seen[Math.min(polls, seen.length) - 1] ?? []].flat();
  };
  const qualys = { easmStatus } as unknown as Parameters<typeof passEasmGate>[0]['qualys'];
  const pass = () => passEasmGate({ ledger, qualys }, { runId: 'r', request });
  return { pass, ledger, polls: () => polls };
}

describe('the gate of a run that waits for EASM', () => {
  test('once passed stays open, though another sync has begun and the time is up', async () => {
    const { pass, ledger, polls } = await gate([profile(true), profile(false)], { openedMsAgo: 7_200_000 });
    await pass();
    await pass();
    expect(polls()).toBe(1);
    expect((await ledger.audit.of('r')).map(({ action, detail }) => [action, detail])).toEqual([['easm-passed', '{"easm":true}']]);
  });

  test('is passed at the first poll that sees the sync completed', async () => {
    const { pass, polls } = await gate([profile(false), profile(true)]);
    await expect(pass()).rejects.toThrow(NotReady);
    await pass();
    expect(polls()).toBe(2);
  });

  test('is never passed when the time is up before', async () => {
    const { pass } = await gate([profile(false)], { openedMsAgo: 3_600_001 });
    await expect(pass()).rejects.toMatchObject({ type: 'QualysUnavailable', message: expect.stringContaining('3101 is IN_PROGRESS') });
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, test } from '@jest/globals';
import { ledgerOf } from '../../../../test/support/ledger/inspector.js';
import { assetIds, giveScript, openRun } from '../../../../test/support/ledger/ledger.js';
import { programArguments } from '../../../../test/support/programs.js';
import type { Ledgers } from '../ledgers.js';

interface Got {
  id: string;
  assets: string[];
  permits: number;
  calls: number;
}

/** Runs one process a run; all begin when the last is ready. */
async function race(url: string, runIds: readonly string[], calls: number): Promise<Got[]> {
  const racer = await programArguments('test/support/ledger/racer.ts');
  const racers = runIds.map((runId) => {
    const child = spawn(process.execPath, [...racer, url, runId, String(calls)], { stdio: ['pipe', 'pipe', 'inherit'] });
    return { child, lines: createInterface(child.stdout)[Symbol.asyncIterator](), exited: once(child, 'exit') };
  });
  for (const { lines } of racers) expect((await lines.next()).value).toBe('ready');
  for (const { child } of racers) child.stdin.write('go\n');
  const results = await Promise.all(racers.map(async ({ lines }) => JSON.parse(String((await lines.next()).value)) as Got));
  for (const { exited } of racers) expect((await exited)[0]).toBe(0);
  return results;
}

export function racesSuite(ledgers: Ledgers): void {
  test('processes on one ledger never send to an asset twice, and together keep quota and cap', async () => {
    const ledger = await ledgers.open();
    await openRun(ledger, 'a', assetIds(600));
    await openRun(ledger, 'b', assetIds(600, 301));
    await openRun(ledger, 'c', assetIds(600, 151));
    await giveScript(ledger, 'b', '8');
    await giveScript(ledger, 'c', '9');
    const results = await race(ledger.url, ['a', 'b', 'c'], 30);
    const sent = results.flatMap(({ assets }) => assets);
    expect(new Set(sent).size).toBe(sent.length);
    // What was claimed behind the quota is free for others: only what was sent is held.
    expect((await ledgerOf(ledger).leased()).toSorted()).toEqual(sent.toSorted());
    expect(results.reduce((sum, { permits }) => sum + permits, 0)).toBe(15);
    expect(results.reduce((sum, { calls }) => sum + calls, 0)).toBe(40);
    expect(await ledgerOf(ledger).count('calls')).toBe(40);
  }, 60_000);

  test('processes that create one ledger at the same time agree on its identity', async () => {
    const results = await race(await ledgers.bare(), ['none', 'none', 'none'], 0);
    expect(new Set(results.map(({ id }) => id)).size).toBe(1);
  }, 60_000);
}

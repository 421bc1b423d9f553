import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { overhaul } from '../../../test/support/command-line.js';
import { accepted, close, openRun, poll } from '../../../test/support/ledger/ledger.js';
import { emptyLedger, type SampleLedger } from '../../../test/support/ledger/sample.js';

let sample: SampleLedger;

beforeAll(async () => {
  sample = await emptyLedger();
  const { ledger } = sample;
  for (const [runId, assetId] of [
    ['patch/1', '20452611'],
    ['patch/2', '20452610'],
  ] as const) {
    const fence = await openRun(ledger, runId, [assetId, '7']);
    await accepted(ledger, runId, fence);
    const jobs = poll(1, { [assetId]: 'running', 7: 'succeeded' });
    const decisions = [
      { assetId, outcome: 'unreachable' as const, reason: 'disconnected', final: true, terminal: false },
      { assetId: '7', outcome: 'succeeded' as const, final: true, terminal: true },
    ];
    await ledger.verdicts.record(runId, { ...jobs, decisions, settled: true, slotFree: true }, { failed: 0, afterMs: 0 });
    await close(ledger, runId);
  }
});

afterAll(() => sample.ledger.close());

describe('overhaul open-copies', () => {
  test('is an array of what still is with agents, over all runs', async () => {
    const { exitCode, stdout } = await overhaul(['open-copies', '--json'], { env: sample.env });
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual(
      [
        ['20452610', 'patch/2'],
        ['20452611', 'patch/1'],
      ].map(([assetId, runId]) => ({
        ...{ assetId, runId, name: `host of ${assetId}`, script: { id: '7', title: 'Patch' }, execution: 1, attempt: 1 },
        ...{ outcome: 'unreachable', reason: 'disconnected', status: 'MANIFEST ASSIGNED' },
        since: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      })),
    );
  });

  test('is a table for people, and says so when there is nothing', async () => {
    const { stdout } = await overhaul(['open-copies'], { env: sample.env });
    expect(stdout).toMatch(
      /^ASSET +NAME +SCRIPT +SINCE[^\n]*\n20452610 +host of 20452610 +Patch \(7\) [^\n]*MANIFEST ASSIGNED[^\n]*patch\/2\n/,
    );
    const none = await overhaul(['open-copies', '--older-than', '7d'], { env: sample.env });
    expect([none.exitCode, none.stdout, none.stderr]).toEqual([0, '', 'No copies are open past their deadline.\n']);
  });

  test('are told by a dry run without Qualys, too', async () => {
    const dry = (script: string, assets: string, ...more: string[]) =>
      overhaul(['run', '--script', script, '--assets', assets, '--dry-run', ...more], { env: sample.env });
    const ids = '20452610,20452611,20452612,7';
    const { exitCode, stdout } = await dry('7', ids);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(
      'An earlier copy of the script may still be running on 2 assets. They are skipped unless it has ended by then. See: overhaul open-copies\n',
    );
    expect(JSON.parse((await dry('7', ids, '--json')).stdout)).toMatchObject({ openCopies: 2 });
    const without = [await dry('7', ids, '--despite-open-copies'), await dry('8', ids), await dry('7', '7')];
    for (const { stdout: told } of without) expect(told).not.toContain('An earlier copy');
  });

  test('refuses what is no duration, and never creates a ledger', async () => {
    const wrong = await overhaul(['open-copies', '--older-than', 'long'], { env: sample.env });
    expect([wrong.exitCode, wrong.stderr]).toEqual([2, '--older-than: "long" is not a duration. Use 12h or 7d, for example.\n']);
    const nowhere = await overhaul(['open-copies'], { env: { OVERHAUL_DATABASE_URL: 'sqlite:/nowhere/at/all/ledger.db' } });
    expect(nowhere.exitCode).toBe(2);
  });
});

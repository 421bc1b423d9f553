import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { overhaul } from '../../../test/support/command-line.js';
import { emptyLedger, openSampleRun, type SampleLedger } from '../../../test/support/ledger/sample.js';

let sample: SampleLedger;

beforeEach(async () => {
  sample = await emptyLedger();
  await openSampleRun(sample.ledger, 'live', ['1']);
});

afterEach(() => sample.ledger.close());

const ledgerWide = async () => (await sample.ledger.audit.of('live')).map(({ actor, action, detail }) => `${actor} ${action} ${detail}`);

describe('overhaul halt', () => {
  test('halts the ledger in the name of the operating system user, and says what that means', async () => {
    const ran = await overhaul(['halt', '--reason', 'incident 7'], { env: sample.env });
    expect(ran).toMatchObject({ exitCode: 0, stdout: '' });
    expect(ran.stderr).toMatch(
      /^Halted \/.*ledger\.db \(1 live run\)\. No execution starts after \d\d:\d\d:\d\d UTC\.\n.*overhaul unhalt\n$/,
    );
    expect(await sample.ledger.killSwitch.state()).toMatchObject({ by: 'kim', reason: 'incident 7' });
    expect(await ledgerWide()).toEqual(['kim halt {"reason":"incident 7","liveRuns":1}']);
  });

  test('a ledger that is halted already says by whom', async () => {
    await overhaul(['halt', '--by', 'ada', '--reason', 'incident 7'], { env: sample.env });
    const again = await overhaul(['halt'], { env: sample.env });
    expect(again.exitCode).toBe(0);
    expect(again.stderr).toMatch(/was already halted by ada since \d{4}-\d\d-\d\d \d\d:\d\d UTC: incident 7\. It stays halted/);
  });

  test('unhalt allows executions again, and says what it lifted', async () => {
    expect((await overhaul(['unhalt'], { env: sample.env })).stderr).toMatch(/^The ledger .* is not halted\.\n$/);
    await overhaul(['halt', '--by', 'ada'], { env: sample.env });
    const lifted = await overhaul(['unhalt', '--reason', 'all clear'], { env: sample.env });
    expect(lifted.stderr).toMatch(/^Executions are allowed again in .* \(1 live run\)\. It was halted by ada since /);
    expect(await sample.ledger.killSwitch.state()).toBeUndefined();
    expect((await ledgerWide()).at(-1)).toBe('kim unhalt {"reason":"all clear","liveRuns":1}');
  });

  test('--json tells which ledger, and how it stands', async () => {
    const halted = await overhaul(['halt', '--by', 'ada', '--reason', 'incident 7', '--json'], { env: sample.env });
    expect(JSON.parse(halted.stdout)).toEqual({
      ledger: { id: sample.ledger.id, path: sample.env.OVERHAUL_DATABASE_URL.replace('sqlite:', '') },
      halted: true,
      changed: true,
      liveRuns: 1,
      by: 'ada',
      reason: 'incident 7',
      since: expect.stringMatching(/Z$/),
    });
    const again = await overhaul(['halt', '--json'], { env: sample.env });
    expect(JSON.parse(again.stdout)).toMatchObject({ halted: true, changed: false, by: 'ada' });
    const lifted = await overhaul(['unhalt', '--json'], { env: sample.env });
    expect(JSON.parse(lifted.stdout)).toMatchObject({ halted: false, changed: true, liveRuns: 1 });
  });

  test.each([['halt'], ['unhalt']])('%s without a ledger exits 2 and creates none', async (command) => {
    const ran = await overhaul([command], { env: { OVERHAUL_DATABASE_URL: 'sqlite:/nowhere/ledger.db' } });
    expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
    expect(ran.stderr).toContain('No ledger at /nowhere/ledger.db');
  });
});

describe('a halted ledger', () => {
  const BY_ADA = /halted by ada since \d{4}-\d\d-\d\d \d\d:\d\d UTC: incident 7/;

  beforeEach(async () => {
    await sample.ledger.killSwitch.halt({ by: 'ada', reason: 'incident 7' });
  });

  test('is the first word of list', async () => {
    const { stderr, stdout } = await overhaul(['list'], { env: sample.env, temporal: { list: async () => [] } });
    expect(stderr).toMatch(new RegExp(`^All executions of this ledger are ${BY_ADA.source}\n$`));
    expect(stdout).toContain('live');
  });

  test('stands in show, which then forecasts no end, and in its JSON', async () => {
    const shown = await overhaul(['show', 'live'], { env: sample.env });
    expect(shown.stdout).toMatch(new RegExp(`  ledger      ${BY_ADA.source}\\. To allow executions again: overhaul unhalt\n`));
    const json = JSON.parse((await overhaul(['show', 'live', '--json'], { env: sample.env })).stdout) as { halted: object };
    expect(json.halted).toEqual({ by: 'ada', reason: 'incident 7', since: expect.stringMatching(/Z$/) });
  });

  test('is told once by watch where it is piped, and once more when it is lifted', async () => {
    const lifted: Promise<unknown>[] = [];
    let pauses = 0;
    const { stderr } = await overhaul(['watch', 'live'], {
      env: sample.env,
      onPause(interrupt) {
        pauses += 1;
        if (pauses === 3) lifted.push(sample.ledger.killSwitch.unhalt({ by: 'ada' }));
        if (pauses === 6) interrupt();
      },
    });
    await Promise.all(lifted);
    expect(stderr.match(/live: the ledger is .*/g)).toEqual([expect.stringMatching(BY_ADA), 'live: the ledger is no longer halted']);
  });

  test('is a note of doctor, with its fix', async () => {
    const { stdout } = await overhaul(['doctor'], { env: sample.env });
    expect(stdout).toMatch(new RegExp(`• ledger +${BY_ADA.source}\n +→ To allow executions again: overhaul unhalt\n`));
  });
});

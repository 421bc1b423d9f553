// `targets.seenWithin`, through the real client and a simulator whose clock is days away from this machine's.

import { afterEach, describe, expect, test } from '@jest/globals';
import { ledgerOf } from '../../../test/support/ledger/inspector.js';
import { useLedgers } from '../../../test/support/ledger/ledger.js';
import { NOBODY_WAITS, resolveCohort } from '../../../test/support/resolving.js';
import { parseRequest, type RemediationRequestInput } from '../../contracts/request.js';
import { createQualys } from '../../qualys/client.js';
import { startSimulator } from '../../simulator/index.js';
import type { SimulatorOptions } from '../../simulator/options.js';

const ledgers = useLedgers();
const FIRST = 20_452_610;
const DAY = 86_400_000;
/** Four hosts: seen within the minute, 2 days, 8 days and 400 days ago. */
const FLEET: SimulatorOptions = {
  assets: 4,
  dateSkewMs: -30 * DAY,
  seenBeforeMs: { [FIRST + 1]: 2 * DAY, [FIRST + 2]: 8 * DAY, [FIRST + 3]: 400 * DAY },
};

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function resolved(options: SimulatorOptions, targets: RemediationRequestInput['targets'], platform = '') {
  const ledger = await ledgers.open();
  const simulator = await startSimulator({ ...FLEET, ...options });
  const qualys = createQualys({
    ...{ baseUrl: simulator.url, username: 'demo', password: () => 'demo' },
    ...{ gate: NOBODY_WAITS, clock: ledger.serverClock },
  });
  closing.push(
    () => qualys.close(),
    () => simulator.close(),
  );
  const { size } = await resolveCohort({ ledger, qualys, targets, platform });
  const rows = await ledgerOf(ledger).columns('attempts', ['assetId', 'outcome', 'reason']);
  return {
    size,
    rows: rows.map(({ assetId, outcome, reason }) => `${Number(assetId) - FIRST}: ${outcome}${reason ? ` ${reason}` : ''}`).sort(),
    audit: (await ledger.audit.of('r')).filter(({ action }) => action === 'stale-agents').map(({ detail }) => detail),
    warnings: await ledger.runs.warnings('r'),
  };
}

const ALL = ['0: pending', '1: pending', '2: skipped stale-agent', '3: skipped stale-agent'];
const everything = (source: 'gav' | 'gav-v1' | 'edr' | 'car', filter: string) =>
  ({ query: { source, filter }, everything: true, seenWithin: '7d' }) as const;

describe('assets whose agent was last seen longer ago than seenWithin', () => {
  test.each([
    ['gav', '{}'],
    ['gav-v1', 'asset.name:host'],
    ['edr', 'asset.platform:linux'],
  ] as const)('are skipped where %s tells, by its own clock', async (source, filter) => {
    const found = await resolved({}, everything(source, filter));
    expect(found).toMatchObject({ size: 4, rows: ALL, warnings: [] });
    expect(found.audit).toEqual([expect.stringMatching(/^2 of 4 assets are left out: their agent was last seen before 2/)]);
  });

  test.each([
    ['by id', { assetIds: [FIRST, FIRST + 1, FIRST + 2, FIRST + 3] }],
    ['by name', { hostnames: [1, 2, 3, 4].map((n) => `host-00000${n}.example.com`) }],
    ['by tag', { assetTagIds: [7001] }],
    ['by a query of CAR', { query: { source: 'car', filter: 'name:host' } as const, everything: true }],
  ])('are skipped %s where rows of CAR tell', async (_, targets) => {
    expect(await resolved({ carCheckIn: true }, { ...targets, seenWithin: '7d' })).toMatchObject({ size: 4, rows: ALL, warnings: [] });
  });

  test('stay where no inventory tells, and a warning says of how many', async () => {
    const found = await resolved({}, { assetTagIds: [7001], seenWithin: '7d' });
    expect(found.rows).toEqual(['0: pending', '1: pending', '2: pending', '3: pending']);
    expect(found.warnings).toEqual([
      'targets.seenWithin: of 4 of 4 assets no inventory tells when their agent was last seen, so they stay in',
    ]);
  });

  test('stay when another of the targets has seen them since', async () => {
    const recently = { [FIRST + 2]: { car: { lastCheckedIn: Date.now() - 30 * DAY } } };
    const { rows } = await resolved({ moreFields: recently }, { ...everything('edr', 'asset.platform:linux'), assetTagIds: [7001] });
    expect(rows).toEqual(['0: pending', '1: pending', '2: pending', '3: skipped stale-agent']);
  });

  test('are not counted where they are excluded anyway', async () => {
    const found = await resolved({}, { ...everything('gav', '{}'), excludedAssetIds: [FIRST + 3] });
    expect([found.size, found.audit]).toEqual([3, [expect.stringMatching(/^1 of 3 assets/)]]);
  });

  test('nobody is asked about where nobody asked', async () => {
    const found = await resolved({}, { query: { source: 'gav', filter: '{}' }, everything: true });
    expect([found.rows, found.audit]).toEqual([['0: pending', '1: pending', '2: pending', '3: pending'], []]);
  });
});

test('seenWithin is a duration of a second or more', () => {
  const problems = (seenWithin: unknown) => {
    const parsed = parseRequest({ script: 1, targets: { assetIds: [1], seenWithin } });
    return parsed.ok ? parsed.value.targets.seenWithin : parsed.problems;
  };
  expect([problems('7d'), problems(90_000)]).toEqual([604_800_000, 90_000]);
  expect(problems('7 days')).toEqual([{ path: 'targets.seenWithin', problem: expect.stringContaining('is not a duration') }]);
  expect(problems(0)).toEqual([{ path: 'targets.seenWithin', problem: 'must be at least one second' }]);
});

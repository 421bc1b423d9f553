import { beforeEach, describe, expect, test } from '@jest/globals';
import { ledgerOf } from '../../../test/support/ledger/inspector.js';
import { useLedgers } from '../../../test/support/ledger/ledger.js';
import { defaultPolicy } from '../../contracts/policy.js';
import { parseRequest, type RemediationRequestInput } from '../../contracts/request.js';
import type { Ledger } from '../../ledger/index.js';
import type { CarAsset, Page } from '../../qualys/types.js';
import type { ActivityDependencies } from '../dependencies.js';
import { OpeningIsOver, resolveTargets, UnresolvedTargets } from './resolve-targets.js';

const ledgers = useLedgers();
let ledger: Ledger;
beforeEach(async () => {
  ledger = await ledgers.open();
});

const asset = (assetId: string): CarAsset => ({ assetId, name: `host-${assetId}`, tags: [] });

/** Resolves a query whose pages these are; `meanwhile` happens before the second one. */
async function resolve(pages: CarAsset[][], { excluded = [] as number[], meanwhile = async () => undefined as unknown } = {}) {
  const parsed = parseRequest({
    script: 7,
    targets: { query: { source: 'car', filter: 'all' }, everything: true, excludedAssetIds: excluded },
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { targets, ...request } = parsed.value;
  await ledger.runs.open({ id: 'r', firstExecutionId: 'f', namespace: 'default', request });
  const opening = await ledger.cohort.begin('r');
  if (!opening || 'frozen' in opening) throw new Error('nothing to open');
  async function* searchAssets(): AsyncGenerator<Page<CarAsset>> {
    for (const [index, rows] of pages.entries()) {
      if (index === 1) await meanwhile();
      yield { rows, bytes: 0 };
    }
  }
  const dependencies = { ledger, qualys: { searchAssets }, policy: defaultPolicy() } as unknown as ActivityDependencies;
  const script = { platform: '' };
  return resolveTargets(dependencies, { runId: 'r', attempt: opening.attempt, targets, script, onPage: () => undefined });
}

const cohort = async () => (await ledgerOf(ledger).columns('attempts', ['assetId'])).map((row) => row.assetId);

describe('targets', () => {
  test('that are excluded are never in the ledger, not even before the cohort is frozen', async () => {
    const seen: string[][] = [];
    const pages = [[asset('1'), asset('2')], [asset('3')]];
    const frozen = await resolve(pages, { excluded: [2], meanwhile: async () => seen.push(await cohort()) });
    expect([seen, frozen.size, await cohort()]).toEqual([[['1']], 2, ['1', '3']]);
  });

  test('that an attempt still finds when another has taken over end it, and are not taken in', async () => {
    const late = resolve([[asset('1')], [asset('2')]], { meanwhile: () => ledger.cohort.begin('r') });
    await expect(late).rejects.toThrow(OpeningIsOver);
    expect(await cohort()).toEqual(['1']);
  });

  test('whose ids are no numbers are refused, and named', async () => {
    const refused = resolve([[asset('1'), asset('2 or 3')]]);
    await expect(refused).rejects.toThrow(UnresolvedTargets);
    await expect(refused).rejects.toThrow('"2 or 3"');
    expect(await cohort()).toEqual([]);
  });
});

describe('tags', () => {
  /** The tags that were seen of each asset, by the targets that find it. */
  async function seen(targets: RemediationRequestInput['targets'], platform = ''): Promise<Record<string, number>> {
    const fleet = [
      { ...asset('1'), tags: ['8', '9'] },
      { ...asset('2'), tags: ['9', '9'] },
      { ...asset('3'), tags: ['9'] },
    ];
    async function* searchAssets(): AsyncGenerator<Page<CarAsset>> {
      yield { rows: fleet, bytes: 0 };
    }
    const parsed = parseRequest({ script: 7, targets });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    const { targets: wanted, ...request } = parsed.value;
    await ledger.runs.open({ id: 'r', firstExecutionId: 'f', namespace: 'default', request });
    const opening = await ledger.cohort.begin('r');
    if (!opening || 'frozen' in opening) throw new Error('nothing to open');
    const dependencies = { ledger, qualys: { searchAssets }, policy: defaultPolicy() } as unknown as ActivityDependencies;
    const { attempt } = opening;
    const tagsSeen = new Map<string, number>();
    await resolveTargets(dependencies, { runId: 'r', attempt, targets: wanted, script: { platform }, onPage: () => undefined, tagsSeen });
    return Object.fromEntries(tagsSeen);
  }

  test.each<[string, RemediationRequestInput['targets']]>([
    ['a query', { query: { source: 'car', filter: 'all' }, everything: true }],
    ['two tags that the same assets have', { assetTagIds: [8, 9] }],
    [
      'ids, names, a tag and a query',
      { assetIds: [1, 2], hostnames: ['host-3'], assetTagIds: [9], query: { source: 'car', filter: 'all' }, everything: true },
    ],
  ])('of assets found by %s are counted once for each asset', async (_, targets) => {
    expect(await seen(targets)).toEqual({ 8: 1, 9: 3 });
  });

  test('of assets that are excluded are not counted', async () => {
    expect(await seen({ query: { source: 'car', filter: 'all' }, everything: true, excludedAssetIds: [1] })).toEqual({ 9: 2 });
  });

  test.each(['', 'LINUX'])('of assets given by id are looked up, for a script of platform "%s"', async (platform) => {
    expect(await seen({ assetIds: [1, 3] }, platform)).toEqual({ 8: 1, 9: 2 });
  });
});

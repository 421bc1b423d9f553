import { beforeEach, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { accepted, openRun, useLedgers } from '../../../test/support/ledger/ledger.js';
import type { RemediationRequestInput } from '../../contracts/request.js';
import type { Ledger } from '../../ledger/index.js';
import { QualysError } from '../../qualys/errors.js';
import { TransportError } from '../../qualys/http/transport.js';
import type { AssetJobRow, Page } from '../../qualys/types.js';
import { pollExecutions } from './executions.js';

const ASSETS = Array.from({ length: 12 }, (_, index) => `a${index}`);
const ledgers = useLedgers();
let ledger: Ledger;
let asked: string[];
let statusOf: (assetId: string) => string;
let outputOf: (assetId: string) => string | undefined;
let failure: QualysError | undefined;

beforeEach(async () => {
  ledger = await ledgers.open();
  asked = [];
  statusOf = () => 'EXECUTION PASSED';
  outputOf = (assetId) => `said ${assetId}`;
  failure = undefined;
});

async function opened(request: Partial<RemediationRequestInput> = {}): Promise<void> {
  const fence = await openRun(ledger, 'r', ASSETS, request);
  await accepted(ledger, 'r', fence);
}

async function look(): Promise<void> {
  const run = await ledger.runs.get('r');
  if (!run) throw new Error('no run');
  async function* searchAssetJobs({ includeOutput = false }: { includeOutput?: boolean }): AsyncGenerator<Page<AssetJobRow>> {
    asked.push(includeOutput ? 'with output' : 'bare');
    if (includeOutput && failure) throw failure;
    yield { rows: ASSETS.map((assetId) => rowOf(assetId, includeOutput)), bytes: 1_000 };
  }
  async function* searchJobs(): AsyncGenerator<Page<never>> {}
  const accepted = await ledger.executions.inState('r', ['accepted']);
  const qualys = { searchAssetJobs, searchJobs, countAssetJobs: async () => ({}) };
  await new MockActivityEnvironment().run(() => pollExecutions({ ledger, qualys }, { run, accepted }));
}

function rowOf(assetId: string, withOutput: boolean): AssetJobRow {
  const said = withOutput ? outputOf(assetId) : undefined;
  const output = said === undefined ? {} : { output: Buffer.from(said) };
  return { id: `row-${assetId}`, jobId: '900', correlationUuid: 'uuid-r-1', assetId, status: statusOf(assetId), exitCode: 0, ...output };
}

const owed = async () => (await ledger.outputs.owed('r', 100)).map(({ assetId }) => assetId);

test('verdicts and outputs come in one call', async () => {
  await opened();
  await look();
  expect(asked).toEqual(['with output']);
  expect(await owed()).toEqual([]);
  expect(String(await ledger.outputs.read('r', 'a7'))).toBe('said a7');
  expect((await ledger.scripts.memory('7')).rowBytes).toBeGreaterThan(1_000);
});

test('what an asset that has not ended has said so far is not kept, nor is an empty output, and what does not come stays owed', async () => {
  statusOf = (assetId) => (assetId === 'a1' ? 'MANIFEST ASSIGNED' : 'EXECUTION PASSED');
  outputOf = (assetId) => (assetId === 'a2' ? '' : assetId === 'a3' ? undefined : 'so far');
  await opened();
  await look();
  expect(await ledger.outputs.read('r', 'a1')).toBeUndefined();
  expect(await owed()).toEqual(['a2', 'a3']);
});

test.each([
  [
    'are too much for one answer',
    new QualysError('unavailable', 'too large', { cause: new TransportError('too-large', true, 'too large') }),
  ],
  ['are what a gateway fails at', new QualysError('unavailable', 'HTTP 502')],
  ['are what a gateway refuses', new QualysError('invalid', 'HTTP 400')],
])('where they %s the verdicts come without, and the next look asks for no more', async (_, why) => {
  failure = why;
  statusOf = (assetId) => (assetId === 'a1' ? 'MANIFEST ASSIGNED' : 'EXECUTION PASSED');
  await opened();
  await look();
  expect(asked).toEqual(['with output', 'bare']);
  expect(await owed()).toHaveLength(11);
  expect((await ledger.scripts.memory('7')).outputPage).toBe(6);
});

test('a call that is not allowed yet is not made again without them', async () => {
  failure = new QualysError('limited', 'no call is allowed for another 60 s', { waitMs: 60_000 });
  await opened();
  await expect(look()).rejects.toBe(failure);
  expect(asked).toEqual(['with output']);
});

test('rows of which most have ended do not bring their outputs again', async () => {
  statusOf = (assetId) => (assetId === 'a1' ? 'MANIFEST ASSIGNED' : 'EXECUTION PASSED');
  await opened();
  await look();
  await look();
  expect(asked).toEqual(['with output', 'bare']);
});

test('none are asked for where none are stored, and no rule reads them', async () => {
  await opened({ output: 'none' });
  await look();
  expect(asked).toEqual(['bare']);
});

test('a verdict that goes by its output takes no call of its own', async () => {
  await opened({ output: 'none', verdict: { output: [{ pattern: 'said a7', is: 'failed' }] } });
  await look();
  expect(asked).toEqual(['with output']);
  const assets = await ledger.verdicts.inFlight('r', 1);
  expect(assets.filter(({ outcome }) => outcome === 'failed').map(({ assetId }) => assetId)).toEqual(['a7']);
  expect(await ledger.outputs.read('r', 'a7')).toBeUndefined();
});

import { beforeEach, describe, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { ledgerOf } from '../../../test/support/ledger/inspector.js';
import {
  accepted,
  allOf,
  assetIds,
  knowClock,
  openRun,
  poll,
  settableMachine,
  TERMS,
  useLedgers,
} from '../../../test/support/ledger/ledger.js';
import type { Ledger } from '../../ledger/index.js';
import { QualysError } from '../../qualys/errors.js';
import { TransportError } from '../../qualys/http/transport.js';
import type { AssetJobRow, Page, WalkOptions } from '../../qualys/types.js';
import { collectOutputs } from './outputs.js';

const ASSETS = 25;
const LARGEST_ANSWER = 1_000;
const ledgers = useLedgers();
let ledger: Ledger;
let machine: ReturnType<typeof settableMachine>;
/** Bytes of each output, in the order of the walk. */
let sizes: number[];
let failure: () => QualysError;
/** Each page asked for: its first row and its size, and the word for what came of it. */
let asked: string[];

beforeEach(async () => {
  machine = settableMachine();
  ledger = await ledgers.open({ clocks: machine.clocks });
  const fence = await openRun(ledger, 'r', assetIds(ASSETS));
  const { assetIds: sent } = await accepted(ledger, 'r', fence);
  const seen = poll(1, allOf(sent, 'succeeded'));
  await ledger.verdicts.record('r', { ...seen, jobs: seen.jobs.map((job) => ({ ...job, jobId: '900' })) }, { failed: 0, afterMs: 0 });
  await knowClock(ledger, TERMS.serverAt + 60_000);
  sizes = Array.from({ length: ASSETS }, () => 10);
  failure = tooLarge;
  asked = [];
});

const fails = (why: 'too-large' | 'timeout', kind: 'protocol' | 'unavailable') =>
  new QualysError(kind, 'no answer', { cause: new TransportError(why, true, why) });
const tooLarge = () => fails('too-large', 'protocol');

async function collect(final = true, hurry = false): Promise<number | undefined> {
  const run = await ledger.runs.get('r');
  if (!run) throw new Error('no run');
  return new MockActivityEnvironment().run(() => collectOutputs({ ledger, qualys: { searchAssetJobs: answered } }, { run, final, hurry }));
}

/** A gateway whose answers carry no more than LARGEST_ANSWER bytes of output. */
async function* answered({ after, pageSize, includeOutput = false }: WalkOptions & { includeOutput?: boolean }) {
  let previous: Page<AssetJobRow> | undefined;
  for (let first = Number(after?.[0] ?? 0); ; ) {
    const rows = typeof pageSize === 'function' ? pageSize(previous) : (pageSize ?? 0);
    const page = sizes.slice(first, first + rows);
    const bytes = includeOutput ? page.reduce((sum, size) => sum + size, 0) : 0;
    asked.push(`${first}+${rows}${includeOutput ? '' : ' bare'}${bytes > LARGEST_ANSWER ? ' failed' : ''}`);
    if (bytes > LARGEST_ANSWER) throw failure();
    const next = first + rows;
    previous = {
      rows: page.map((size, index) => rowOf(first + index, includeOutput ? size : undefined)),
      bytes,
      cursor: next < ASSETS ? [next] : undefined,
    };
    yield previous;
    if (next >= ASSETS) return;
    first = next;
  }
}

function rowOf(place: number, size: number | undefined): AssetJobRow {
  const assetId = assetIds(1, place + 1)[0] ?? '';
  return {
    id: assetId,
    jobId: '900',
    assetId,
    status: 'EXECUTION PASSED',
    ...(size === undefined ? {} : { output: Buffer.alloc(size, 'x') }),
  };
}

async function kept(): Promise<Record<string, number>> {
  const rows = await ledgerOf(ledger).tally('attempts', ['output']);
  return Object.fromEntries(rows.map(({ output, n }) => [output, n]));
}

describe('outputs of a few assets while others are watched', () => {
  test('wait until a call is worth it', async () => {
    await collect(false);
    expect(asked).toEqual([]);
  });

  test('are fetched at once in the last minute of a cancelled run', async () => {
    await collect(false, true);
    expect(asked).toEqual(['0+25']);
    expect(await kept()).toEqual({ stored: 25 });
  });
});

describe('outputs that do not get through in one answer', () => {
  test('are asked for again by halves, from where the walk stands, and the size is remembered', async () => {
    sizes = sizes.map(() => 150);
    expect(await collect()).toBeUndefined();
    expect(asked.slice(0, 4)).toEqual(['0+25 failed', '0+12 failed', '0+6', '6+12 failed']);
    expect(await kept()).toEqual({ stored: 25 });
    expect((await ledger.scripts.memory('7')).outputPage).toBe(6);
  });

  test('are passed over one by one where each alone is too much, and only those are absent', async () => {
    sizes[7] = 2_000;
    sizes[24] = 2_000;
    expect(await collect()).toBeUndefined();
    expect(await kept()).toEqual({ stored: 23, absent: 2 });
    expect(await ledgerOf(ledger).columns('attempts', ['assetId'], { output: 'absent' })).toEqual([
      { assetId: 'asset-0008' },
      { assetId: 'asset-0025' },
    ]);
    expect(asked).toContain('7+1 bare');
  });

  test('that time out end the attempt, and the next one asks for fewer', async () => {
    failure = () => fails('timeout', 'unavailable');
    sizes = sizes.map(() => 100);
    await expect(collect()).rejects.toThrow('no answer');
    await expect(collect()).rejects.toThrow('no answer');
    expect(asked).toEqual(['0+25 failed', '0+12 failed']);
  });

  test('fail with the gateway as ever', async () => {
    sizes[0] = 2_000;
    failure = () => new QualysError('unavailable', 'HTTP 503', { status: 503 });
    await expect(collect()).rejects.toThrow('HTTP 503');
    expect(asked).toEqual(['0+25 failed']);
    expect(await kept()).toEqual({ owed: 25 });
  });
});

describe('while executions are in flight', () => {
  test('a failure leaves the outputs owed and is nobody else’s trouble', async () => {
    await knowClock(ledger, TERMS.serverAt + 3_600_000);
    sizes[0] = 2_000;
    failure = () => new QualysError('limited', 'HTTP 429', { waitMs: 60_000 });
    expect(await collect(false)).toBeUndefined();
    expect(asked).toEqual(['0+25 failed']);
    expect(await kept()).toEqual({ owed: 25 });
  });
});

describe('outputs that are not there yet have their two minutes of Qualys’ time', () => {
  const TEN_MINUTES = 600_000;
  /** Answers of so many seconds, whose `Date` is that far off. */
  async function answers(count: number, byMs = 0): Promise<void> {
    for (let nth = 0; nth < count; nth += 1) {
      machine.realMs += 1_000;
      await ledger.serverClock.observe(TERMS.serverAt + 60_000 + machine.realMs + byMs);
    }
  }
  beforeEach(() => {
    sizes = [];
  });

  test.each([
    ['a Date ten minutes ahead', 1, TEN_MINUTES, 0],
    ['a Date ten minutes behind', 1, -TEN_MINUTES, 0],
    ['four of them in a row', 4, TEN_MINUTES, 0],
    ['a jump of Qualys’ clock', 5, TEN_MINUTES, 0],
    ['this machine ten minutes ahead', 1, 0, TEN_MINUTES],
    ['this machine ten minutes behind', 1, 0, -TEN_MINUTES],
  ])('in spite of %s', async (_, count, byMs, setMs) => {
    await answers(count, byMs);
    machine.setMs = setMs;
    expect(await collect()).toBeGreaterThan(0);
    expect(await kept()).toEqual({ owed: 25 });
  });

  test('an empty one as well: what comes into its place is stored, and what stays empty is empty behind them', async () => {
    sizes = Array.from({ length: ASSETS }, () => 0);
    expect(await collect()).toBeGreaterThan(0);
    expect(await kept()).toEqual({ owed: 25 });
    sizes[3] = 10;
    expect(await collect()).toBeGreaterThan(0);
    expect(await kept()).toEqual({ owed: 24, stored: 1 });
    machine.realMs += 121_000;
    expect(await collect()).toBeUndefined();
    expect(await ledgerOf(ledger).tally('attempts', ['output', 'outputBytes'])).toEqual([
      { output: 'stored', outputBytes: 0, n: 24 },
      { output: 'stored', outputBytes: 10, n: 1 },
    ]);
  });

  test('and no more: also across a jump they end', async () => {
    await answers(5, TEN_MINUTES);
    machine.realMs += 121_000;
    expect(await collect()).toBeUndefined();
    expect(await kept()).toEqual({ absent: 25 });
  });
});

import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { misstate } from '../../../test/support/ledger/damage.js';
import { ledgerOf } from '../../../test/support/ledger/inspector.js';
import { accepted, openRun, steadyReading, TERMS, useLedgers } from '../../../test/support/ledger/ledger.js';
import { find } from '../../../test/support/ledger/scenario.js';
import type { RemediationRequestInput } from '../../contracts/request.js';
import type { Ledger } from '../../ledger/index.js';
import { QualysError } from '../../qualys/errors.js';
import type { AssetJobRow, Page, ScriptJob } from '../../qualys/types.js';
import { pollExecutions } from './executions.js';

const ledgers = useLedgers();
const HOUR_MS = 3_600_000;
let ledger: Ledger & { url: string };
let now: number;
let jobs: ScriptJob[];
let rows: AssetJobRow[];
/** Rows of a page, by what was asked, that cannot be read. */
let unreadable: { jobs?: number; 'asset jobs'?: number };
let counts: Record<string, number>;
let counted: string[];
/** What happens between a read and its answer. */
let meanwhile: () => Promise<void> | void;
let asked: string[];

beforeEach(async () => {
  ledger = await ledgers.open();
  now = await ledger.database.now();
  const acceptedAt = now;
  jest.spyOn(ledger.database, 'now').mockImplementation(async () => now);
  jest.spyOn(ledger.serverClock, 'reading').mockImplementation(async () => steadyReading(TERMS.serverAt + now - acceptedAt));
  meanwhile = () => undefined;
  asked = [];
  unreadable = {};
  counts = {};
  counted = [];
  const fence = await openRun(ledger, 'r', ['a', 'b'], { deadline: '1h' });
  await accepted(ledger, 'r', fence);
  jobs = [{ id: '900', scriptId: '7', correlationUuid: 'uuid-r-1', createdAt: TERMS.serverAt, isTest: false }];
  rows = [row('a', 'MANIFEST ASSIGNED'), row('b', 'MANIFEST ASSIGNED')];
});

const execution = () => ledger.executions.get('r', 1);
const row = (assetId: string, status: string): AssetJobRow => ({ id: `row-${assetId}`, jobId: '900', assetId, status });
const outcomes = async () => (await ledger.verdicts.inFlight('r', 1)).map(({ outcome }) => outcome);

async function pollNow(): Promise<void> {
  const run = await ledger.runs.get('r');
  if (!run) throw new Error('no run');
  const qualys = {
    searchJobs: () => answered('jobs', () => jobs),
    searchAssetJobs: () => answered('asset jobs', () => rows),
    countAssetJobs: async ({ query }: { query?: unknown }) => {
      counted.push(String(query));
      return counts;
    },
  };
  await pollExecutions({ ledger, qualys }, { run, accepted: await ledger.executions.inState('r', ['accepted']) });
}

async function* answered<T>(what: 'jobs' | 'asset jobs', read: () => T[]): AsyncGenerator<Page<T>> {
  asked.push(what);
  const page = { rows: read(), bytes: 1_000, unreadable: unreadable[what] };
  await meanwhile();
  yield page;
}

describe('a job that does not appear', () => {
  test('is searched for less and less often, and once more at the deadline', async () => {
    jobs = [];
    const begin = now;
    const searches: number[] = [];
    for (const minutes of [1, 2, 2.25, 2.5, 3, 3.25, 55, 59, 60, 60.5]) {
      now = begin + minutes * 60_000;
      asked = [];
      await misstate(ledger, { state: 'accepted', settledAt: null });
      await pollNow();
      if (asked.includes('jobs')) searches.push(minutes);
    }
    expect(searches).toEqual([1, 2, 2.5, 3.25, 55, 60.5]);
  });
});

describe('a gateway that takes no notice of the start of a search', () => {
  test('is read as far as the jobs may be ours, and no further', async () => {
    const old = (hours: number): ScriptJob => ({
      id: String(800 - hours),
      scriptId: '7',
      correlationUuid: `old-${hours}`,
      createdAt: TERMS.serverAt - hours * HOUR_MS,
      isTest: false,
    });
    const pages = [[old(0)], [old(1)], [old(2)]];
    const read: number[] = [];
    const run = await ledger.runs.get('r');
    if (!run) throw new Error('no run');
    async function* searchJobs(): AsyncGenerator<Page<ScriptJob>> {
      for (const [index, jobsOfPage] of pages.entries()) {
        read.push(index);
        yield { rows: jobsOfPage, bytes: 1 };
      }
    }
    const qualys = { searchJobs, searchAssetJobs: () => answered('asset jobs', () => rows), countAssetJobs: async () => ({}) };
    await pollExecutions({ ledger, qualys }, { run, accepted: await ledger.executions.inState('r', ['accepted']) });
    expect(read).toEqual([0, 1]);
  });
});

describe('a poll whose process is stopped after its reads', () => {
  test('judges by the time of the reads, however late it goes on', async () => {
    await pollNow();
    meanwhile = () => {
      now += 2 * HOUR_MS;
    };
    await pollNow();
    expect(await outcomes()).toEqual(['running', 'running']);
    expect(await execution()).toMatchObject({ state: 'accepted' });
  });

  test('does not say of an asset that it got no job when the jobs were read in time', async () => {
    rows = [];
    await pollNow();
    meanwhile = () => {
      now += 10 * 60_000;
    };
    await pollNow();
    expect(await outcomes()).toEqual(['running', 'running']);
  });

  test('does not undo what another one has found meanwhile', async () => {
    await pollNow();
    meanwhile = async () => {
      meanwhile = () => undefined;
      now += 60_000;
      rows = [row('a', 'EXECUTION PASSED'), row('b', 'MANIFEST ASSIGNED')];
      await pollNow();
      now += 2 * HOUR_MS;
    };
    await pollNow();
    expect(await outcomes()).toEqual(['succeeded', 'running']);
    expect(await execution()).toMatchObject({ state: 'accepted' });
  });
});

describe('more jobs than one under the UUID of an execution', () => {
  const OF_UUID = { correlationUuid: 'uuid-r-1' };
  const second = { id: '901', scriptId: '7', ...OF_UUID, createdAt: TERMS.serverAt + 540_000, isTest: false };

  test('are watched together, also the one that comes minutes later', async () => {
    rows = [{ ...row('a', 'EXECUTION PASSED'), ...OF_UUID }];
    await pollNow();
    now += 540_000;
    await pollNow();
    expect(await outcomes()).toEqual(['succeeded', 'running']);
    rows = [...rows, { ...row('b', 'EXECUTION FAILED'), jobId: '901', ...OF_UUID }];
    await pollNow();
    expect(await outcomes()).toEqual(['succeeded', 'failed']);
    const stored = await ledgerOf(ledger).columns('attempts', ['assetId', 'jobId']);
    expect(stored).toEqual([
      { assetId: 'a', jobId: '900' },
      { assetId: 'b', jobId: '901' },
    ]);
    expect(asked).not.toContain('jobs');
  });

  test('that both name an asset leave one row to decide by, and the same one to remember', async () => {
    rows = [
      { ...row('a', 'EXECUTION PASSED'), ...OF_UUID },
      { ...row('b', 'SCRIPT RESULT UPLOAD FAILED'), ...OF_UUID },
      { ...row('b', 'EXECUTION PASSED'), ...OF_UUID, jobId: '901' },
    ];
    await pollNow();
    expect(await ledger.verdicts.inFlight('r', 1)).toMatchObject([{}, { outcome: 'running', status: 'SCRIPT RESULT UPLOAD FAILED' }]);
    now += 3 * 60_000;
    await pollNow();
    expect(await outcomes()).toEqual(['succeeded', 'unverified']);
    expect(await execution()).toMatchObject({ state: 'settled' });
  });

  test('keep an asset from being missing once a last search for jobs has shown the second', async () => {
    rows = [{ ...row('a', 'EXECUTION PASSED'), ...OF_UUID }];
    await pollNow();
    now += 601_000;
    jobs = [...jobs, second];
    await pollNow();
    expect(asked.filter((what) => what === 'jobs')).toHaveLength(1);
    expect(await outcomes()).toEqual(['succeeded', 'running']);
    now += 601_000;
    await pollNow();
    expect(await outcomes()).toEqual(['succeeded', 'missing']);
  });

  test('are found by the search for jobs where the rows do not name the UUID', async () => {
    rows = [row('a', 'EXECUTION PASSED')];
    await pollNow();
    expect(await outcomes()).toEqual(['succeeded', 'running']);
    now += 601_000;
    jobs = [...jobs, second];
    rows = [...rows, { ...row('b', 'EXECUTION PASSED'), jobId: '901' }];
    await pollNow();
    await pollNow();
    expect(await outcomes()).toEqual(['succeeded', 'succeeded']);
  });
});

describe('a row that cannot be read', () => {
  beforeEach(async () => {
    rows = [{ ...row('a', 'EXECUTION PASSED'), correlationUuid: 'uuid-r-1' }];
    await pollNow();
    now += 601_000;
  });

  test('of a job search may be a job of the execution: nothing is missing before the search is made again without one', async () => {
    unreadable = { jobs: 1 };
    await pollNow();
    expect(await outcomes()).toEqual(['succeeded', 'running']);
    unreadable = {};
    now += 200_000;
    await pollNow();
    expect(await outcomes()).toEqual(['succeeded', 'missing']);
  });

  test('is searched past more and more rarely, and at the deadline the asset is unverified, not missing', async () => {
    unreadable = { jobs: 1 };
    asked = [];
    for (let polls = 0; polls < 40; polls += 1) {
      await pollNow();
      now += 60_000;
    }
    expect(asked.filter((what) => what === 'jobs').length).toBeLessThan(9);
    now += 20 * 60_000;
    await pollNow();
    const rowsOf = await ledgerOf(ledger).columns('attempts', ['outcome', 'reason']);
    expect(rowsOf).toEqual([
      { outcome: 'succeeded', reason: null },
      { outcome: 'unverified', reason: 'no-asset-job-by-deadline' },
    ]);
  });

  test('of the asset jobs may be that of an asset that shows none', async () => {
    unreadable = { 'asset jobs': 1 };
    await pollNow();
    expect(await outcomes()).toEqual(['succeeded', 'running']);
    unreadable = {};
    now += 200_000;
    await pollNow();
    expect(await outcomes()).toEqual(['succeeded', 'missing']);
  });

  test('of the jobs does not make that of another one missing where the rows do not name the UUID', async () => {
    rows = [row('a', 'EXECUTION PASSED')];
    unreadable = { jobs: 1 };
    await pollNow();
    await pollNow();
    expect(await outcomes()).toEqual(['succeeded', 'running']);
  });
});

test('an asset of the run that an execution hit without asking for it is out of the cohort, with its verdict shown as late', async () => {
  await find(ledger, { executionNo: null, outcome: 'skipped', lease: null, copy: 'none' }, { assetId: 'b' });
  rows = ['a', 'b', 'x'].map((assetId) => row(assetId, 'EXECUTION PASSED'));
  await pollNow();
  await pollNow();
  expect((await ledger.reader.assets('r')).items).toMatchObject([{ outcome: 'succeeded' }, { outcome: 'skipped', late: 'succeeded' }]);
  expect(await ledgerOf(ledger).columns('lateVerdicts', ['assetId'])).toEqual([{ assetId: 'b' }]);
  expect((await ledger.audit.of('r')).filter(({ action }) => action === 'late-verdict')).toHaveLength(1);
});

describe('an execution by tags', () => {
  const fannedOut = async () => (await execution())?.fannedOut;
  const OF_UUID = { correlationUuid: 'uuid-r-1' };

  beforeEach(async () => {
    await misstate(ledger, { planned: 1 });
    rows = ['a', 'b'].map((assetId) => ({ ...row(assetId, 'MANIFEST ASSIGNED'), ...OF_UUID }));
    await pollNow();
  });

  test('lets others be sent two minutes after its last asset job, behind one search for further jobs', async () => {
    now += 119_000;
    await pollNow();
    expect([await fannedOut(), asked.includes('jobs')]).toEqual([false, false]);
    now += 1_000;
    await pollNow();
    expect([await fannedOut(), asked.filter((what) => what === 'jobs').length]).toEqual([true, 1]);
    now += 120_000;
    await pollNow();
    expect(asked.filter((what) => what === 'jobs')).toHaveLength(1);
  });

  test('keeps them back while that search shows another job, until its asset jobs are known, too', async () => {
    now += 120_000;
    jobs = [...jobs, { id: '901', scriptId: '7', ...OF_UUID, createdAt: TERMS.serverAt + 100_000, isTest: false }];
    await pollNow();
    expect(await fannedOut()).toBe(false);
    now += 60_000;
    rows = [...rows, { ...row('c', 'MANIFEST ASSIGNED'), ...OF_UUID, jobId: '901' }];
    await pollNow();
    expect(await ledgerOf(ledger).columns('outOfCohort', ['jobId', 'assetId'])).toEqual([{ jobId: '901', assetId: 'c' }]);
    now += 119_000;
    await pollNow();
    expect(await fannedOut()).toBe(false);
    now += 1_000;
    await pollNow();
    expect(await fannedOut()).toBe(true);
  });

  test('keeps them back for as long as an asset without an asset job is waited for', async () => {
    await find(ledger, { status: null, outcome: 'running' }, { assetId: 'b' });
    rows = rows.slice(0, 1);
    now += 599_000;
    await pollNow();
    expect(await fannedOut()).toBe(false);
    now += 1_000;
    await pollNow();
    expect(await fannedOut()).toBe(true);
  });

  test('keeps them back while a row cannot be read', async () => {
    now += 120_000;
    unreadable = { 'asset jobs': 1 };
    await pollNow();
    expect(await fannedOut()).toBe(false);
    unreadable = { jobs: 1 };
    now += 60_000;
    await pollNow();
    expect(await fannedOut()).toBe(false);
  });

  test('of several pages counts the asset jobs of all its jobs before it reads them', async () => {
    await ledger.verdicts.setJob('r', 1, { jobId: '901', createdAt: TERMS.serverAt });
    await misstate(ledger, { size: 2001 });
    asked = [];
    counts = { 'EXECUTION PASSED': 2_000, 'MANIFEST ASSIGNED': 1 };
    await pollNow();
    expect(counted).toEqual(['job.id:900 or job.id:901']);
    expect(asked).toEqual([]);
    counts = { 'EXECUTION PASSED': 2_000, 'EXECUTION FAILED': 1 };
    await pollNow();
    expect(asked).toContain('asset jobs');
  });
});

test.each([
  ['right', 0],
  ['ten minutes ahead', 600_000],
  ['ten minutes behind', -600_000],
])('how long a script takes is told by the rows, with a clock that is %s', async (_, byMs) => {
  now += 300_000;
  jest.spyOn(ledger.serverClock, 'reading').mockImplementation(async () => steadyReading(TERMS.serverAt + 300_000 + byMs));
  rows = ['a', 'b'].map((assetId) => ({
    ...row(assetId, 'EXECUTION PASSED'),
    startedAt: TERMS.serverAt,
    finishedAt: TERMS.serverAt + 90_000,
  }));
  await pollNow();
  expect((await ledger.scripts.memory('7')).durations).toEqual([{ localMs: 90_000, serverMs: 90_000 }]);
});

describe('verdicts that go by output', () => {
  let outputs: Map<string, Buffer>;
  let failure: QualysError | undefined;
  let searched: (string | undefined)[];
  const qualys = {
    searchJobs: () => answered('jobs', () => jobs),
    searchAssetJobs: searching,
    countAssetJobs: async () => counts,
  };

  async function* searching({ filter, includeOutput = false }: { filter?: string; includeOutput?: boolean }) {
    if (includeOutput && failure) throw failure;
    // With the rows of a look they come only where this gateway has them by then: here they are asked for behind it.
    const isAsked = includeOutput && !filter?.startsWith('job.correlationUuid');
    if (isAsked) searched.push(filter);
    yield {
      rows: rows.map((one) => {
        const output = isAsked ? (outputs.get(`${one.jobId}/${one.assetId}`) ?? outputs.get(one.assetId)) : undefined;
        return { ...one, ...(output ? { output } : {}) };
      }),
      bytes: 1_000,
    };
  }

  async function look(from: Ledger = ledger): Promise<boolean> {
    const run = await from.runs.get('v');
    if (!run) throw new Error('no run');
    const accepted = await from.executions.inState('v', ['accepted']);
    return new MockActivityEnvironment().run(async () => (await pollExecutions({ ledger: from, qualys }, { run, accepted })).awaitsOutput);
  }

  const COLUMNS = ['assetId', 'outcome', 'reason', 'rule', 'heard', 'heardJob', 'copy', 'lease', 'output'] as const;
  const seen = () => ledgerOf(ledger).columns('attempts', COLUMNS, { runId: 'v', last: 1 });
  const firstAttempts = () => ledgerOf(ledger).columns('attempts', ['assetId', 'outcome', 'rule', 'heard'], { runId: 'v', attempt: 1 });
  const inFlight = async () => (await ledger.runs.snapshot('v')).slotsTaken;

  beforeEach(async () => {
    outputs = new Map();
    failure = undefined;
    searched = [];
    const verdict: RemediationRequestInput['verdict'] = {
      output: [{ pattern: '^VULNERABLE$', is: 'failed' }],
      exitCodes: { '3': 'skipped' },
    };
    const fence = await openRun(ledger, 'v', ['11', '12', '13'], {
      deadline: '1h',
      output: 'none',
      verdict,
      retry: { failed: 1, after: 0 },
    });
    await accepted(ledger, 'v', fence);
    jobs = [{ id: '900', scriptId: '7', correlationUuid: 'uuid-v-1', createdAt: TERMS.serverAt, isTest: false }];
    rows = [row('11', 'EXECUTION PASSED'), { ...row('12', 'EXECUTION PASSED'), exitCode: 3 }, row('13', 'MANIFEST ASSIGNED')];
    await ledger.verdicts.setJob('v', 1, { jobId: '900', createdAt: TERMS.serverAt });
  });

  test('wait for it without lease or copy, with their slot for two minutes, and are read for those that have ended alone', async () => {
    expect(await look()).toBe(true);
    expect(await seen()).toMatchObject([
      { assetId: '11', outcome: 'running', copy: 'over', lease: null, heard: null },
      { assetId: '12', outcome: 'running', copy: 'over', lease: null, heard: null },
      { assetId: '13', outcome: 'running', copy: 'open', lease: 1 },
    ]);
    expect(await inFlight()).toBe(1);
    expect(searched).toEqual(['job.id:900 and (asset.id:11 or asset.id:12)']);
    failure = new QualysError('unavailable', 'HTTP 502');
    rows[2] = row('13', 'EXECUTION FAILED');
    await look();
    expect(await inFlight()).toBe(1);
    now += 120_000;
    await look();
    expect(await inFlight()).toBe(0);
    expect(await execution1()).toMatchObject({ state: 'accepted' });
  });

  test('are those of its rules when it comes, and nothing of it is stored that is not asked for', async () => {
    await look();
    now += 30_000;
    outputs = new Map([
      ['11', Buffer.from('a\r\nVULNERABLE\r\n', 'utf16le')],
      ['12', Buffer.from('fine')],
    ]);
    expect(await look()).toBe(false);
    expect(await seen()).toMatchObject([
      // Put back by what the output says: a further attempt waits.
      { assetId: '11', outcome: 'pending' },
      { assetId: '12', outcome: 'skipped', reason: 'not-applicable', rule: 'verdict.exitCodes.3', heard: 'none', output: 'none' },
      { assetId: '13', outcome: 'running' },
    ]);
    expect((await firstAttempts())[0]).toEqual({ assetId: '11', outcome: 'failed', rule: 'verdict.output[0]', heard: '0' });
    expect(await ledgerOf(ledger).count('outputs')).toBe(0);
    searched = [];
    await look();
    expect(searched).toEqual([]);
  });

  test('wait while it is empty as for one that has not come, as it may be the place of one that is still to come', async () => {
    outputs = new Map([
      ['11', Buffer.alloc(0)],
      ['12', Buffer.alloc(0)],
    ]);
    expect(await look()).toBe(true);
    now += 119_000;
    outputs.set('11', Buffer.from('VULNERABLE'));
    expect(await look()).toBe(true);
    expect((await firstAttempts())[0]).toEqual({ assetId: '11', outcome: 'failed', rule: 'verdict.output[0]', heard: '0' });
    expect((await seen())[1]).toMatchObject({ assetId: '12', outcome: 'running', heard: null });
    now += 1_000;
    expect(await look()).toBe(false);
    // It is its output by then: that is known, and denies nothing.
    expect((await seen())[1]).toMatchObject({
      assetId: '12',
      outcome: 'skipped',
      rule: 'verdict.exitCodes.3',
      heard: 'none',
      heardJob: '900',
    });
  });

  describe('of an asset that two jobs of the execution have hit', () => {
    const SECOND = { jobId: '901', correlationUuid: 'uuid-v-1' };
    const both = (first: Partial<AssetJobRow>, second: Partial<AssetJobRow>): AssetJobRow[] => [
      { ...row('11', 'EXECUTION PASSED'), exitCode: 0, correlationUuid: 'uuid-v-1', ...first },
      { ...row('11', 'EXECUTION PASSED'), exitCode: 0, ...SECOND, ...second },
    ];

    test('are not by what the first one has printed, once the second has ended', async () => {
      outputs = new Map([['900/11', Buffer.from('fine')]]);
      rows = [both({ endedAt: 5 }, {})[0] as AssetJobRow, row('13', 'MANIFEST ASSIGNED')];
      await look();
      expect((await seen())[0]).toMatchObject({ outcome: 'succeeded', heard: 'none', heardJob: '900' });
      rows = [...both({ endedAt: 5 }, { endedAt: 9 }), row('13', 'MANIFEST ASSIGNED')];
      expect(await look()).toBe(true);
      outputs.set('901/11', Buffer.from('VULNERABLE'));
      expect(await look()).toBe(false);
      expect((await firstAttempts())[0]).toEqual({ assetId: '11', outcome: 'failed', rule: 'verdict.output[0]', heard: '0' });
    });

    test('are no success where what the second has printed does not come', async () => {
      outputs = new Map([['900/11', Buffer.from('fine')]]);
      rows = [...both({ endedAt: 5 }, { endedAt: 9 }).slice(0, 1), row('13', 'MANIFEST ASSIGNED')];
      await look();
      rows = [...both({ endedAt: 5 }, { endedAt: 9 }), row('13', 'MANIFEST ASSIGNED')];
      await look();
      now += 120_000;
      await look();
      expect((await seen())[0]).toMatchObject({ outcome: 'unverified', reason: 'output-not-read', heard: 'absent', heardJob: '901' });
    });

    test.each([false, true])('are by the one that ended last, in whatever order they come (turned: %p)', async (isTurned) => {
      outputs = new Map([
        ['900/11', Buffer.from('VULNERABLE')],
        ['901/11', Buffer.from('fine')],
      ]);
      rows = both({ endedAt: 5 }, { endedAt: 9 });
      if (isTurned) rows.reverse();
      await look();
      await look();
      expect((await seen())[0]).toMatchObject({ outcome: 'succeeded', heard: 'none', heardJob: '901' });
    });

    test('go by what an older ledger has heard, which knew no job', async () => {
      outputs = new Map([['11', Buffer.from('fine')]]);
      await ledger.outputs.hear('v', [{ assetId: '11', attempt: 1, jobId: '900', heard: 0 }]);
      await find(ledger, { heardJob: null }, { runId: 'v', assetId: '11' });
      await ledger.outputs.hear('v', [{ assetId: '11', attempt: 1, jobId: '901', heard: 'none' }]);
      await look();
      expect((await firstAttempts())[0]).toMatchObject({ outcome: 'failed', heard: '0' });
    });
  });

  test('are no success without it after two minutes, and stay so when it comes later', async () => {
    await look();
    now += 119_000;
    expect(await look()).toBe(true);
    now += 1_000;
    expect(await look()).toBe(false);
    const lost = [
      { assetId: '11', outcome: 'unverified', reason: 'output-not-read', rule: 'default', heard: 'absent' },
      { assetId: '12', outcome: 'unverified', reason: 'output-not-read', rule: 'verdict.exitCodes.3', heard: 'absent' },
      { assetId: '13', outcome: 'running' },
    ];
    expect(await seen()).toMatchObject(lost);
    outputs = new Map([['11', Buffer.from('VULNERABLE')]]);
    await look();
    expect(await seen()).toMatchObject(lost);
  });

  test('wait for a gateway that cannot be asked, until the deadline and no longer', async () => {
    failure = new QualysError('unavailable', 'HTTP 502');
    await look();
    now += 50 * 60_000;
    expect(await look()).toBe(true);
    now += 11 * 60_000;
    expect(await look()).toBe(false);
    expect(await seen()).toMatchObject([
      { outcome: 'unverified', reason: 'output-not-read' },
      { outcome: 'unverified' },
      { outcome: 'unreachable' },
    ]);
    expect(await execution1()).toMatchObject({ state: 'settled' });
  });

  test.each([
    ['refuses it', () => Promise.reject(new QualysError('invalid', 'HTTP 400: unknown token asset.id'))],
    ['finds nothing by it', () => Promise.resolve()],
  ])('are asked for by job alone where the gateway does not know the asset, and %s', async (_, answer) => {
    rows[0] = { ...row('11', 'EXECUTION PASSED'), exitCode: 0 };
    outputs = new Map([['11', Buffer.from('fine')]]);
    const refusing = {
      ...qualys,
      async *searchAssetJobs(search: { filter?: string; includeOutput?: boolean }) {
        if (search.includeOutput && search.filter?.includes('asset.id')) await answer();
        else yield* searching(search);
      },
    };
    const run = await ledger.runs.get('v');
    if (!run) throw new Error('no run');
    await new MockActivityEnvironment().run(async () =>
      pollExecutions({ ledger, qualys: refusing }, { run, accepted: await ledger.executions.inState('v', ['accepted']) }),
    );
    expect(await seen()).toMatchObject([{ assetId: '11', outcome: 'succeeded', heard: 'none' }, { outcome: 'running' }, {}]);
    expect(searched).toEqual(['job.id:900']);
  });

  test('come to the same when the process ends between reading and deciding, though the output is gone when it goes on', async () => {
    outputs = new Map([
      ['11', Buffer.from('VULNERABLE')],
      ['12', Buffer.from('fine')],
    ]);
    const ends = jest.spyOn(ledger.verdicts, 'recordAll').mockRejectedValueOnce(new Error('killed'));
    await expect(look()).rejects.toThrow('killed');
    ends.mockRestore();
    expect(await seen()).toMatchObject([{ outcome: 'running', heard: '0' }, { outcome: 'running', heard: 'none' }, {}]);
    outputs.clear();
    const after = await ledgers.again(ledger.url);
    jest.spyOn(after.database, 'now').mockImplementation(async () => now);
    jest.spyOn(after.serverClock, 'reading').mockImplementation(async () => steadyReading(TERMS.serverAt));
    await look(after);
    expect(await firstAttempts()).toMatchObject([
      { assetId: '11', outcome: 'failed', rule: 'verdict.output[0]' },
      { assetId: '12', outcome: 'skipped', rule: 'verdict.exitCodes.3' },
      { assetId: '13', outcome: 'running', rule: null },
    ]);
  });

  test('of a run that is closed meanwhile go by what was heard, else no success; their copies are over', async () => {
    outputs = new Map([['11', Buffer.from('VULNERABLE')]]);
    jest.spyOn(ledger.verdicts, 'recordAll').mockRejectedValueOnce(new Error('killed'));
    await expect(look()).rejects.toThrow('killed');
    jest.restoreAllMocks();
    outputs.clear();
    await find(ledger, { status: 'EXECUTION PASSED', copy: 'over', lease: null }, { runId: 'v', assetId: '12' });
    await find(ledger, { status: 'EXECUTION PASSED', copy: 'over', lease: null }, { runId: 'v', assetId: '11' });
    await ledger.runs.beginClosing('v');
    await ledger.verdicts.closeOpen('v', 'cancelled');
    expect(await seen()).toMatchObject([
      { assetId: '11', outcome: 'failed', rule: 'verdict.output[0]', copy: 'over' },
      { assetId: '12', outcome: 'unverified', reason: 'output-not-read', copy: 'over' },
      { assetId: '13', outcome: 'unverified', reason: 'cancelled', copy: 'open' },
    ]);
  });

  test('closed before its code was told, a job that passed is no success where a code could deny it', async () => {
    const verdict: RemediationRequestInput['verdict'] = { exitCodes: { '1': 'failed' } };
    const fence = await openRun(ledger, 'early', ['31', '32'], { deadline: '1h', verdict });
    await accepted(ledger, 'early', fence);
    await find(ledger, { status: 'EXECUTION PASSED', copy: 'over', lease: null }, { runId: 'early', assetId: '31' });
    await find(ledger, { status: 'EXECUTION PASSED', exitCode: 0, copy: 'over', lease: null }, { runId: 'early', assetId: '32' });
    await ledger.runs.beginClosing('early');
    await ledger.verdicts.closeOpen('early', 'cancelled');
    expect(await ledgerOf(ledger).columns('attempts', ['assetId', 'outcome', 'reason'], { runId: 'early' })).toEqual([
      { assetId: '31', outcome: 'unverified', reason: 'verdict-unknown' },
      { assetId: '32', outcome: 'succeeded', reason: null },
    ]);
  });

  test('of a look that has missed what another one has heard are dropped, and the execution is not settled by them', async () => {
    rows[2] = row('13', 'EXECUTION FAILED');
    await look();
    now += 120_000;
    const late = ledger.verdicts.recordAll.bind(ledger.verdicts);
    jest.spyOn(ledger.verdicts, 'recordAll').mockImplementationOnce(async (...polls) => {
      await ledger.outputs.hear('v', [{ assetId: '11', attempt: 1, jobId: '900', heard: 0 }]);
      return late(...polls);
    });
    await look();
    expect(await seen()).toMatchObject([{ outcome: 'running', heard: '0' }, { outcome: 'running' }, { outcome: 'running' }]);
    expect(await execution1()).toMatchObject({ state: 'accepted' });
    await look();
    expect(await execution1()).toMatchObject({ state: 'settled' });
    expect(await firstAttempts()).toMatchObject([{ outcome: 'failed' }, { outcome: 'unverified' }, { outcome: 'failed' }]);
  });

  function execution1() {
    return ledger.executions.get('v', 1);
  }
});

import { beforeEach, describe, expect, test } from '@jest/globals';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { defaultDataConverter, defaultPayloadConverter, toPayloads } from '@temporalio/common';
import { lease, misstate, rewriteRun } from '../../test/support/ledger/damage.js';
import { ledgerOf } from '../../test/support/ledger/inspector.js';
import { accepted, close, giveScript, openRun, permitted, settableMachine, useLedgers } from '../../test/support/ledger/ledger.js';
import { age, find } from '../../test/support/ledger/scenario.js';
import type { RunReport } from '../domain/run/outcome.js';
import type { Ledger } from '../ledger/index.js';
import { sweep } from './sweep.js';

const ledgers = useLedgers();
let ledger: Ledger;
let fence: number;
beforeEach(async () => {
  ledger = await ledgers.open();
  fence = await openRun(ledger, 'r', ['a', 'b']);
  await rewriteRun(ledger, { namespaceId: 'ours' });
  await age(ledger, 3_600_000);
});

interface Temporal {
  /** Undefined: it does not know the workflow. */
  status?: string;
  namespaceId?: string;
  firstRunId?: string;
  result?: unknown;
  /** Results of activities in its history. */
  told?: readonly unknown[];
  closeTime?: Date;
}

function clientOf({ status, namespaceId = 'ours', firstRunId = 'first-r', result, told = [], closeTime = new Date(0) }: Temporal): Client {
  const handle = {
    async describe() {
      if (status === undefined) throw new WorkflowNotFoundError('not found', 'r', undefined);
      return { status: { name: status }, runId: 'last', closeTime, raw: { workflowExecutionInfo: { firstRunId } } };
    },
    result: async () => result,
    fetchHistory: async () => ({
      events: told.map((value) => ({
        activityTaskCompletedEventAttributes: { result: { payloads: toPayloads(defaultPayloadConverter, value) } },
      })),
    }),
  };
  return {
    options: { loadedDataConverter: defaultDataConverter },
    workflow: { getHandle: () => handle },
    workflowService: { describeNamespace: async () => ({ namespaceInfo: { id: namespaceId } }) },
  } as unknown as Client;
}

const swept = (temporal: Temporal, missingMs?: number, warn: (context: object) => void = () => undefined) =>
  sweep({
    ...{ ledger, client: clientOf(temporal), namespace: 'default', logger: { warn } },
    ...(missingMs === undefined ? {} : { times: { missingMs } }),
  });
const rows = async () =>
  (await ledger.reader.assets('r')).items.map(({ assetId, outcome, reason }) => [assetId, outcome, reason].join(' '));
const missingFor = (ms: number) => age(ledger, ms, { of: ['missingSince'] });

describe('the sweep', () => {
  test('closes a run whose workflow is missing for a quarter of an hour, not sooner', async () => {
    expect(await swept({})).toEqual([]);
    await missingFor(14 * 60_000);
    expect(await swept({})).toEqual([]);
    expect((await ledger.runs.get('r'))?.stop).toBeUndefined();
    await missingFor(60_000);
    expect(await swept({})).toEqual(['r']);
    expect(await rows()).toEqual(['a skipped interrupted', 'b skipped interrupted']);
  });

  test('starts counting again when the workflow was seen meanwhile', async () => {
    await swept({});
    await missingFor(14 * 60_000);
    expect(await swept({ status: 'RUNNING' })).toEqual([]);
    expect((await ledger.runs.get('r'))?.missingSince).toBeUndefined();
    await swept({});
    await missingFor(14 * 60_000);
    expect(await swept({})).toEqual([]);
  });

  test.each(['TERMINATED', 'TIMED_OUT'])('closes a run at once whose very workflow is %s, and no other run of that id', async (status) => {
    expect(await swept({ status, firstRunId: 'another' })).toEqual([]);
    expect(await swept({ status })).toEqual(['r']);
  });

  test.each([{}, { status: 'TERMINATED' }])(
    'leaves a run of another Temporal alone whose namespace has the same name, and says so: %j',
    async (temporal) => {
      const warned: object[] = [];
      expect(await swept({ ...temporal, namespaceId: 'theirs' }, 0, (context) => void warned.push(context))).toEqual([]);
      expect(warned).toEqual([{ runIds: ['r'] }]);
      expect(await swept(temporal, 0)).toEqual(['r']);
    },
  );

  test('closes the runs of a Temporal whose database was thrown away when no worker there has seen them for a day', async () => {
    expect(await swept({ namespaceId: 'new' })).toEqual([]);
    await missingFor(24 * 3_600_000 - 60_000);
    expect(await swept({ namespaceId: 'new' })).toEqual([]);
    await missingFor(60_000);
    expect(await swept({ namespaceId: 'new' })).toEqual(['r']);
    expect(await rows()).toEqual(['a skipped interrupted', 'b skipped interrupted']);
  });

  test('leaves a run to another Temporal as long as a worker there sees its workflow', async () => {
    await swept({ namespaceId: 'theirs' });
    await missingFor(24 * 3_600_000);
    await swept({ status: 'RUNNING' });
    expect(await swept({ namespaceId: 'theirs' })).toEqual([]);
    expect((await ledger.runs.get('r'))?.stop).toBeUndefined();
  });

  test('calls nothing skipped when the history of the workflow knows of more sends than the ledger', async () => {
    const issued = { claimed: 1, permits: 1 };
    expect(
      await swept({ status: 'TERMINATED', told: [{ queue: 'q' }, { snapshot: issued }, { snapshot: { claimed: 0, permits: 0 } }] }),
    ).toEqual(['r']);
    expect(await rows()).toEqual(['a unverified ledger-restored', 'b unverified ledger-restored']);
  });

  test('calls what was never sent skipped when the ledger knows as much as the history', async () => {
    await permitted(ledger, 'r', fence);
    await find(ledger, { executionNo: null, lease: null }, { assetId: 'b' });
    expect(await swept({ status: 'TERMINATED', told: [{ snapshot: { claimed: 1, permits: 1 } }] })).toEqual(['r']);
    expect(await rows()).toEqual(['a unverified interrupted', 'b skipped interrupted']);
  });

  test('takes the report of a workflow that completed, over what a restored ledger knows', async () => {
    await accepted(ledger, 'r', fence);
    const report = { runId: 'r', status: 'succeeded', counts: { targeted: 2, succeeded: 2 } } as unknown as RunReport;
    expect(await swept({ status: 'COMPLETED', result: report })).toEqual(['r']);
    expect((await ledger.runs.get('r'))?.report).toEqual(report);
  });
});

describe('the sweep of a machine whose clock is set', () => {
  const MINUTE = 60_000;
  const START = 1_700_000_000_000;
  let machine: ReturnType<typeof settableMachine>;
  beforeEach(async () => {
    machine = settableMachine(START);
    ledger = await ledgers.open({ clocks: machine.clocks });
    await openRun(ledger, 'r', ['a']);
    await rewriteRun(ledger, { namespaceId: 'ours' });
  });
  const pass = (ms: number) => {
    machine.realMs += ms;
  };
  const stop = async () => (await ledger.runs.get('r'))?.stop;

  test('ten minutes forward leaves a run alone that has just begun', async () => {
    pass(30_000);
    machine.setMs = 10 * MINUTE;
    expect(await swept({ status: 'TERMINATED' })).toEqual([]);
    expect(await stop()).toBeUndefined();
    pass(31_000);
    expect(await swept({ status: 'TERMINATED' })).toEqual(['r']);
  });

  test.each([10, -10, 30, -30])(
    'by %i minutes: a workflow that is missing is so for a quarter of an hour of real time',
    async (minutes) => {
      pass(2 * MINUTE);
      expect(await swept({})).toEqual([]);
      pass(5 * MINUTE);
      machine.setMs = minutes * MINUTE;
      expect(await swept({})).toEqual([]);
      pass(9 * MINUTE);
      expect(await swept({})).toEqual([]);
      expect(await stop()).toBeUndefined();
      // Set back, the clock of the ledger is up to a tenth slower.
      pass(3 * MINUTE);
      expect(await swept({})).toEqual(['r']);
    },
  );

  test('a day forward closes no run of another Temporal, and that which is seen lives', async () => {
    pass(2 * MINUTE);
    expect(await swept({ namespaceId: 'theirs' })).toEqual([]);
    machine.setMs = 25 * 60 * MINUTE;
    pass(MINUTE);
    expect(await swept({ namespaceId: 'theirs' })).toEqual([]);
    expect(await swept({ status: 'RUNNING' })).toEqual([]);
    expect(await stop()).toBeUndefined();
  });

  test.each([
    ['this machine ten minutes ahead', 10, 0],
    ['this machine ten minutes behind', -10, 0],
    ['Temporal’s ten minutes ahead', 0, 10],
    ['both ten minutes ahead', 10, 10],
    ['both ten minutes behind', -10, -10],
  ])('%s: a workflow that ended by itself gets its minute', async (_, ours, theirs) => {
    pass(2 * MINUTE);
    machine.setMs = ours * MINUTE;
    const ended = { status: 'FAILED', closeTime: new Date(START + machine.realMs + theirs * MINUTE) };
    expect(await swept(ended)).toEqual([]);
    pass(50_000);
    expect(await swept(ended)).toEqual([]);
    pass(12 * MINUTE);
    expect(await swept(ended)).toEqual(['r']);
  });
});

test('the sweep frees what a finished run still holds, says so, and lets others come to it', async () => {
  await accepted(ledger, 'r', fence);
  await close(ledger, 'r');
  await lease(ledger);
  const said: object[] = [];
  expect(await swept({ status: 'COMPLETED' }, undefined, (context) => said.push(context))).toEqual([]);
  expect(said).toEqual([{ runIds: ['r'] }]);
  expect(await ledgerOf(ledger).leased()).toEqual([]);
  await openRun(ledger, 'other', ['a', 'b']);
  await giveScript(ledger, 'other', '8');
  expect((await ledger.executions.claim('other', 1))?.size).toBe(2);
  await swept({ status: 'COMPLETED' }, undefined, (context) => said.push(context));
  expect(said).toHaveLength(1);
});

test('the sweep asks about what a closed run has left with agents, and goes on where nobody can be asked', async () => {
  await accepted(ledger, 's', await openRun(ledger, 's', ['1', '2']));
  await ledger.verdicts.closeOpen('s', 'cancelled');
  await close(ledger, 's');
  const searchAssetJobs = async function* () {
    yield {
      rows: [{ id: '1', jobId: '2', assetId: '1', correlationUuid: 'uuid-s-1', status: 'EXECUTION PASSED', createdAt: 1 }],
      bytes: 0,
    };
  };
  const client = clientOf({ status: 'TERMINATED' });
  const said: object[] = [];
  const using = { ledger, client, namespace: 'default', logger: { warn: (context: object) => said.push(context) } };
  const broken = async function* () {
    yield await Promise.reject(new Error('no such table'));
  };
  expect(await sweep({ ...using, qualys: { searchAssetJobs: broken } as never })).toEqual(['r']);
  expect(said).toContainEqual({ err: expect.objectContaining({ message: 'no such table' }) });
  await misstate(ledger, { copiesAskAt: 1, copiesAskedAt: null });
  await sweep({ ...using, qualys: { searchAssetJobs } as never });
  expect((await ledger.reader.assets('s')).items.map(({ assetId, outcome, late }) => [assetId, outcome, late])).toEqual([
    ['1', 'unverified', 'succeeded'],
    ['2', 'unverified', undefined],
  ]);
});

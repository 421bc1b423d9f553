import { beforeEach, expect, test } from '@jest/globals';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { defaultDataConverter, defaultPayloadConverter, toPayloads } from '@temporalio/common';
import { accepted, assetIds, close, openRun, useLedgers } from '../../test/support/ledger/ledger.js';
import type { Ledger } from '../ledger/index.js';
import { activityQueue } from '../temporal/activity-queue.js';
import { compareWithTemporal } from './compare-ledger.js';

const ledgers = useLedgers();
let ledger: Ledger;

beforeEach(async () => {
  ledger = await ledgers.open();
});

interface Seen {
  status?: string;
  firstRunId?: string;
  /** Details of the heartbeat of an activity under way. */
  beat?: unknown;
  /** What an activity of this ledger, or of the named queue, was given. */
  issued?: unknown;
  queue?: string;
  /** No activity has ended. */
  isNew?: boolean;
}

const payloads = (value: unknown) => ({ payloads: toPayloads(defaultPayloadConverter, value) });
const UNREADABLE = { payloads: [{ metadata: { encoding: Buffer.from('binary/unknown') }, data: Buffer.from('x') }] };
const LOST = Symbol('its key is lost');
const encoded = (value: unknown) => (value === LOST ? UNREADABLE : payloads(value));

/** Temporal with these workflows; `listed`: of them, those that its list has. */
function temporal(workflows: Record<string, Seen>, listed: readonly string[] = Object.keys(workflows)): Client {
  const handleOf = (id: string) => {
    const {
      status = 'RUNNING',
      firstRunId = `first-${id}`,
      beat,
      issued,
      queue = activityQueue('q', ledger.id),
      isNew,
    } = workflows[id] ?? {};
    return {
      async describe() {
        if (!workflows[id]) throw new WorkflowNotFoundError('not found', id, undefined);
        const pendingActivities = beat === undefined ? [] : [{ heartbeatDetails: encoded(beat) }];
        return { status: { name: status }, runId: 'last', raw: { workflowExecutionInfo: { firstRunId }, pendingActivities } };
      },
      fetchHistory: async () => ({
        events: [
          {
            eventId: 5,
            activityTaskScheduledEventAttributes: { taskQueue: { name: queue }, input: encoded(issued === LOST ? LOST : { issued }) },
          },
          ...(isNew ? [] : [{ eventId: 7, activityTaskCompletedEventAttributes: { scheduledEventId: 5, result: payloads({}) } }]),
        ],
      }),
    };
  };
  return {
    options: { loadedDataConverter: defaultDataConverter, namespace: 'default' },
    withDeadline: <T>(_at: number, ask: () => Promise<T>) => ask(),
    workflow: {
      getHandle: handleOf,
      async *list() {
        for (const id of listed) yield { workflowId: id, runId: 'last', status: { name: workflows[id]?.status ?? 'RUNNING' } };
      },
    },
  } as unknown as Client;
}

async function heldAfter(client: Client): Promise<string | undefined> {
  await compareWithTemporal({ ledger, client, taskQueue: 'q' });
  return ledger.staleness.held();
}

const MORE = { claimed: 2, permits: 2 };

test('a ledger that has what Temporal knows is not held', async () => {
  const fence = await openRun(ledger, 'r', assetIds(30));
  await accepted(ledger, 'r', fence);
  const issued = await ledger.runs.issued('r');
  expect(await heldAfter(temporal({ r: { issued, beat: issued } }))).toBeUndefined();
});

test.each<[string, Seen]>([
  ['the history of a run says more', { issued: MORE }],
  ['a heartbeat of a run says more', { beat: MORE }],
  ['a run that was terminated was given more', { status: 'TERMINATED', issued: MORE }],
  ['a run has ended with a report that it lacks', { status: 'COMPLETED' }],
  ['a run that has ended cannot be read', { status: 'TERMINATED', issued: LOST }],
])('it is held when %s, also where Temporal does not list it', async (_, seen) => {
  await openRun(ledger, 'r', assetIds(30));
  expect(await heldAfter(temporal({ r: seen }, []))).toContain(' r');
});

test.each<[string, Seen]>([
  ['is going', {}],
  ['has ended', { status: 'FAILED' }],
])('it is held when a run of this ledger %s that it does not know', async (_, seen) => {
  expect(await heldAfter(temporal({ gone: seen }))).toContain('it does not know gone');
});

test.each<[string, Seen]>([
  ['of another ledger', { queue: activityQueue('q', 'another-ledger') }],
  ['of another ledger, which cannot be read', { queue: activityQueue('q', 'another-ledger'), status: 'COMPLETED', issued: LOST }],
  ['that is not open in any ledger yet', { isNew: true }],
])('it is not held for a run that it does not know %s', async (_, seen) => {
  expect(await heldAfter(temporal({ gone: seen }))).toBeUndefined();
});

test('it is not held for a run that it has ended itself, nor for another one of the same id', async () => {
  await openRun(ledger, 'over', assetIds(2));
  await close(ledger, 'over');
  await openRun(ledger, 'r', assetIds(2));
  const client = temporal({ over: { status: 'COMPLETED', issued: MORE }, r: { firstRunId: 'another', issued: MORE } });
  expect(await heldAfter(client)).toBeUndefined();
});

test('while Temporal does not answer, or a run that is going cannot be read, no worker begins', async () => {
  await openRun(ledger, 'r', assetIds(2));
  await expect(heldAfter(temporal({ r: { beat: LOST } }))).rejects.toThrow('Cannot read what was sent by r');
  const away = temporal({});
  away.workflow.list = () => {
    throw new Error('UNAVAILABLE');
  };
  await expect(heldAfter(away)).rejects.toThrow('UNAVAILABLE');
  expect(await ledger.staleness.held()).toBeUndefined();
});

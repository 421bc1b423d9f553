import { expect, test } from '@jest/globals';
import { ActivityCancelledError, ActivityNotFoundError, ActivityPausedError, ActivityResetError, type Client } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Issued } from '../domain/run/snapshot.js';
import { type Reported, reportingToTemporal } from './report-permit.js';

const FIRST = { claimed: 2, permits: 3, orders: 1 };
const SECOND = { claimed: 2, permits: 4, orders: 1 };

/** What the SDK was told, and Temporal, in this order; `answers` are Temporal's, one after the other. */
async function attempt<T>(
  answers: (() => Promise<void>)[],
  work: (report: (issued: Issued, limitMs: number) => Promise<Reported>) => Promise<T>,
) {
  const env = new MockActivityEnvironment();
  const heard: unknown[] = [];
  env.on('heartbeat', (details) => heard.push(['sdk', details]));
  const client = {
    withDeadline: (_at: number, call: () => Promise<void>) => call(),
    activity: {
      async heartbeat(_token: Uint8Array, details: unknown) {
        heard.push(['temporal', details]);
        await answers.shift()?.();
      },
    },
  } as unknown as Client;
  const result = (await env.run(() => work(reportingToTemporal(client)))) as T;
  return { result, heard };
}

test('the SDK is told first, so that what it sends late is no older', async () => {
  const { result, heard } = await attempt([], (report) => report(FIRST, 5_000));
  expect(result).toEqual({ kind: 'reported' });
  expect(heard).toEqual([
    ['sdk', FIRST],
    ['temporal', FIRST],
  ]);
});

test.each([
  ['ActivityNotFoundError', new ActivityNotFoundError('x'), 'gone'],
  ['ActivityCancelledError', new ActivityCancelledError('x'), 'gone'],
  ['ActivityPausedError', new ActivityPausedError('x'), 'held'],
  ['ActivityResetError', new ActivityResetError('x'), 'held'],
  ['no answer', new Error('no route'), 'unreachable'],
])('after %s the attempt is told, gone, held, or does not reach Temporal', async (_name, error, kind) => {
  expect((await attempt([() => Promise.reject(error)], (report) => report(FIRST, 5_000))).result).toMatchObject({ kind });
});

test('what is not acknowledged in time is not told, and nothing newer is until it has ended', async () => {
  let end: () => void = () => undefined;
  const slow = new Promise<void>((resolve) => {
    end = resolve;
  });
  const { result, heard } = await attempt([() => slow], async (report) => {
    const [first, second] = [await report(FIRST, 20), await report(SECOND, 20)];
    end();
    return [first, second, await report(SECOND, 5_000)];
  });
  expect(result.map(({ kind }) => kind)).toEqual(['unreachable', 'unreachable', 'reported']);
  expect(heard.filter((line) => (line as string[])[0] === 'temporal')).toEqual([
    ['temporal', FIRST],
    ['temporal', SECOND],
    ['temporal', SECOND],
  ]);
});

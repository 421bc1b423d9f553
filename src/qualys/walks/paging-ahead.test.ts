import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { all, type ClientHarness, clientHarness } from '../../../test/support/gateway/client-harness.js';
import { refusal } from '../../../test/support/gateway/scripted.js';

const row = (n: number) => ({ sortValues: [n, String(n)], data: { id: String(n), scriptId: 7, correlationUuid: `u${n}` } });
const listed = (rows: unknown[], totalCount: number) => ({ body: { body: { totalCount, list: rows } } });
const never = () => ({ hold: new Promise<void>(() => undefined) });

let it: ClientHarness;
beforeEach(async () => {
  it = await clientHarness();
});
afterEach(() => it.close());

const cursors = () => it.gateway.calls().map(({ json }) => (json as { searchAfter?: unknown }).searchAfter);
const untilCalls = async (count: number) => {
  while (it.gateway.calls().length < count) await new Promise((resolve) => setImmediate(resolve));
};

describe('a walk that asks ahead', () => {
  test('asks for the next page before it gives this one away, and makes no call more than a walk that does not', async () => {
    const answers = [listed([row(1), row(2)], 5), listed([row(3), row(4)], 5), listed([row(5)], 5)];
    it.gateway.reply(...answers);
    const pages = it.qualys.searchJobs({ pageSize: 2, readAhead: true })[Symbol.asyncIterator]();
    const first = await pages.next();
    await untilCalls(2);
    expect(cursors()).toEqual([undefined, [2, '2']]);
    const rest = await all({ [Symbol.asyncIterator]: () => pages });
    expect([...(first.done ? [] : first.value.rows), ...rest].map(({ id }) => id)).toEqual(['1', '2', '3', '4', '5']);
    it.gateway.reply(...answers);
    await all(it.qualys.searchJobs({ pageSize: 2 }));
    expect(cursors()).toEqual([undefined, [2, '2'], [4, '4'], undefined, [2, '2'], [4, '4']]);
  });

  test('asks for nothing ahead unless it is told to, nor where the next page is sized by this one', async () => {
    it.gateway.reply(listed([row(1), row(2)], 5), listed([row(1), row(2)], 5));
    for (const options of [{ pageSize: 2 }, { pageSize: () => 2, readAhead: true }]) {
      for await (const page of it.qualys.searchJobs(options)) {
        expect(page.rows).toHaveLength(2);
        break;
      }
    }
    await it.qualys.countSchedules({}).catch(() => undefined);
    expect(cursors().slice(0, 2)).toEqual([undefined, undefined]);
    expect(it.gateway.calls('/sm/v2/jobs/search')).toHaveLength(2);
  });

  test('left early, it ends the call that it made ahead, gives its place back and leaves no error behind', async () => {
    it.gateway.reply(listed([row(1), row(2)], 5), never());
    for await (const page of it.qualys.searchJobs({ pageSize: 2, readAhead: true })) {
      expect(page.rows).toHaveLength(2);
      await untilCalls(2);
      break;
    }
    expect(it.gate.log).toEqual(['enter jobs/search', 'leave', 'enter jobs/search', 'leave']);
  });

  test('an error of the call ahead waits until the page before was processed', async () => {
    it.gateway.reply(listed([row(1), row(2)], 5), refusal(403));
    const pages = it.qualys.searchJobs({ pageSize: 2, readAhead: true })[Symbol.asyncIterator]();
    expect((await pages.next()).value).toMatchObject({ rows: [{ id: '1' }, { id: '2' }], cursor: [2, '2'] });
    await untilCalls(2);
    while (it.gate.log.length < 4) await new Promise((resolve) => setImmediate(resolve));
    await expect(pages.next()).rejects.toMatchObject({ kind: 'permission' });
  });

  test("the caller's abort ends it with the caller's reason", async () => {
    it.gateway.reply(listed([row(1), row(2)], 5), never());
    const stop = new AbortController();
    const pages = it.qualys.searchJobs({ pageSize: 2, readAhead: true, signal: stop.signal })[Symbol.asyncIterator]();
    await pages.next();
    await untilCalls(2);
    const why = new Error('the worker shuts down');
    stop.abort(why);
    await expect(pages.next()).rejects.toBe(why);
  });
});

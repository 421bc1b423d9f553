import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ClientHarness, clientHarness } from '../../../test/support/gateway/client-harness.js';
import { sampleText } from '../../../test/support/gateway/sample-asks.js';
import { PAGE, refusal, type ScriptedAnswer } from '../../../test/support/gateway/scripted.js';
import type { ScheduleRequest } from '../types.js';

const CREATED = { status: 201, body: sampleText('scheduler-created') };
const ONCE: ScheduleRequest = {
  title: 'overhaul run-1',
  description: 'unresolved assets of run-1',
  scripts: [{ id: '72648', title: 'Patch' }],
  assets: [{ UUId: '2a44cadf-beea-4ef7-9c5e-05639851018f', id: '21094690' }],
  scheduleType: 'ONE_TIME',
  startDate: '2026-05-11',
  startTime: '07:25:00',
  endDate: '2026-05-11',
  user: { id: 'u-1', name: 'api-user' },
  runId: 'run-1',
};

let it: ClientHarness;
beforeEach(async () => {
  it = await clientHarness();
});
afterEach(() => it.close());

describe('createSchedule', () => {
  test('sends the documented body and takes the id', async () => {
    it.gateway.reply(CREATED);
    expect(await it.qualys.createSchedule(ONCE)).toEqual({ kind: 'created', id: 'd1a22786-2ddb-4942-8dda-6a03034162f0' });
    expect(it.gateway.calls()[0]).toMatchObject({ method: 'POST', url: '/sm/v1/scripts/scheduler' });
    expect(it.gateway.calls()[0]?.json).toEqual({
      activate: true,
      title: 'overhaul run-1',
      description: 'unresolved assets of run-1',
      scripts: [{ id: '72648', title: 'Patch' }],
      assets: [{ UUId: '2a44cadf-beea-4ef7-9c5e-05639851018f', id: 21094690 }],
      assetTags: [],
      excludedAssets: [],
      user: { id: 'u-1', name: 'api-user' },
      scheduleType: 'ONE_TIME',
      startDate: '2026-05-11',
      startTime: '07:25:00',
      endDate: '2026-05-11',
    });
  });

  test('a monthly one names its kind of month', async () => {
    it.gateway.reply(CREATED);
    await it.qualys.createSchedule({ ...ONCE, scheduleType: 'MONTHLY', recurrenceDate: 7, recurrenceMonth: 1 });
    expect(it.gateway.calls()[0]?.json).toMatchObject({
      recurrenceDate: 7,
      recurrenceMonth: 1,
      monthlyScheduleType: 'MONTHLY_DATE_OF_MONTH_JOB',
    });
  });

  test.each<[string, ScriptedAnswer, object]>([
    ['409 with the documented sentence', refusal(409, 'Scheduler with the same title already exists: overhaul run-1'), { kind: 'exists' }],
    ['409 that names no title', refusal(409), { kind: 'exists' }],
    ['409 without a word', { status: 409 }, { kind: 'unknown' }],
    ...[400, 401, 403, 404, 405, 409, 413, 415, 422, 429].map((status): [string, ScriptedAnswer, object] => [
      `${status} in a page`,
      { status, body: PAGE },
      { kind: 'unknown' },
    ]),
    ['429 with Retry-After alone', { status: 429, headers: { 'retry-after': '9' } }, { kind: 'unknown' }],
    ['409 for a limit', { status: 409, headers: { 'x-ratelimit-towait-sec': '9' } }, { kind: 'refused', waitMs: 9_000 }],
    ['429', { status: 429, headers: { 'x-ratelimit-towait-sec': '240' } }, { kind: 'refused', waitMs: 240_000 }],
    [
      '400',
      refusal(400, 'the given trigger will never fire'),
      { kind: 'rejected', status: 400, message: 'HTTP 400, error code 400: the given trigger will never fire' },
    ],
    ['403', refusal(403), { kind: 'rejected', status: 403 }],
    ['404', refusal(404), { kind: 'rejected', status: 404 }],
    ['500', { status: 500 }, { kind: 'unknown' }],
    ['a reset', { reset: 'before-answer' as const }, { kind: 'unknown' }],
    ['201 without an id', { status: 201, body: { errorCode: '0', body: {} } }, { kind: 'unknown' }],
    ['201 that is garbled', { status: 201, body: '{"body":{"id":"d1' }, { kind: 'unknown' }],
    ['200 with an error code', { status: 200, body: { errorCode: '77', body: { id: 'x' } } }, { kind: 'unknown' }],
  ])('%s', async (_, answer, expected) => {
    it.gateway.reply(answer, CREATED);
    expect(await it.qualys.createSchedule(ONCE)).toMatchObject(expected);
    expect(it.gateway.calls()).toHaveLength(1);
  });

  test('a 401 is replayed once', async () => {
    it.gateway.reply(refusal(401), CREATED);
    expect(await it.qualys.createSchedule(ONCE)).toMatchObject({ kind: 'created' });
    it.gateway.reply(refusal(401), refusal(401), CREATED);
    expect(await it.qualys.createSchedule(ONCE)).toMatchObject({ kind: 'refused' });
    expect(it.gateway.calls()).toHaveLength(4);
  });

  test('a gate wait, a failing gate and bad credentials are told apart, with nothing sent', async () => {
    it.gate.answers.push({ kind: 'wait', waitMs: 700, why: 'the window is full' });
    expect(await it.qualys.createSchedule(ONCE)).toEqual({ kind: 'refused', waitMs: 700, message: 'the window is full' });
    it.gate.enter = () => Promise.reject(new Error('database is locked'));
    expect(await it.qualys.createSchedule(ONCE)).toMatchObject({ kind: 'refused', waitMs: 1_000 });
    const other = await clientHarness();
    other.gateway.replyAuth(refusal(401));
    expect(await other.qualys.createSchedule(ONCE)).toMatchObject({ kind: 'rejected', status: 401 });
    await other.close();
    expect(it.gateway.calls()).toEqual([]);
  });
});

import { describe, expect, test } from '@jest/globals';
import {
  type AnswerFacts,
  classifyAnswer,
  type EndpointKind,
  hasLimitEvidence,
  isSuccessCode,
  type LimitSignals,
  limitWaitMs,
  type Words,
} from './answer.js';

const facts = (kind: EndpointKind, status: number, change: Partial<AnswerFacts> = {}): AnswerFacts => ({
  kind,
  status,
  limits: {},
  words: 'api',
  asksToWait: false,
  complete: false,
  ...change,
});
const ORDINARY_HEADERS: LimitSignals = {
  limit: 300,
  windowSec: 3600,
  remaining: 4,
  toWaitSec: 0,
  concurrencyLimit: 2,
  concurrencyRunning: 1,
};
const TO_WAIT: LimitSignals = { toWaitSec: 240 };
const EMPTY_WINDOW: LimitSignals = { limit: 300, remaining: 0 };
const BUSY: LimitSignals = { concurrencyLimit: 2, concurrencyRunning: 2 };

describe('classifyAnswer', () => {
  test.each<[string, AnswerFacts, object]>([
    ['a complete 200', facts('read', 200, { complete: true }), { kind: 'ok' }],
    ['a complete 201 with errorCode "0"', facts('schedule', 201, { complete: true, errorCode: '0' }), { kind: 'ok' }],
    ['limit headers on a good answer', facts('read', 200, { complete: true, limits: EMPTY_WINDOW }), { kind: 'ok' }],
    ['200 with an error code on a read', facts('read', 200, { complete: true, errorCode: '1001' }), { kind: 'protocol' }],
    ['200 that calls itself a 503', facts('read', 200, { complete: true, errorCode: '503' }), { kind: 'transient' }],
    ['a garbled 200 on a read', facts('read', 200), { kind: 'transient' }],
    ['a garbled 200 on execute', facts('execute', 200), { kind: 'unknown' }],
    ['200 with an error code on execute', facts('execute', 200, { complete: true, errorCode: '1001' }), { kind: 'unknown' }],
    ['200 with an error code on scheduler', facts('schedule', 200, { complete: true, errorCode: '1001' }), { kind: 'unknown' }],
    ['401 on a read', facts('read', 401), { kind: 'token' }],
    ['401 on execute', facts('execute', 401), { kind: 'token' }],
    ['401 on /auth', facts('auth', 401), { kind: 'authentication' }],
    [
      '200 on /auth that holds an exception',
      facts('auth', 200, { message: 'authentication_exceptions [["…"]]' }),
      { kind: 'authentication' },
    ],
    ['200 on /auth without a token', facts('auth', 200), { kind: 'protocol' }],
    ['503 on /auth', facts('auth', 503), { kind: 'transient' }],
    ['403', facts('execute', 403), { kind: 'permission' }],
    ['400', facts('execute', 400), { kind: 'invalid' }],
    ['404', facts('execute', 404), { kind: 'not-found' }],
    ['409 on scheduler', facts('schedule', 409), { kind: 'duplicate' }],
    ['409 on import', facts('import', 409, { limits: ORDINARY_HEADERS }), { kind: 'duplicate' }],
    [
      '409 on scheduler that names the title, in an empty window',
      facts('schedule', 409, { limits: EMPTY_WINDOW, message: 'Scheduler with the same title already exists: x' }),
      { kind: 'duplicate' },
    ],
    ['409 on scheduler for a limit', facts('schedule', 409, { limits: TO_WAIT }), { kind: 'limit', waitMs: 240_000 }],
    ['409 on a read for a limit', facts('read', 409, { limits: BUSY }), { kind: 'limit', waitMs: 10_000 }],
    ['401 to everything, /auth included', facts('auth', 401, { words: 'gateway', message: 'Not authenticated' }), { kind: 'transient' }],
    [
      '401 on /auth that names the password',
      facts('auth', 401, { words: 'gateway', message: 'Wrong password' }),
      { kind: 'authentication' },
    ],
    ['a page with 409 on a read', facts('read', 409, { words: 'foreign' }), { kind: 'transient' }],
    ['409 on a read without evidence', facts('read', 409, { limits: ORDINARY_HEADERS }), { kind: 'invalid' }],
    ['409 on a read without any header', facts('read', 409), { kind: 'limit', waitMs: 60_000 }],
    [
      '409 on a read by the code of the window',
      facts('read', 409, { limits: ORDINARY_HEADERS, errorCode: '1965' }),
      { kind: 'limit', waitMs: 60_000 },
    ],
    ['409 on execute without any header', facts('execute', 409), { kind: 'unknown' }],
    ['409 on execute for a limit', facts('execute', 409, { limits: EMPTY_WINDOW }), { kind: 'limit', waitMs: 60_000 }],
    ['409 on execute without evidence', facts('execute', 409, { limits: ORDINARY_HEADERS }), { kind: 'unknown' }],
    ['429 on import without evidence', facts('import', 429, { limits: ORDINARY_HEADERS }), { kind: 'quota' }],
    ['429 on clone without evidence', facts('clone', 429), { kind: 'quota' }],
    ['429 on clone with evidence', facts('clone', 429, { limits: TO_WAIT }), { kind: 'limit', waitMs: 240_000 }],
    ['429 on execute without evidence', facts('execute', 429, { limits: ORDINARY_HEADERS }), { kind: 'unexplained' }],
    ['429 on execute with ToWait', facts('execute', 429, { limits: TO_WAIT }), { kind: 'limit', waitMs: 240_000 }],
    ['429 on execute with Remaining 0', facts('execute', 429, { limits: EMPTY_WINDOW }), { kind: 'limit', waitMs: 60_000 }],
    ['429 on a read without any header', facts('read', 429), { kind: 'limit', waitMs: 60_000 }],
    ['500 on a read', facts('read', 500), { kind: 'transient' }],
    ['503 on a read with Retry-After', facts('read', 503, { limits: { toWaitSec: 12 } }), { kind: 'transient', waitMs: 12_000 }],
    ['408 on a read', facts('read', 408), { kind: 'transient' }],
    ['500 on execute', facts('execute', 500), { kind: 'unknown' }],
    ['504 on scheduler', facts('schedule', 504), { kind: 'unknown' }],
    ['302 on execute', facts('execute', 302), { kind: 'unknown' }],
    ['302 on a read, as of a portal in between', facts('read', 302, { words: 'none' }), { kind: 'transient' }],
    ['302 on /auth', facts('auth', 302, { words: 'none' }), { kind: 'protocol' }],
    ['410 on execute', facts('execute', 410), { kind: 'unknown' }],
    ['410 on a read', facts('read', 410), { kind: 'invalid' }],
  ])('%s', (_, given, verdict) => {
    expect(classifyAnswer(given)).toEqual(verdict);
  });

  test.each([400, 405, 413, 415, 422])('HTTP %i on execute is documented as not executed', (status) => {
    expect(classifyAnswer(facts('execute', status))).toEqual({ kind: 'invalid' });
  });

  test('only values are evidence of a limit, never the presence of headers', () => {
    expect(hasLimitEvidence({})).toBe(false);
    expect(hasLimitEvidence(ORDINARY_HEADERS)).toBe(false);
    expect(hasLimitEvidence({ concurrencyLimit: 0, concurrencyRunning: 0 })).toBe(false);
    expect([TO_WAIT, EMPTY_WINDOW, BUSY].map(hasLimitEvidence)).toEqual([true, true, true]);
  });

  test('a wait is never shorter than told', () => {
    expect(limitWaitMs({ toWaitSec: 2810, concurrencyLimit: 2, concurrencyRunning: 2 })).toBe(2_810_000);
    expect(limitWaitMs({ toWaitSec: 0.0004 })).toBe(1);
  });

  test('error codes of success are absent, empty or zero', () => {
    expect([undefined, '', ' 0 ', '0', '00'].map(isSuccessCode)).toEqual([true, true, true, true, true]);
    expect(['1', 'null', 'E100'].map(isSuccessCode)).toEqual([false, false, false]);
  });
});

describe('a refusal that may be of something in between', () => {
  const EFFECTS: EndpointKind[] = ['execute', 'schedule', 'import', 'clone'];
  const REFUSALS = [400, 401, 403, 404, 405, 409, 413, 415, 422, 429];
  const each = (kinds: EndpointKind[], words: Words[]) =>
    kinds.flatMap((kind) => REFUSALS.flatMap((status) => words.map((whose) => ({ kind, status, words: whose }))));

  test.each(each(EFFECTS, ['foreign', 'none']))('$status on $kind in $words words is a lost answer', ({ kind, status, words }) => {
    expect(classifyAnswer(facts(kind, status, { words }))).toEqual({ kind: 'unknown' });
  });

  test.each(each(EFFECTS, ['api', 'gateway']).filter(({ status }) => status !== 409))(
    '$status on $kind in $words words is a refusal',
    ({ kind, status, words }) => {
      expect(classifyAnswer(facts(kind, status, { words, message: 'no' })).kind).not.toBe('unknown');
    },
  );

  test.each(each(['read'], ['foreign', 'none']).filter(({ status }) => ![401, 409, 429].includes(status)))(
    '$status on a read in $words words passes by itself',
    ({ kind, status, words }) => {
      expect(classifyAnswer(facts(kind, status, { words }))).toEqual({ kind: 'transient' });
    },
  );

  test.each(each(['auth'], ['foreign', 'none']).filter(({ status }) => status !== 409 && status !== 429))(
    '$status on /auth in $words words refuses no credentials',
    ({ kind, status, words }) => {
      expect(classifyAnswer(facts(kind, status, { words }))).toEqual({ kind: 'transient' });
    },
  );

  test.each<[string, Partial<AnswerFacts>, number, object]>([
    ['a wait told by a header of its own', { limits: TO_WAIT, asksToWait: true }, 429, { kind: 'limit', waitMs: 240_000 }],
    ['the same under 409', { limits: TO_WAIT, asksToWait: true }, 409, { kind: 'limit', waitMs: 240_000 }],
    ['an empty window without any body', { limits: EMPTY_WINDOW, words: 'none' }, 429, { kind: 'limit', waitMs: 60_000 }],
    ['full places without any body', { limits: BUSY, words: 'none' }, 409, { kind: 'limit', waitMs: 10_000 }],
    ['an empty window under a page, as an accepted answer may have left it', { limits: EMPTY_WINDOW }, 429, { kind: 'unknown' }],
    ['full places under a page', { limits: BUSY }, 409, { kind: 'unknown' }],
    ['Retry-After, which is anybody’s', { limits: { toWaitSec: 9 } }, 429, { kind: 'unknown' }],
    ['a wait told under a status that no limit has', { limits: TO_WAIT, asksToWait: true }, 403, { kind: 'unknown' }],
  ])('by the headers: %s', (_, change, status, verdict) => {
    for (const kind of ['execute', 'schedule'] as const)
      expect(classifyAnswer(facts(kind, status, { words: 'foreign', ...change }))).toEqual(verdict);
  });
});

describe('a 429 on execute, by its words', () => {
  test.each<[string, string]>([
    ['Only one execution is allowed within the configured interval', 'interval'],
    ['Script already executed', 'interval'],
    ['The script was run 20 seconds ago', 'interval'],
    ['Script cannot be run again so soon', 'interval'],
    ['Maximum number of script executions per day exceeded', 'day'],
    ['Daily limit of 1000 executions reached', 'day'],
    ['1000 executions in 24 hours are allowed', 'day'],
    ['Execution quota exceeded', 'day'],
    ['You have reached your cap of executions', 'day'],
    ['Too Many Requests', 'limit'],
    ['API rate limit exceeded', 'limit'],
    ['Refused', 'unexplained'],
    ['', 'unexplained'],
  ])('%p', (message, kind) => {
    expect(classifyAnswer(facts('execute', 429, { message, limits: ORDINARY_HEADERS })).kind).toBe(kind);
  });

  test.each<[string, Partial<AnswerFacts>, object]>([
    ['of the interval', { message: 'cannot be run again for another 47 seconds', requestedSec: 47 }, { kind: 'interval', waitMs: 47_000 }],
    ['of the day', { message: 'Daily limit reached', requestedSec: 7_200 }, { kind: 'day', waitMs: 7_200_000 }],
    ['of nothing', { message: 'Refused', requestedSec: 5 }, { kind: 'unexplained', waitMs: 5_000 }],
    ['of calls, by its code', { errorCode: '1965', message: 'cannot be run again', requestedSec: 47 }, { kind: 'limit', waitMs: 47_000 }],
    ['shorter than a header tells', { limits: TO_WAIT, message: 'again', requestedSec: 47 }, { kind: 'limit', waitMs: 240_000 }],
    ['longer than a header tells', { limits: TO_WAIT, message: 'again', requestedSec: 470 }, { kind: 'limit', waitMs: 470_000 }],
  ])('with a wait told in words %s', (_, change, verdict) => {
    expect(classifyAnswer(facts('execute', 429, change))).toEqual(verdict);
  });

  test('409 by the code of the window waits as told, also on a read', () => {
    for (const kind of ['execute', 'read'] as const)
      expect(classifyAnswer(facts(kind, 409, { errorCode: '1965', requestedSec: 47, limits: ORDINARY_HEADERS }))).toEqual({
        kind: 'limit',
        waitMs: 47_000,
      });
  });
});

import { expect, test } from '@jest/globals';
import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure, CompleteAsyncError } from '@temporalio/common';
import { utf8Length } from '../domain/basics/well-formed.js';
import { outgoingFailure, outgoingResult } from './outgoing.js';

const HALF = '\ud83d';
const unshowable = (): never => {
  throw new Error('not to be shown');
};
const failure = (error: unknown) => outgoingFailure(error) as ApplicationFailure;

function everyText(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const type = error instanceof ApplicationFailure ? [error.type ?? ''] : [];
  return [error.message, error.stack ?? '', ...type, ...everyText(error.cause)];
}

test('a failure of ours keeps all that says whether and when it is tried again, and why', () => {
  const cause = new RangeError('below');
  const sent = failure(
    ApplicationFailure.create({
      message: 'later',
      type: 'RetryLater',
      nonRetryable: false,
      nextRetryDelay: 5_000,
      category: ApplicationFailureCategory.BENIGN,
      details: [[{ path: 'script', problem: 'unknown' }], 7, null],
      cause,
    }),
  );
  expect(sent).toBeInstanceOf(ApplicationFailure);
  expect(sent).toMatchObject({ message: 'later', type: 'RetryLater', nonRetryable: false, nextRetryDelay: 5_000, category: 'BENIGN' });
  expect(sent.details).toEqual([[{ path: 'script', problem: 'unknown' }], 7, null]);
  expect(sent.cause).toMatchObject({ message: 'below', type: 'RangeError' });
  expect(failure(ApplicationFailure.nonRetryable('no', 'InvalidRequest')).nonRetryable).toBe(true);
});

test('any other error is retryable under its own name, with the frames of where it was thrown', () => {
  const sent = failure(new TypeError('not so'));
  expect(sent).toBeInstanceOf(ApplicationFailure);
  expect(sent).toMatchObject({ message: 'not so', type: 'TypeError', nonRetryable: false });
  expect(sent.stack).toContain('outgoing.test');
});

test.each<[string, unknown]>([
  ['an error', new Error(`asset web${HALF}`, { cause: new Error(`${HALF} below`, { cause: new Error('\0') }) })],
  ['a failure of ours', ApplicationFailure.nonRetryable(`t${HALF}`, `Type${HALF}`, { [HALF]: HALF })],
  ['a cancel', new CancelledFailure(`c${HALF}`, [HALF])],
  ['a name', Object.assign(new Error('x'), { name: HALF })],
  ['a text', `thrown ${HALF}`],
  ['a JSON error that quotes its text', new SyntaxError(`Unexpected token '${HALF}'`)],
  ['a huge message', new Error(`${'👍'.repeat(499)}x👍${'y'.repeat(3_000_000)}`)],
])('%s leaves well-formed and bounded', (_what, error) => {
  const sent = failure(error);
  for (const text of everyText(sent)) {
    expect(text.isWellFormed()).toBe(true);
    expect(text).not.toContain('\0');
    expect(text.length).toBeLessThanOrEqual(4_000);
  }
  expect(sent.message.length).toBeLessThanOrEqual(1_000);
  expect(JSON.stringify(sent.details ?? null)).not.toMatch(/\\ud83d/);
});

test('a cancel stays one, and so does the word that somebody else will complete the activity', () => {
  expect(outgoingFailure(new CancelledFailure('over'))).toBeInstanceOf(CancelledFailure);
  const later = new CompleteAsyncError();
  expect(outgoingFailure(later)).toBe(later);
});

test('causes that go in a circle, and things that cannot be shown, are reported too', () => {
  const circle = new Error('round');
  circle.cause = circle;
  expect(everyText(failure(circle))).toHaveLength(3 * 6);
  for (const odd of [undefined, null, 7, Symbol('s'), { toString: () => unshowable() }, Object.create(null)])
    expect(failure(odd)).toBeInstanceOf(ApplicationFailure);
  const loop: { self?: unknown } = {};
  loop.self = loop;
  expect(failure(ApplicationFailure.nonRetryable('loop', 'T', loop))).toMatchObject({ message: 'loop', details: [] });
});

test('details that are too large are left out, and the failure arrives', () => {
  const problems = Array.from({ length: 20_000 }, (_, index) => ({ path: `targets.hostnames[${index}]`, problem: 'x'.repeat(100) }));
  expect(failure(ApplicationFailure.nonRetryable('many', 'InvalidRequest', problems))).toMatchObject({
    type: 'InvalidRequest',
    details: [],
  });
});

test('a result is handed on as it is, but for texts that are too long or not well-formed', () => {
  const plain = { kind: 'opened', at: 5, none: undefined };
  expect(outgoingResult(plain, 'openRun')).toBe(plain);
  expect(outgoingResult(undefined, 'abandonRun')).toBe(undefined);
  expect(outgoingResult({ script: { id: '1', title: `T${HALF}` }, stop: { reason: 'a\0b' } }, 'openRun')).toEqual({
    script: { id: '1', title: 'T\ufffd' },
    stop: { reason: 'a\ufffdb' },
  });
  const long = outgoingResult({ blocked: { why: '漢'.repeat(3_000_000) }, counts: { failed: 1 } }, 'watch') as { blocked: { why: string } };
  expect(utf8Length(JSON.stringify(long))).toBeLessThan(10_000);
  expect(long).toMatchObject({ counts: { failed: 1 } });
});

test('a result that is too large anyway is no result, and is asked for again in minutes', () => {
  const rows = Array.from({ length: 100_000 }, (_, index) => `asset ${index}`);
  let thrown: unknown;
  try {
    outgoingResult(rows, 'watch');
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({ type: 'ResultTooLarge', nonRetryable: false, nextRetryDelay: 300_000 });
});

import { describe, expect, test } from '@jest/globals';
import { QualysError } from '../qualys/errors.js';
import { blockedBy, failureTypeOf, retryLater } from './failures.js';

describe('an error of Qualys before anything was sent', () => {
  test.each([
    ['authentication', 'auth', 'AuthenticationFailed'],
    ['permission', 'assets/search', 'PermissionDenied'],
    ['not-found', 'script', 'ScriptNotFound'],
    ['invalid', 'assets/search', 'InvalidRequest'],
  ] as const)('%s of %s ends the run as %s', (kind, endpoint, type) => {
    expect(failureTypeOf(new QualysError(kind, 'no', { endpoint }))).toBe(type);
  });

  test.each([
    ['not-found', 'auth'],
    ['not-found', 'assets/search'],
    ['unavailable', 'script'],
    ['limited', 'script'],
    ['protocol', 'auth'],
  ] as const)('%s of %s is waited out: a wrong address is no missing script', (kind, endpoint) => {
    expect(failureTypeOf(new QualysError(kind, 'no', { endpoint }))).toBeUndefined();
  });

  test('is shown as what an operator can do something about', () => {
    expect(blockedBy(new QualysError('not-found', 'There is no /auth at this address', { endpoint: 'auth' }))).toEqual({
      kind: 'unavailable',
      why: 'There is no /auth at this address',
    });
  });
});

test('an attempt ends for at least a second: a delay of 0 would fail the activity for good', () => {
  expect(retryLater(0, 'soon').nextRetryDelay).toBe(1_000);
});

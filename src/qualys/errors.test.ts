import { expect, test } from '@jest/globals';
import { isAccessRefused, isTransient, passesByWaiting, QualysError, type QualysErrorKind } from './errors.js';

const KINDS = [
  'authentication',
  'permission',
  'not-found',
  'invalid',
  'limited',
  'unavailable',
  'protocol',
] as const satisfies QualysErrorKind[];

test.each([
  ['is tried again', isTransient, ['authentication', 'limited', 'unavailable']],
  ['passes by waiting alone', passesByWaiting, ['limited', 'unavailable']],
  ['waits for an operator', isAccessRefused, ['authentication', 'permission']],
] as const)('what %s', (_name, rule, kinds) => {
  expect(KINDS.filter((kind) => rule(new QualysError(kind, 'no')))).toEqual(kinds);
  expect(rule(new Error('no'))).toBe(false);
});

import { describe, expect, test } from '@jest/globals';
import { isOtherPlatform, isToldApart } from './platform.js';

describe('a script and an asset', () => {
  test.each([
    ['WINDOWS', 'LINUX'],
    ['LINUX', 'WINDOWS'],
    ['MAC', 'WINDOWS'],
  ])('%s and %s do not fit', (script, asset) => {
    expect(isOtherPlatform(script, asset)).toBe(true);
  });

  test.each([
    ['LINUX', 'LINUX'],
    ['LINUX', 'UNIX'],
    ['WINDOWS', undefined],
    ['', 'WINDOWS'],
    ['ANY', 'WINDOWS'],
    [undefined, 'WINDOWS'],
  ])('%s and %s may fit: Qualys decides', (script, asset) => {
    expect(isOtherPlatform(script, asset)).toBe(false);
  });
});

test.each([
  ['WINDOWS', true],
  ['MAC', true],
  ['', false],
  ['ANY', false],
  [undefined, false],
])('a script of the platform %s makes the platforms of assets matter: %s', (script, matters) => {
  expect(isToldApart(script)).toBe(matters);
});

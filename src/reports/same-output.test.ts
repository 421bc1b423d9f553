import { describe, expect, test } from '@jest/globals';
import { trimmedOutput, withoutItsOwn } from './same-output.js';

const WEB_1 = { assetId: '20452610', name: 'web-1.corp.example.com' };

describe('an output without what is its host’s own', () => {
  test.each([
    ['the whole name', 'Connected to web-1.corp.example.com.', 'Connected to <host>.'],
    ['the first label, in any case', 'WEB-1: no space left', '<host>: no space left'],
    ['the asset id', 'asset 20452610 is locked', 'asset <host> is locked'],
    ['a date and a time', 'at 2026-08-22T10:00:31.250Z: denied', 'at <time>: denied'],
    ['a date and a time of another country', 'Start: 22.08.2026 10:00:31', 'Start: <time>'],
    ['a time alone', '[10:00:31] denied', '[<time>] denied'],
    ['a line of syslog', 'Aug  2 10:00:31 web-1 sshd[812]: refused', '<time> <host> sshd[]: refused'],
  ])('lacks %s', (_, output, left) => {
    expect(withoutItsOwn(output, WEB_1)).toBe(left);
  });

  test.each([
    ['numbers', 'code 1603 of 1618'],
    ['error codes', '0x80070005'],
    ['versions', 'needs 10.0.19041.1, found 9.2.0.0'],
    ['addresses', 'no route to 10.1.2.3'],
    ['product codes', '{90160000-008C-0000-1000-0000000FF1CE}'],
    ['names of other hosts', 'web-11 and my-web-1 and db-2'],
    ['longer ids', 'asset 120452610'],
  ])('keeps %s', (_, output) => {
    expect(withoutItsOwn(output, WEB_1)).toBe(output);
  });

  test('keeps numbers that are the id of an asset by chance', () => {
    expect(withoutItsOwn('code 1', { assetId: '1' })).toBe('code 1');
    expect(withoutItsOwn('code 12', { assetId: '7', name: '12' })).toBe('code 12');
  });

  test('takes a name as text, whatever characters it has', () => {
    expect(withoutItsOwn('on a(b', { assetId: '1', name: 'a(b' })).toBe('on <host>');
    expect(withoutItsOwn('on web', { assetId: '1', name: 'w.*' })).toBe('on web');
  });
});

test('line ends of every system are one, and blanks around lines do not count', () => {
  expect(trimmedOutput('\r\n\r\n  one \r\ntwo\t\rthree\n\n')).toBe('  one\ntwo\nthree');
});

test.each([' ', '\n', '1', '1:', 'Jan  1 '])('a long row of %j is read once', (unit) => {
  const text = `x${unit.repeat(300_000)}x`;
  expect(withoutItsOwn(trimmedOutput(text), WEB_1).endsWith('x')).toBe(true);
});

import { describe, expect, test } from '@jest/globals';
import { whyNotRead, whyNotWritten } from './file-failure.js';

const failed = (code: string) => Object.assign(new Error(`${code}: words of Node, open '/nowhere/a'`), { code });

describe('why a file cannot be used', () => {
  test('one that is missing: to be read, it is the file; to be written, its folder', () => {
    expect(whyNotRead(failed('ENOENT'))).toBe('there is no such file');
    expect(whyNotWritten(failed('ENOENT'))).toBe('there is no such folder');
  });

  test.each([
    ['EISDIR', 'it is a folder'],
    ['EACCES', 'you have no permission'],
    ['ENOSPC', 'its disk is full'],
  ])('%s in words, either way', (code, words) => {
    expect([whyNotRead(failed(code)), whyNotWritten(failed(code))]).toEqual([words, words]);
  });

  test('anything else says what it says itself', () => {
    expect(whyNotRead(failed('EMFILE'))).toBe("EMFILE: words of Node, open '/nowhere/a'");
    expect(whyNotRead(new Error('stdin can be read by one option only'))).toBe('stdin can be read by one option only');
    expect(whyNotRead('text')).toBe('text');
  });
});

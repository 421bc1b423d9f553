import { describe, expect, test } from '@jest/globals';
import { hear } from './hear.js';
import type { Meaning } from './meaning.js';
import { judgingBy } from './rules.js';

const heard = (output: Buffer, ...rules: [pattern: string, is: Meaning][]) =>
  hear(output, judgingBy({ output: rules.map(([pattern, is]) => ({ pattern, is })) }, 'verify'));
const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');
const mixed = (...parts: (string | Buffer)[]): Buffer => Buffer.concat(parts.map((part) => Buffer.from(part)));

describe('a finding in an output of several encodings', () => {
  test.each<[string, Buffer]>([
    ['UTF-16 behind other text', mixed('checking all products of this host\r\n', utf16('VULNERABLE\r\n'))],
    ['UTF-16 behind other text, with a mark', mixed('checking all products\r\n', Buffer.from([0xff, 0xfe]), utf16('VULNERABLE\r\n'))],
    ['other text behind UTF-16', mixed(utf16('checking all products\r\n'), 'VULNERABLE\r\n')],
    ['other text behind UTF-16 with a mark', mixed(Buffer.from([0xff, 0xfe]), utf16('checking\r\n'), 'VULNERABLE\r\n')],
    ['between zero bytes', mixed('openssl\0VULNERABLE\0')],
  ])('is found: %s', (_, output) => {
    expect(heard(output, ['VULNERABLE', 'failed'])).toBe(0);
  });

  test('is not made of a byte order mark', () => {
    expect(heard(Buffer.from('\ufeffOK\r\n', 'utf16le'), ['^[^O\\n]', 'failed'])).toBe('none');
  });

  test('is no finding that all is well', () => {
    // Its bytes are «OK» where each stands for half a character.
    const chinese = utf16('\u4b4f: a b c\r\n');
    expect(heard(chinese, ['OK', 'succeeded'])).toBe('none');
    expect(heard(mixed('a long line of text\r\n', utf16('OK\r\n')), ['OK', 'succeeded'])).toBe('none');
  });
});

describe('an output as long as Qualys takes them may go on', () => {
  const long = (last: string, bytes = 1_000_000): Buffer => Buffer.from(last.padStart(bytes, '. \n'));

  test.each<[string, number | 'none' | 'absent', string, [string, Meaning][]]>([
    ['no rule fits', 'absent', 'end', [['VULNERABLE', 'failed']]],
    [
      'one that goes before might deny what fits',
      'absent',
      'all is well',
      [
        ['VULNERABLE', 'failed'],
        ['well', 'succeeded'],
      ],
    ],
    [
      'nothing goes before what fits',
      0,
      'all is well',
      [
        ['well', 'succeeded'],
        ['VULNERABLE', 'failed'],
      ],
    ],
    [
      'a finding fits',
      1,
      'VULNERABLE',
      [
        ['not installed', 'skipped'],
        ['VULNERABLE', 'failed'],
      ],
    ],
  ])('%s: %p', (_, expected, last, rules) => {
    expect(heard(long(last), ...rules)).toBe(expected);
  });

  test('a shorter one is whole', () => {
    expect(heard(long('end', 999_999), ['VULNERABLE', 'failed'])).toBe('none');
  });
});

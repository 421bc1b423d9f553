import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { clipped, utf8Length, wellFormed } from './well-formed.js';

test('well-formed text is left as it is', () => {
  for (const text of ['', 'openssl', 'Ünïcödé 漢字', '👩🏽‍🚒 and more', '\ufffd', 'two\nlines']) expect(wellFormed(text)).toBe(text);
});

test('each lone surrogate, and each NUL, becomes a replacement character', () => {
  expect(wellFormed('a\ud800b')).toBe('a\ufffdb');
  expect(wellFormed('\udc00')).toBe('\ufffd');
  expect(wellFormed('\udc00\ud800')).toBe('\ufffd\ufffd');
  expect(wellFormed('a\0b')).toBe('a\ufffdb');
});

test('a text within the limit is not cut, a longer one says that it was', () => {
  expect(clipped('abc', 3)).toBe('abc');
  expect(clipped('abcd', 3)).toBe('ab…');
  expect(clipped('', 0)).toBe('');
});

test('a pair of surrogates is kept whole or left out', () => {
  expect(clipped('ab👍cd', 4)).toBe('ab…');
  expect(clipped('ab👍cd', 5)).toBe('ab👍…');
  expect(clipped('ab👍', 4)).toBe('ab👍');
});

test('whatever goes in, what comes out is well-formed and no longer than the limit', () => {
  const units = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }).map((codes) => String.fromCharCode(...codes));
  fc.assert(
    fc.property(units, fc.integer({ min: 1, max: 45 }), (text, limit) => {
      const short = clipped(text, limit);
      expect(short.isWellFormed()).toBe(true);
      expect(short).not.toContain('\0');
      expect(short.length).toBeLessThanOrEqual(limit);
      if (text.length <= limit) expect(short).toBe(wellFormed(text));
    }),
  );
});

test('bytes are counted as they will be written', () => {
  const units = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }).map((codes) => String.fromCharCode(...codes));
  fc.assert(fc.property(fc.oneof(units, fc.string({ unit: 'binary' })), (text) => utf8Length(text) === Buffer.byteLength(text)));
  expect(utf8Length('a\u00e9漢👍\ud800')).toBe(1 + 2 + 3 + 4 + 3);
});

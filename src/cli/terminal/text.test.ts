import { describe, expect, test } from '@jest/globals';
import { fitText, padText, safeLine, safeLines, terminalText, textWidth } from './text.js';

describe('text for a terminal', () => {
  test('loses colours, titles, cursor movements, and marks that turn it around', () => {
    expect(safeLine('\x1b]0;owned\x07a\x1b[2Jb\u202ec\nd\x9be')).toBe('ab c d e');
    expect(safeLines('a\r\nb\tc\rd\x08e\n')).toBe('a\nb\tcde\n');
  });

  test('is measured in columns', () => {
    expect(textWidth('abc')).toBe(3);
    expect(textWidth('漢字')).toBe(4);
    expect(textWidth('e\u0301')).toBe(1);
    expect(textWidth('🙂')).toBe(2);
  });

  test('ends with a line end', () => {
    expect(['exit 0', 'exit 0\n', ''].map(terminalText)).toEqual(['exit 0\n', 'exit 0\n', '']);
  });

  test('is cut to columns', () => {
    expect(fitText('abcdef', 6)).toBe('abcdef');
    expect(fitText('abcdef', 4)).toBe('abc…');
    expect(fitText('漢字漢字', 4)).toBe('漢…');
    expect(fitText('abc', 0)).toBe('');
    expect(padText('漢', 4)).toBe('漢  ');
  });
});

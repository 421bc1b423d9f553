import { expect, test } from '@jest/globals';
import { plain, visible } from './visible.js';

test('an output shows each of its signs, and turns nothing around', () => {
  expect(visible('a\r\nb\tc\u001b[31mred\u0000\u007f\u0085')).toBe('a\nb\tc⟨ESC⟩[31mred⟨U+0000⟩⟨U+007F⟩⟨U+0085⟩');
  expect(visible('abc\u202egnp.exe\u200b\u2066x\u2069')).toBe('abc⟨U+202E⟩gnp.exe⟨U+200B⟩⟨U+2066⟩x⟨U+2069⟩');
  expect(visible('<script>alert(1)</script> 漢字 é 👩‍💻')).toBe('<script>alert(1)</script> 漢字 é 👩⟨U+200D⟩💻');
});

test('a name loses what cannot be seen', () => {
  expect(plain('host\u202e-1\u001b[0m')).toBe('host\ufffd-1\ufffd[0m');
});

// cspell:words größer VULNERABL найдено
import { describe, expect, test } from '@jest/globals';
import { decodeOutput, encodingProblem } from './decode.js';

const little = (text: string): Buffer => Buffer.from(text, 'utf16le');
const big = (text: string): Buffer => little(text).swap16();
const marked = (...parts: Buffer[]): Buffer => Buffer.concat(parts);

test.each<[string, Buffer, string | undefined, string]>([
  ['UTF-8', Buffer.from('größer 😀\n'), undefined, 'größer 😀\n'],
  ['UTF-8 with a mark', marked(Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('naïve')), undefined, 'naïve'],
  ['UTF-16 LE with a mark', marked(Buffer.from([0xff, 0xfe]), little('FOUND é')), undefined, 'FOUND é'],
  ['UTF-16 BE with a mark', marked(Buffer.from([0xfe, 0xff]), big('FOUND é')), undefined, 'FOUND é'],
  ['UTF-16 LE without one', little('VULNERABLE\r\n'), undefined, 'VULNERABLE\r\n'],
  ['UTF-16 BE without one', big('VULNERABLE\r\n'), undefined, 'VULNERABLE\r\n'],
  ['one character of UTF-16', little('1'), undefined, '1'],
  ['Cyrillic UTF-16 without a mark, by its line end', little('Найдено\r\n'), undefined, 'Найдено\r\n'],
  ['UTF-16 that was cut in the middle of a character', little('VULNERABLE').subarray(0, 19), undefined, 'VULNERABL\ufffd'],
  ['UTF-16 without a mark, though another encoding is said', little('FOUND\n'), 'ibm866', 'FOUND\n'],
  ['names between zero bytes', Buffer.from('ok1\0'), undefined, 'ok1\0'],
  ['more names between zero bytes', Buffer.from('abc\0def\0'), undefined, 'abc\0def\0'],
  ['binary rubbish', Buffer.from([0, 0, 0x41, 0]), undefined, '\0\0A\0'],
  ['nothing', Buffer.alloc(0), undefined, ''],
  ['an OEM code page', Buffer.from([0x8d, 0xa0, 0xa9, 0xa4, 0xa5, 0xad, 0xae]), 'ibm866', 'Найдено'],
  ['UTF-8, though another encoding is said', Buffer.from('Найдено'), 'ibm866', 'Найдено'],
  ['the signs of windows-1252', Buffer.from([0x80, 0x92, 0x9f, 0xe4]), 'windows-1252', '€’Ÿä'],
  ['Shift_JIS', Buffer.from([0x8c, 0x9f, 0x8f, 0x6f]), 'shift_jis', '検出'],
  ['ISO-2022-JP, whose bytes are ASCII', Buffer.from('\x1b$B8!=P\x1b(B'), 'iso-2022-jp', '検出'],
  ['Chinese UTF-16 without a mark, by its line ends', little('检测到中到测\r\n测到中\r\n'), undefined, '检测到中到测\r\n测到中\r\n'],
  ['the same with its bytes turned', big('检测到中到测\r\n'), undefined, '检测到中到测\r\n'],
  ['the same, though another encoding is said', little('検出されました。\r\n'), 'shift_jis', '検出されました。\r\n'],
  ['Chinese UTF-16 without a line end, as said', little('检测到漏洞'), 'utf-16le', '检测到漏洞'],
  ['Chinese UTF-16 with its bytes turned, as said', big('检测到漏洞'), 'utf-16be', '检测到漏洞'],
  [
    'what is no legal UTF-16 for all its line ends',
    marked(little('检测到中到测\r\n'), Buffer.from([0x41, 0xd8])),
    'ibm866',
    '└hKm0R-N0RKm\r\0\n\0A╪',
  ],
  ['UTF-16 as said, where nothing shows it', little('検出'), 'utf-16le', '検出'],
  ['an unknown code page: what can be read of it', Buffer.from([0x46, 0x81, 0x4e]), undefined, 'F\ufffdN'],
])('%s', (_, bytes, label, text) => {
  expect(decodeOutput(bytes, label)).toBe(text);
});

describe('a label', () => {
  test.each([
    'ibm866',
    'cp866',
    'windows-1252',
    'latin1',
    'windows-1251',
    'shift_jis',
    'gb18030',
    'big5',
    'euc-kr',
    'koi8-r',
    'UTF-16LE',
    'macintosh',
  ])('%s can be decoded', (label) => {
    expect(encodingProblem(label)).toBeUndefined();
  });

  test.each(['ibm437', 'cp850', 'utf-7', 'klingon', ''])('%j cannot', (label) => {
    expect(encodingProblem(label)).toContain('is not an encoding that can be decoded');
  });
});

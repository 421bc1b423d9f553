// Script output as text. Windows PowerShell writes UTF-16 to files and pipes, its console programs an OEM code page.

/** Why it is no encoding; undefined of one that can be decoded. The labels of https://encoding.spec.whatwg.org/#names-and-labels. */
export function encodingProblem(label: string): string | undefined {
  try {
    new TextDecoder(label);
    return undefined;
  } catch {
    return `${JSON.stringify(label)} is not an encoding that can be decoded: use a WHATWG label such as "ibm866", "windows-1252" or "shift_jis"`;
  }
}

/**
 * A byte order mark says it; else UTF-16 and UTF-8 are known by their bytes, and `label` is for what is neither. What cannot be decoded
 * becomes U+FFFD: a pattern that needs it does not match, and nothing throws.
 */
export function decodeOutput(bytes: Uint8Array, label?: string): string {
  const encoding = byMark(bytes) ?? explicitFirst(label) ?? utf16Without(bytes);
  if (encoding !== undefined) return decodeAs(encoding, bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return decodeAs(utf16ByLineEnds(bytes) ?? label ?? 'utf-8', bytes);
  }
}

/**
 * Of what is no UTF-8: Chinese, Japanese and Korean text in UTF-16 has hardly a zero byte but in its line ends, and no other encoding has
 * these four bytes for one. Text without a whole line does not show it.
 */
function utf16ByLineEnds(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  return (['utf-16le', 'utf-16be'] as const).find((encoding) => {
    const end = encoding === 'utf-16le' ? [0x0d, 0, 0x0a, 0] : [0, 0x0d, 0, 0x0a];
    for (let at = 0; at + 4 <= bytes.length; at += 2)
      if (end.every((byte, nth) => bytes[at + nth] === byte)) return isLegal(encoding, bytes);
    return false;
  });
}

function isLegal(encoding: string, bytes: Uint8Array): boolean {
  try {
    new TextDecoder(encoding, { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function byMark([first, second, third]: Uint8Array): string | undefined {
  if (first === 0xef && second === 0xbb && third === 0xbf) return 'utf-8';
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : undefined;
}

/** Text in these may be legal UTF-8 as well, and mean something else. */
const LIKE_UTF8: readonly string[] = ['utf-16le', 'utf-16be', 'iso-2022-jp'];

function explicitFirst(label: string | undefined): string | undefined {
  if (label === undefined) return undefined;
  const { encoding } = new TextDecoder(label);
  return LIKE_UTF8.includes(encoding) ? encoding : undefined;
}

/** So much of an output tells how it is written. */
const SAMPLE_BYTES = 16_384;

/**
 * UTF-16 without a mark shows in its blanks and line ends: an ASCII character beside a zero byte, always on the same side. Two letters of
 * ASCII side by side would be one rare character, so text with single zero bytes between its words (`find -print0`) is not taken for it.
 */
function utf16Without(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  const end = Math.min(bytes.length - (bytes.length % 2), SAMPLE_BYTES);
  let [little, big, pairs] = [0, 0, 0];
  for (let at = 0; at < end; at += 2) {
    const [first = 0, second = 0] = [bytes[at], bytes[at + 1]];
    if (first === 0 && second === 0) return undefined;
    if (second === 0 && isAscii(first)) little += 1;
    else if (first === 0 && isAscii(second)) big += 1;
    else if (isAscii(first) && isAscii(second)) pairs += 1;
  }
  if (little > pairs && big === 0) return 'utf-16le';
  return big > pairs && little === 0 ? 'utf-16be' : undefined;
}

function isAscii(byte: number): boolean {
  return (byte >= 0x20 && byte < 0x7f) || (byte >= 0x09 && byte <= 0x0d);
}

function decodeAs(label: string, bytes: Uint8Array): string {
  const decoder = new TextDecoder(label);
  const text = decoder.decode(bytes);
  return decoder.encoding === 'windows-1252' ? withWindowsSigns(text) : text;
}

/** Since 20.18.3 Node leaves the bytes 80 to 9F of windows-1252 as control characters (nodejs/node#56542): the WHATWG's signs, in order. */
const WINDOWS_SIGNS = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

function withWindowsSigns(text: string): string {
  return text.replace(/[\u0080-\u009f]/g, (sign) => WINDOWS_SIGNS.charAt(sign.charCodeAt(0) - 0x80));
}

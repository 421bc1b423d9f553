// Text that came from Qualys or a script, made fit for a terminal: it must not move the cursor, change colours or break the layout.
import { stripVTControlCharacters } from 'node:util';

/** C0 and C1 controls, and the marks that turn the direction of text around. */
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]/gu;
const UNSAFE_BUT_LINES = /(?![\n\t])[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]/gu;
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|^\p{Emoji_Presentation}/u;
const NO_WIDTH = /^[\p{M}\p{Cf}]/u;

/** One line: no control sequence, no line break. */
export function safeLine(text: string): string {
  return stripVTControlCharacters(text).replace(UNSAFE, ' ');
}

/** Several lines: line breaks and tabs stay. */
export function safeLines(text: string): string {
  return stripVTControlCharacters(text).replace(/\r\n/g, '\n').replace(UNSAFE_BUT_LINES, '');
}

/** Columns that the text takes on a terminal. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** The text in at most `width` columns; what is cut off is shown by an ellipsis. */
export function fitText(text: string, width: number, ellipsis = '…'): string {
  if (textWidth(text) <= width) return text;
  if (width < 1) return '';
  let fitted = '';
  let used = 0;
  for (const character of text) {
    used += characterWidth(character);
    if (used > width - 1) break;
    fitted += character;
  }
  return fitted + ellipsis;
}

export function padText(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)));
}

function characterWidth(character: string): number {
  if (NO_WIDTH.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** Lines of others for a terminal, the last one ended: a prompt behind it would stand in it. */
export function terminalText(text: string): string {
  const shown = safeLines(text);
  return shown === '' || shown.endsWith('\n') ? shown : `${shown}\n`;
}

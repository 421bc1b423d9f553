// Text from outside, made harmless to eyes: what would be invisible, or turn the text around it, is shown as a sign.

/** All but tab and line feed. */
const CONTROLS = /(?![\n\t])[\p{Cc}]/gu;
/** Marks of direction, zero-width signs and line separators: they change how what stands beside them reads. */
const HIDDEN = /[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;

/** A single value: a name, a reason. */
export function plain(text: string): string {
  return text.replace(CONTROLS, '\ufffd').replace(HIDDEN, '\ufffd');
}

/** An output: every sign of it can be told, ESC from the sequence it begins. */
export function visible(output: string): string {
  return output.replace(/\r\n/g, '\n').replace(CONTROLS, named).replace(HIDDEN, named);
}

/** In letters: few fonts have the pictures of controls. */
function named(sign: string): string {
  if (sign === '\u001b') return '⟨ESC⟩';
  return `⟨U+${sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`;
}

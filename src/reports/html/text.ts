// Text on its way into a page: everything that came from outside passes through here.

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Fit for text and for quoted attributes; controls and marks that turn text around are shown as a replacement character. */
export function escaped(text: string): string {
  return text
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
    .replace(/(?![\n\t])[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}

/** The text as a link where its address is one of the web; an address of any other kind could run something, and is left out. */
export function linked(text: string, address: string | undefined): string {
  const isWeb = address !== undefined && /^https?:\/\//i.test(address) && URL.canParse(address);
  return isWeb ? `<a href="${escaped(address)}" rel="noreferrer">${escaped(text)}</a>` : escaped(text);
}

/** To the second; the clock of the reader is not known, so whoever shows it names the zone. */
export function utc(instant: string | number): string {
  const at = typeof instant === 'number' ? instant : Date.parse(instant);
  return Number.isNaN(at) ? escaped(String(instant)) : new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}

export function number(value: number): string {
  return value.toLocaleString('en-US');
}

export function plural(count: number, noun: string): string {
  return `${number(count)} ${noun}${count === 1 ? '' : 's'}`;
}

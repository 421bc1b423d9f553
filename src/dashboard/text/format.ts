// Numbers and times as people read them. Instants are UTC, as in reports and logs.

export function number(value: number): string {
  return value.toLocaleString('en-US');
}

export function plural(count: number, noun: string): string {
  return `${number(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** To the minute; what is older than a year or of another one is no different. */
export function utc(instant: string): string {
  return `${instant.slice(0, 16).replace('T', ' ')} UTC`;
}

const UNITS: readonly [name: string, ms: number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
];

/** `3 minutes ago`, `in 2 hours`, `just now`. */
export function relative(instant: string, now: number): string {
  const ms = Date.parse(instant) - now;
  const [name, unit] = UNITS.find(([, size]) => Math.abs(ms) >= size) ?? [];
  if (name === undefined || unit === undefined || Math.abs(ms) < 10_000) return 'just now';
  const amount = plural(Math.round(Math.abs(ms) / unit), name);
  return ms < 0 ? `${amount} ago` : `in ${amount}`;
}

/** A share of a whole in percent; done is only what is all done, and nothing only what is nothing. */
export function percent(part: number, whole: number): number {
  if (whole <= 0) return 0;
  const exact = (100 * part) / whole;
  if (part > 0 && exact < 1) return 1;
  return part < whole ? Math.min(99, Math.floor(exact)) : 100;
}

export function bytes(count: number): string {
  if (count < 1_000) return `${count} B`;
  return count < 1_000_000 ? `${(count / 1_000).toFixed(1)} kB` : `${(count / 1_000_000).toFixed(1)} MB`;
}

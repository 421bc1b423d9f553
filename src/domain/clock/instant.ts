// An instant as a service tells it: a number, digits, or text. Never by the clock or the zone of the machine that reads it.

/**
 * As milliseconds these are 1970 to 1973, when nobody had an agent; as seconds 2001 to 5138. Above, no unit that is known gives a date.
 */
const [FIRST_SECOND, END_OF_SECONDS, END_OF_MS] = [1e9, 1e11, 1e14];

/** Epoch milliseconds; undefined of what is no time, among it -1 and 0, which stand for never. Text without an offset is UTC. */
export function toldInstant(value: unknown): number | undefined {
  if (typeof value === 'number') return bySize(value);
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  return /^[+-]?\d+(\.\d+)?$/.test(text) ? bySize(Number(text)) : fromText(text);
}

function bySize(value: number): number | undefined {
  if (!(value > 0 && value < END_OF_MS)) return undefined;
  return value >= FIRST_SECOND && value < END_OF_SECONDS ? Math.round(value * 1_000) : value;
}

const ISO = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?) ?(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?$/i;
/** What `Date.parse` reads in any zone the same: a day or month in words, and the zone at the end. */
const IN_WORDS = /[a-z]{3}.*\d{4}.*(?:\b(?:GMT|UTC|Z)|[+-]\d{2}:?\d{2})$/i;

/** ISO 8601 with `T` or a blank, the offset also without colon (`+0000`) or minutes; else a date in words that names its zone. */
function fromText(text: string): number | undefined {
  const [, day, time = '00:00', zone = 'Z'] = ISO.exec(text) ?? [];
  const parsed =
    day === undefined ? Date.parse(IN_WORDS.test(text) ? text : '') : Date.parse(`${day}T${time.replace(',', '.')}${offset(zone)}`);
  return Number.isNaN(parsed) ? undefined : parsed;
}

function offset(zone: string): string {
  const [, sign, hours, minutes = '00'] = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone) ?? [];
  return sign === undefined ? 'Z' : `${sign}${hours}:${minutes}`;
}

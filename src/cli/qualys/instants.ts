// Instants of Qualys' rows, which are epoch milliseconds in the client.

const DAY_MS = 86_400_000;
/** The last time that a Date can hold. */
const LAST_MS = 8_640_000_000_000_000;
/** The day that was written last, as the instants of rows mostly are of one day: a Date of its own for each costs more than its row. */
let writtenDay = { number: Number.NaN, text: '' };

/** ISO 8601, UTC, for JSON; undefined where Qualys gave none, or something that is no time. */
export function isoTime(at: number | undefined): string | undefined {
  if (at === undefined || !(at > 0 && at <= LAST_MS)) return undefined;
  const ms = Math.trunc(at);
  const number = Math.floor(ms / DAY_MS);
  if (number !== writtenDay.number) {
    writtenDay = { number, text: new Date(number * DAY_MS).toISOString().slice(0, -'00:00:00.000Z'.length) };
  }
  const inDay = ms - number * DAY_MS;
  const [hours, minutes, seconds] = [Math.floor(inDay / 3_600_000), Math.floor(inDay / 60_000) % 60, Math.floor(inDay / 1_000) % 60];
  return `${writtenDay.text}${TWO[hours]}:${TWO[minutes]}:${TWO[seconds]}.${TWO[Math.floor((inDay % 1_000) / 10)]}${inDay % 10}Z`;
}

const TWO: readonly string[] = Array.from({ length: 100 }, (_, value) => String(value).padStart(2, '0'));

/** To the second, UTC, for tables. */
export function tableTime(at: number | undefined): string {
  return isoTime(at)?.slice(0, 19).replace('T', ' ') ?? '';
}

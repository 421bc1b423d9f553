// Instants of Qualys' rows, which are epoch milliseconds in the client.

/** ISO 8601, UTC, for JSON; undefined where Qualys gave none, or something that is no time. */
export function isoTime(at: number | undefined): string | undefined {
  if (at === undefined || at <= 0 || Number.isNaN(new Date(at).getTime())) return undefined;
  return new Date(at).toISOString();
}

/** To the second, UTC, for tables. */
export function tableTime(at: number | undefined): string {
  return isoTime(at)?.slice(0, 19).replace('T', ' ') ?? '';
}

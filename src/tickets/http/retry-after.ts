/** Some systems answer `Retry-After: 0`, or none, and mean "not now". */
const LEAST_MS = 1_000;

/**
 * How long nothing may be sent: what the system has asked for is a lower bound. Undefined where it has not asked. A 503 without the header
 * may be gone the next moment; a 403 with it is how GitHub says that it is too much.
 */
export function retryAfterMs(status: number, header: string | undefined, now: number): number | undefined {
  if (status !== 429 && ((status !== 503 && status !== 403) || header === undefined)) return undefined;
  const text = header?.trim() ?? '';
  const asked = /^\d{1,15}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isFinite(asked) ? Math.max(asked, LEAST_MS) : LEAST_MS;
}

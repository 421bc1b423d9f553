// Assets whose agent was last seen too long ago: `targets.seenWithin` leaves them out. Agents that nobody has seen for months hold an
// execution open until its deadline, and say nothing.

/** The reason of an asset that is left out. */
export const STALE_AGENT = 'stale-agent';
/** The action in the audit log. */
export const STALE_AGENTS = 'stale-agents';

/** Kept as a number where it is one: a million of them as texts would be a fifth of the worker's memory. */
const SMALL_ID = /^[1-9]\d{0,14}$/;
const UNKNOWN = 0;

/** When the agents of a cohort were last seen. An asset that several inventories tell of was seen at the latest of their instants. */
export class LastSeen {
  /** Whole seconds, the fraction rounded up: an asset is never called older than it is. */
  readonly #seconds = new Map<string | number, number>();

  note({ assetId, lastSeenAt }: { assetId: string; lastSeenAt?: number | undefined }): void {
    const key = SMALL_ID.test(assetId) ? Number(assetId) : assetId;
    const seconds = lastSeenAt === undefined ? UNKNOWN : Math.ceil(lastSeenAt / 1_000);
    this.#seconds.set(key, Math.max(seconds, this.#seconds.get(key) ?? UNKNOWN));
  }

  /** Of how many assets no inventory tells: they are not stale. */
  get unknown(): number {
    let count = 0;
    for (const seconds of this.#seconds.values()) if (seconds === UNKNOWN) count += 1;
    return count;
  }

  get size(): number {
    return this.#seconds.size;
  }

  /** Those that were last seen before this instant of Qualys' clock. */
  *before(instant: number): Generator<string> {
    for (const [key, seconds] of this.#seconds) if (seconds !== UNKNOWN && seconds * 1_000 < instant) yield String(key);
  }
}

export function staleAgentsText(found: { stale: number; size: number; unknown: number; before: number }): string {
  const { stale, size, unknown, before } = found;
  const told = `${stale} of ${size} assets are left out: their agent was last seen before ${new Date(before).toISOString()}`;
  return unknown === 0 ? told : `${told}; ${unknownText(found)}`;
}

export function unknownText({ size, unknown }: { size: number; unknown: number }): string {
  return `of ${unknown} of ${size} assets no inventory tells when their agent was last seen, so they stay in`;
}

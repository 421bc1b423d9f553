// How many deliveries a hook takes: for each address that sends, and for the hook as a whole. It is asked before a body is read, so that a
// flood costs little, and leaves the other hooks alone.
import { isIP } from 'node:net';
import { type Bucket, type Rate, takeToken } from '../../domain/limits/token-bucket.js';

/** 1,000 retries of one event within a second are no flood, through several hooks of one address neither. */
export const DEFAULT_RATE: Rate = { perSecond: 2_000, burst: 20_000 };
/** For all hooks that do not exist together: nobody has business there. */
export const UNKNOWN_RATE: Rate = { perSecond: 100, burst: 2_000 };
/** What all addresses together may send to a hook, by what one may. */
const ALL_SOURCES = 4;
/** Addresses whose bucket is kept; whoever was silent longest is forgotten first. */
const SOURCES_KEPT = 10_000;

export class HookLimiter {
  readonly #hooks = new Map<string, Bucket>();
  /** In the order of their last delivery. */
  readonly #sources = new Map<string, Bucket>();

  /** Seconds to wait, for `Retry-After`; undefined where the delivery may come in. */
  refusal(hook: string, source: string, rate: Rate, nowMs: number): number | undefined {
    const key = `${hook} ${networkOf(source)}`;
    const mine = takeToken(this.#sources.get(key) ?? { left: rate.burst, atMs: nowMs }, rate, nowMs);
    this.#keep(key, mine.bucket);
    // One that is refused here takes nothing of what the others may send.
    if (mine.waitMs !== undefined) return seconds(mine.waitMs);
    const all: Rate = { perSecond: rate.perSecond * ALL_SOURCES, burst: rate.burst * ALL_SOURCES };
    const whole = takeToken(this.#hooks.get(hook) ?? { left: all.burst, atMs: nowMs }, all, nowMs);
    this.#hooks.set(hook, whole.bucket);
    return whole.waitMs === undefined ? undefined : seconds(whole.waitMs);
  }

  #keep(key: string, bucket: Bucket): void {
    this.#sources.delete(key);
    this.#sources.set(key, bucket);
    if (this.#sources.size <= SOURCES_KEPT) return;
    const [oldest] = this.#sources.keys();
    if (oldest !== undefined) this.#sources.delete(oldest);
  }
}

/** A customer of an IPv6 provider has 2^64 addresses at least: they count as one. */
export function networkOf(address: string): string {
  const plain = address.replace(/%.*$/, '').toLowerCase();
  if (isIP(plain) !== 6) return plain;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain)?.[1];
  if (mapped) return mapped;
  const [head = '', tail = ''] = plain.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = plain.includes('::') && tail !== '' ? tail.split(':') : [];
  const zeros = plain.includes('::') ? Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0') : [];
  return `${[...before, ...zeros, ...after]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}

function seconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1_000));
}

// What happens to a run, told to all who listen by one who looks: a hundred open pages cost hardly more than one.
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { StoredAuditEntry } from '../../ledger/rows/audit.js';
import { type Observation, observe, stateWord } from '../../runs/observe.js';
import { waveJson } from '../../runs/shown.js';
import type { ApiDeps } from './dependencies.js';

const LOOK_EVERY_MS = 2_000;
/** Proxies cut what is silent, some after 30 s; a listener that is gone is found by writing to it. */
const SIGN_OF_LIFE_MS = 15_000;
/** A listener that does not read is cut off: it comes back and is told what it missed. */
const MOST_UNREAD = 1_000_000;
/** More than a person reads; the log itself has them all. */
const MISSED_TOLD = 1_000;

/** Where a listener is: the last audit entry that it was told of, and what it saw. The `id` of its events. */
export interface Place {
  auditId: number;
  digest: string;
}

interface Look extends Place {
  state: string;
  hasEnded: boolean;
}

interface Options {
  lookEveryMs?: number | undefined;
  /** Told of looks that failed; the next may do better. */
  onTrouble?: ((error: unknown) => void) | undefined;
}

type Sources = Pick<ApiDeps, 'ledger' | 'temporal'>;

export class RunFeeds {
  readonly #sources: Sources;
  readonly #options: Options;
  readonly #feeds = new Map<string, RunFeed>();

  constructor(sources: Sources, options: Options = {}) {
    this.#sources = sources;
    this.#options = options;
  }

  /** How many runs are looked at, whoever many listen. */
  get size(): number {
    return this.#feeds.size;
  }

  /** Of a run that somebody knows. Undefined where it has ended and the listener has heard everything. */
  async listen(runId: string, from: Place | undefined): Promise<Readable | undefined> {
    const known = this.#feeds.get(runId);
    const feed: RunFeed = known ?? new RunFeed(runId, this.#sources, { ...this.#options, onIdle: () => this.#forget(runId, feed) });
    this.#feeds.set(runId, feed);
    return feed.listen(from);
  }

  #forget(runId: string, feed: RunFeed): void {
    if (this.#feeds.get(runId) === feed) this.#feeds.delete(runId);
  }

  close(): void {
    for (const feed of this.#feeds.values()) feed.close();
  }
}

class RunFeed {
  readonly #runId: string;
  readonly #sources: Sources;
  readonly #options: Options & { onIdle: () => void };
  readonly #listeners = new Set<Readable>();
  #latest: Look | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Looks and arrivals one after the other: what a listener is told first and what it is told next have no gap between. */
  #queue: Promise<unknown> = Promise.resolve();
  #isLooking = false;
  #wroteAt = performance.now();

  constructor(runId: string, sources: Sources, options: Options & { onIdle: () => void }) {
    this.#runId = runId;
    this.#sources = sources;
    this.#options = options;
  }

  listen(from: Place | undefined): Promise<Readable | undefined> {
    return this.#inOrder(async () => {
      try {
        const look = this.#latest ?? (await this.#look(undefined)).look;
        this.#latest = look;
        const missed = from === undefined ? [] : (await this.#entriesAfter(from.auditId)).filter(({ id }) => id <= look.auditId);
        return this.#admit(look, [
          ...missed.map((entry) => auditEvent(entry, from?.digest ?? '')),
          ...(from?.digest === look.digest ? [] : [stateEvent(look)]),
        ]);
      } finally {
        this.#rest();
      }
    });
  }

  /** Ends what is open; whoever listens comes back elsewhere, or later. */
  close(): void {
    for (const stream of this.#listeners) stream.push(null);
    this.#listeners.clear();
    this.#rest();
  }

  #admit(look: Look, told: readonly string[]): Readable | undefined {
    if (look.hasEnded && told.length === 0) return undefined;
    const stream = new Readable({ read: () => undefined });
    stream.push(`retry: 2000\n\n${told.join('')}`);
    if (look.hasEnded) {
      stream.push(endEvent(look));
      stream.push(null);
      return stream;
    }
    this.#listeners.add(stream);
    stream.on('close', () => {
      this.#listeners.delete(stream);
      this.#rest();
    });
    this.#timer ??= setInterval(() => this.#tick(), this.#options.lookEveryMs ?? LOOK_EVERY_MS);
    return stream;
  }

  /** Nobody listens: nobody looks. */
  #rest(): void {
    if (this.#listeners.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#options.onIdle();
  }

  #tick(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#inOrder(() => this.#tellWhatIsNew())
      .catch((error: unknown) => this.#options.onTrouble?.(error))
      .finally(() => {
        this.#isLooking = false;
      });
  }

  async #tellWhatIsNew(): Promise<void> {
    const before = this.#latest;
    const { look, entries } = await this.#look(before);
    this.#latest = look;
    const told = [
      ...entries.map((entry) => auditEvent(entry, before?.digest ?? '')),
      ...(before?.digest === look.digest ? [] : [stateEvent(look)]),
      ...(look.hasEnded ? [endEvent(look)] : []),
    ];
    if (told.length === 0 && performance.now() - this.#wroteAt < SIGN_OF_LIFE_MS) return;
    this.#wroteAt = performance.now();
    const text = told.length === 0 ? ':\n\n' : told.join('');
    for (const stream of this.#listeners) {
      if (stream.readableLength > MOST_UNREAD) stream.destroy();
      else stream.push(text);
    }
    if (look.hasEnded) this.close();
  }

  async #look(before: Look | undefined): Promise<{ look: Look; entries: StoredAuditEntry[] }> {
    const ledger = await this.#sources.ledger();
    // Read before the state, so that a state never has less behind it than the entries say.
    const entries = before ? await this.#entriesAfter(before.auditId) : [];
    const auditId = entries.at(-1)?.id ?? before?.auditId ?? (await ledger.audit.lastId(this.#runId));
    const seen = await observe({ ledger, temporal: this.#sources.temporal }, this.#runId);
    const { state, digest } = stateOf(seen);
    return { look: { auditId, digest, state, hasEnded: seen.end !== undefined }, entries };
  }

  async #entriesAfter(id: number): Promise<StoredAuditEntry[]> {
    return (await this.#sources.ledger()).audit.after(this.#runId, id, MISSED_TOLD);
  }

  #inOrder<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done;
  }
}

/** What a page shows without asking again; the times of the look itself are no news. */
function stateOf(seen: Observation): { state: string; digest: string } {
  const { workflowId, progress, question, view, end, trouble } = seen;
  const { asOf, etaAt, ...steady } = progress ?? {};
  const facts = {
    workflowId,
    state: stateWord(seen),
    ...(view?.waves ? { waves: view.waves.map(waveJson) } : {}),
    ...(question ? { question } : {}),
    ...(end?.kind === 'report' ? { report: end.report } : {}),
    ...(end?.kind === 'failed' ? { failure: { type: end.type, message: end.message, problems: end.problems } } : {}),
    ...(trouble === undefined ? {} : { warning: trouble }),
  };
  const digest = createHash('sha256')
    .update(JSON.stringify({ ...facts, ...(end ? {} : { steady }) }))
    .digest('hex')
    .slice(0, 16);
  return { digest, state: JSON.stringify({ ...facts, ...(progress && !end ? { progress } : {}) }) };
}

function auditEvent({ id, at, ...entry }: StoredAuditEntry, digest: string): string {
  return event('audit', { auditId: id, digest }, JSON.stringify({ at: new Date(at).toISOString(), ...entry }));
}

function stateEvent(look: Look): string {
  return event('state', look, look.state);
}

function endEvent(look: Look): string {
  return event('end', look, '{}');
}

function event(name: string, place: Place, data: string): string {
  return `id: ${placeText(place)}\nevent: ${name}\ndata: ${data}\n\n`;
}

function placeText({ auditId, digest }: Place): string {
  return `${auditId}.${digest}`;
}

/** Undefined of a text that no event of ours had. */
export function placeOf(text: string): Place | undefined {
  const [, auditId, digest] = /^(\d{1,15})\.([0-9a-f]{0,16})$/.exec(text) ?? [];
  return auditId === undefined || digest === undefined ? undefined : { auditId: Number(auditId), digest };
}

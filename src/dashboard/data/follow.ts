// Follows a run's events: behind a break it goes on where it was, and says meanwhile that it hears nothing.
import { ask, eventsPath, Refusal } from './client.js';
import { EventStream, type StreamEvent } from './event-stream.js';

export type Hearing = 'connecting' | 'live' | 'lost' | 'ended';

interface Ears {
  onEvent: (event: StreamEvent) => void;
  onHearing: (hearing: Hearing) => void;
}

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;
/** The server gives a sign of life every 15 s: a connection silent for longer is dead, though nobody said so. */
const SILENCE_MS = 40_000;

/** Until the run has ended, its stream is refused, or `abort`. */
export async function follow(id: string, ears: Ears, abort: AbortSignal): Promise<void> {
  const stream = new EventStream();
  let waitMs = FIRST_WAIT_MS;
  const hears = (event?: StreamEvent): void => {
    waitMs = FIRST_WAIT_MS;
    ears.onHearing('live');
    if (event) ears.onEvent(event);
  };
  while (!abort.aborted) {
    await untilSeen(abort);
    const heard = await hear(id, stream, hears, abort);
    if (abort.aborted) return;
    ears.onHearing(heard);
    if (heard === 'ended') return;
    await pause(waitMs, abort);
    waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
  }
}

/** `hears`: it is open, and then each event. */
async function hear(id: string, stream: EventStream, hears: (event?: StreamEvent) => void, abort: AbortSignal): Promise<'ended' | 'lost'> {
  const silence = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const alive = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), SILENCE_MS);
  };
  let hasEnded = false;
  try {
    alive();
    const headers = stream.lastId === '' ? {} : { 'last-event-id': stream.lastId };
    const response = await ask(eventsPath(id), { abort: AbortSignal.any([abort, silence.signal]), headers });
    if (response.status === 204 || !response.body) return 'ended';
    hears();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    stream.begin();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      alive();
      for (const event of stream.take(piece.value)) {
        hasEnded ||= event.name === 'end';
        hears(event);
      }
    }
    return hasEnded ? 'ended' : 'lost';
  } catch (error) {
    // A place that the server does not know any more: from the beginning.
    if (error instanceof Refusal && error.status === 400) stream.lastId = '';
    return error instanceof Refusal && REFUSED.includes(error.status) ? 'ended' : 'lost';
  } finally {
    clearTimeout(timer);
  }
}

/** Asking again would be told the same. */
const REFUSED: readonly number[] = [401, 403, 404];

/** A browser lets a server have six connections at a time: a page that nobody sees opens none. */
function untilSeen(abort: AbortSignal): Promise<void> {
  return document.hidden ? first(abort, [document, 'visibilitychange']) : Promise.resolve();
}

/** At most so long; no longer where the network is back, or nobody wants it any more. */
async function pause(ms: number, abort: AbortSignal): Promise<void> {
  await first(AbortSignal.any([abort, AbortSignal.timeout(ms)]), [window, 'online']);
}

function first(abort: AbortSignal, [target, name]: [EventTarget, string]): Promise<void> {
  if (abort.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const listening = new AbortController();
    const settle = (): void => {
      listening.abort();
      resolve();
    };
    abort.addEventListener('abort', settle, { signal: listening.signal });
    target.addEventListener(name, settle, { signal: listening.signal });
  });
}

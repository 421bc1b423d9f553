// A call asked for before its answer is needed, so that the gateway's latency passes while the page before is processed.
import { setImmediate as turn } from 'node:timers/promises';

export interface AskedAhead<T> {
  /** The answer, or the error it ended with. */
  answer: Promise<T>;
  /** Ends the call if it is under way, and waits until it is over. Its error, if any, is nobody's any more. */
  drop(): Promise<void>;
}

/**
 * Resolves when the request had its chance to leave. undici uses a connection again one turn of the event loop after the answer before it:
 * work that holds the loop must begin behind this turn, or it holds the request back, too.
 */
export async function askedAhead<T>(ask: (signal: AbortSignal) => Promise<T>, outer: AbortSignal | undefined): Promise<AskedAhead<T>> {
  const stop = new AbortController();
  const onAbort = () => stop.abort(outer?.reason);
  if (outer?.aborted) onAbort();
  outer?.addEventListener('abort', onAbort, { once: true });
  const answer = ask(stop.signal).finally(() => outer?.removeEventListener('abort', onAbort));
  // It may fail while the page before is still being processed: the error waits until somebody asks for the answer.
  const over = answer.then(
    () => undefined,
    () => undefined,
  );
  await turn();
  return {
    answer,
    drop() {
      stop.abort(new DOMException('The walk was abandoned', 'AbortError'));
      return over;
    },
  };
}

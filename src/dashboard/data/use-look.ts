// What is read again and again while somebody looks at it; a hidden tab asks nothing.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

export interface Look<T> {
  value: T | undefined;
  /** Why the last look failed; what was seen before stays. */
  error: Error | undefined;
  again: () => void;
}

/** Reads at once, whenever `key` changes, and `everyMs` after each look. */
export function useLook<T>(key: string, read: (abort: AbortSignal) => Promise<T>, everyMs?: number): Look<T> {
  const [look, setLook] = useState<{ key: string; value?: T; error?: Error }>({ key });
  const [asked, setAsked] = useState(0);
  const reading = useRef(read);
  reading.current = read;
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const next = (): void => {
      if (everyMs !== undefined) timer = setTimeout(() => void once(), everyMs);
    };
    const once = async (): Promise<void> => {
      if (document.hidden) return next();
      try {
        const value = await reading.current(abort.signal);
        if (!abort.signal.aborted) setLook({ key, value });
      } catch (error) {
        if (abort.signal.aborted) return;
        const failed = error instanceof Error ? error : new Error(String(error));
        setLook((before) => ({ ...(before.key === key ? before : { key }), error: failed }));
      }
      if (!abort.signal.aborted) next();
    };
    void once();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [key, everyMs, asked]);
  const again = useCallback(() => setAsked((times) => times + 1), []);
  const isOfKey = look.key === key;
  return { value: isOfKey ? look.value : undefined, error: isOfKey ? look.error : undefined, again };
}

/** The time, once in a while: what says how long ago something was must be drawn again. */
export function useNow(everyMs = 10_000): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

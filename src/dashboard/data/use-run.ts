// A run as it is now: read once, then told by its events.
import { useCallback, useEffect, useState } from 'preact/hooks';
import { getRun, Refusal, Unreachable } from './client.js';
import { withNews } from './decisions.js';
import { follow, type Hearing } from './follow.js';
import type { Run, RunNews } from './types.js';

const TRY_AGAIN_MS = 3_000;
/** Several entries of the audit log come at a time. */
const GATHER_MS = 300;

export interface LiveRun {
  run: Run | undefined;
  error: Error | undefined;
  hearing: Hearing;
  again: () => void;
}

export function useRun(id: string): LiveRun {
  const [seen, setSeen] = useState<{ run?: Run; error?: Error }>({});
  const [hearing, setHearing] = useState<Hearing>('connecting');
  const [asked, setAsked] = useState(0);
  const again = useCallback(() => setAsked((times) => times + 1), []);

  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = async (): Promise<void> => {
      try {
        setSeen({ run: await getRun(id, abort.signal) });
      } catch (error) {
        if (abort.signal.aborted) return;
        setSeen((before) => ({ ...before, error: error instanceof Error ? error : new Error(String(error)) }));
        if (mayPass(error)) timer = setTimeout(() => void read(), TRY_AGAIN_MS);
      }
    };
    timer = setTimeout(() => void read(), asked === 0 ? 0 : GATHER_MS);
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [id, asked]);

  useEffect(() => {
    const abort = new AbortController();
    const onEvent = ({ name, data }: { name: string; data: string }): void => {
      if (name === 'state') setSeen(({ run }) => (run ? { run: withNews(run, JSON.parse(data) as RunNews) } : {}));
      // What an entry is about, the list has as a whole; and of what has ended the report is there now.
      else again();
    };
    void follow(id, { onEvent, onHearing: setHearing }, abort.signal);
    return () => abort.abort();
  }, [id, again]);

  return { run: seen.run, error: seen.error, hearing, again };
}

/** The next look may do better: nobody answered, or the server had trouble of its own. */
function mayPass(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof Refusal && error.status >= 500);
}

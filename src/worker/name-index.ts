// The index of names is filled while the worker has nothing more urgent to do with the ledger: behind the cohort, and in small turns.
import { setTimeout as pause } from 'node:timers/promises';
import type { Ledger } from '../ledger/index.js';
import type { Logger } from '../temporal/logger.js';

/** How soon a cohort that was frozen is begun with. */
const LOOK_EVERY_MS = 10_000;
/** Of its time it leaves the ledger, and the main thread, to others: four parts of five. */
const REST = 4;

interface Filling {
  ledger: Pick<Ledger, 'names' | 'isInPlace'>;
  logger: Pick<Logger, 'warn'>;
  everyMs?: number;
}

/** The function it returns ends that. */
export function keepNamesIndexed({ ledger, logger, everyMs = LOOK_EVERY_MS }: Filling): () => Promise<void> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const ended = (async () => {
    while (!signal.aborted) {
      try {
        await fillWhole(ledger, signal);
      } catch (error) {
        // Searches read all rows meanwhile.
        if (ledger.isInPlace()) logger.warn({ err: error }, 'cannot fill the index of names; trying again');
      }
      await rest(everyMs, signal);
    }
  })();
  return () => {
    stopping.abort();
    return ended;
  };
}

async function fillWhole({ names, isInPlace }: Filling['ledger'], signal: AbortSignal): Promise<void> {
  while (!signal.aborted && isInPlace()) {
    const startedAt = performance.now();
    if (!(await names.fill())) return;
    await rest((performance.now() - startedAt) * REST, signal);
  }
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal, ref: false }).catch(() => undefined);
}

// The part of a worker that writes into tickets. It works beside the runs, out of the ledger: whether Temporal, the ticket system or this
// worker is away, a run goes on, and what is to be told waits.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Logger } from '../temporal/logger.js';
import { type WritingBack, writePost } from './write-post.js';

interface Options extends Omit<WritingBack, 'holder' | 'warn'> {
  logger: Pick<Logger, 'warn'>;
  everyMs?: number | undefined;
}

const LOOK_EVERY_MS = 2_000;
/** A system that hangs must not keep the others waiting. */
const LANES = 4;

/** Begins to write what there is to write. The function it returns ends that, and waits for writes under way. */
export function startWriteBack({ logger, everyMs = LOOK_EVERY_MS, ...options }: Options): () => Promise<void> {
  const back: WritingBack = {
    ...options,
    holder: `${process.pid}@${hostname()} ${randomUUID()}`,
    warn: (context, message) => logger.warn(context, message),
  };
  const stopping = new AbortController();
  const { ticketPosts } = back.ledger;
  const safely = (work: () => Promise<void>) => async (): Promise<void> => {
    try {
      await work();
    } catch (error) {
      logger.warn({ err: error }, 'cannot look for what is to be written into tickets; trying again');
    }
  };
  // Each with a name of its own: a turn that one of them has lost is no turn of another's.
  const lane = (number: number) => async (): Promise<void> => {
    while (!stopping.signal.aborted && (await writeNext({ ...back, holder: `${back.holder} ${number}` })));
  };
  const stops = [
    repeated(
      safely(() => ticketPosts.noteMilestones()),
      everyMs,
    ),
    ...Array.from({ length: LANES }, (_, number) => repeated(safely(lane(number)), everyMs)),
  ];
  return async () => {
    stopping.abort();
    await Promise.all(stops.map((stop) => stop()));
  };
}

/** At once and then again and again, never twice at a time. */
function repeated(work: () => Promise<void>, everyMs: number): () => Promise<void> {
  let working: Promise<void> | undefined;
  const begin = (): void => {
    working ??= work().finally(() => {
      working = undefined;
    });
  };
  begin();
  const timer = setInterval(begin, everyMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await working;
  };
}

/** False when nothing is due. */
export async function writeNext(back: WritingBack): Promise<boolean> {
  const post = await back.ledger.ticketPosts.take(back.holder);
  if (post) await writePost(back, post);
  return post !== undefined;
}

import type { ClockReading } from '../../domain/clock/server-time.js';
import type { RunRow } from '../../ledger/rows/run.js';
import type { PollDependencies } from '../dependencies.js';

/**
 * Both clocks before the first read. A process that is stopped after its reads and goes on an hour later would else take what it
 * read for the state an hour later, and call unreachable what has long reported.
 */
export interface Began {
  poll: number;
  polledAt: number;
  clock: ClockReading;
}

export async function beginLook({ verdicts, database, serverClock }: PollDependencies['ledger'], run: RunRow): Promise<Began> {
  return { poll: await verdicts.beginPoll(run.id), polledAt: await database.now(), clock: await serverClock.reading() };
}

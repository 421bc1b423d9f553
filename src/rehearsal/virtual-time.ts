// The test server's clock, and the same clock for the ledger and the simulator, which read it without asking.
import { Connection } from '@temporalio/client';
import { InternalConnectionOptionsSymbol } from '@temporalio/client/lib/connection.js';
import { msToTs, requiredTsToMs } from '@temporalio/common/lib/time.js';

export interface VirtualTime {
  connection: Connection;
  /**
   * Epoch milliseconds of the rehearsed time, as of the last `follow`. It stands still meanwhile, though the server's clock goes on as
   * real time does while something is running: the speed of this machine must not change the result of a rehearsal.
   */
  now(): number;
  /** Takes over the server's clock: to be called before each attempt of an activity, during which it cannot jump. */
  follow(): Promise<void>;
  /** How far the server's clock has gone on since: a delay that was counted from `now` is shorter by that for the server. */
  lagMs(): Promise<number>;
  /** Lets the clock jump whenever nothing is running; it starts locked. Locks are counted. */
  unlock(): Promise<void>;
  lock(): Promise<void>;
  /** With one lock held: lets this much time pass, and holds the lock again. */
  pass(durationMs: number): Promise<void>;
  close(): Promise<void>;
}

/** `startsAt`: what the rehearsed clock says at first. The server's own may say anything: nothing compares the two. */
export async function connectVirtualTime(address: string, { startsAt }: { startsAt: number }): Promise<VirtualTime> {
  const connection = await Connection.connect({ address, [InternalConnectionOptionsSymbol]: { supportsTestService: true } } as object);
  const { testService } = connection;
  if (!testService) throw new Error('This version of the Temporal SDK has no access to the test service.');
  const serverNow = async (): Promise<number> => {
    const { time } = await testService.getCurrentTime({});
    return requiredTsToMs(time, 'time');
  };
  const offsetMs = startsAt - (await serverNow());
  let now = startsAt;
  const follow = async (): Promise<void> => {
    // Two may ask at once, and the later answer need not come last.
    now = Math.max(now, (await serverNow()) + offsetMs);
  };
  return {
    connection,
    now: () => now,
    follow,
    lagMs: async () => (await serverNow()) + offsetMs - now,
    unlock: async () => void (await testService.unlockTimeSkipping({})),
    lock: async () => void (await testService.lockTimeSkipping({})),
    async pass(durationMs) {
      await testService.unlockTimeSkippingWithSleep({ duration: msToTs(durationMs) });
      await follow();
    },
    close: () => connection.close(),
  };
}

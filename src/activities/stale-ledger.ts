// What an activity does where the ledger is old: it waits, and says why, before it writes anything.
import { type Issued, inWords } from '../domain/run/snapshot.js';
import type { Ledger } from '../ledger/index.js';
import { NotReady } from './failures.js';

/** An operator lifts it. */
const HELD_WAIT_MS = 2_500;
/** Only another ledger file ends it. */
const STALE_WAIT_MS = 30_000;

interface KnownRun {
  runId: string;
  /** What its workflow, or a heartbeat, says was issued. */
  known: Issued | undefined;
}

/**
 * What to wait for where the ledger lacks something of the run, or is held because it lacks something of another; undefined while it may
 * send.
 */
export async function whyStale(ledger: Pick<Ledger, 'staleness' | 'runs'>, run?: KnownRun): Promise<NotReady | undefined> {
  if (run && (await ledger.staleness.isStale(run.runId, run.known))) return staleLedger(ledger, run);
  const why = await ledger.staleness.held();
  return why === undefined ? undefined : new NotReady({ kind: 'halted', why: `all executions are halted: ${why}` }, HELD_WAIT_MS);
}

export async function staleLedger({ runs }: Pick<Ledger, 'runs'>, { runId, known }: KnownRun): Promise<NotReady> {
  const issued = inWords(await runs.issued(runId));
  const lacks = known ? `; ${inWords(known)} were issued` : ' or of its campaign, and more was issued';
  const why =
    `The ledger knows ${issued} of this run${lacks}. It is lost or was restored from an older backup. ` +
    'Restore the newest backup, or cancel the run.';
  return new NotReady({ kind: 'ledger', why }, STALE_WAIT_MS);
}

/** For activities that say by a `NotReady` what they wait for. */
export async function goOnUnlessStale(ledger: Pick<Ledger, 'staleness' | 'runs'>, run?: KnownRun): Promise<void> {
  const stale = await whyStale(ledger, run);
  if (stale) throw stale;
}

// The ledger as the command line sees it: it reads, and never creates.
import type { Copies } from '../ledger/copies.js';
import type { Ledger } from '../ledger/ledger.js';
import { defaultPolicy } from '../schema/policy.js';
import { CommandFailed, EXIT, type Invocation } from './context.js';
import { settingsOf } from './settings.js';

export type LedgerAccess = { ledger: Ledger } | { ledger?: undefined; problem: string };

/** The ledger, or a sentence that says why there is none. */
export async function findLedger(invocation: Invocation): Promise<LedgerAccess> {
  const { path } = settingsOf(invocation).ledger;
  const { openLedger } = await import('../ledger/ledger.js');
  try {
    return { ledger: await openLedger({ url: `sqlite:${path}`, create: false, caps: defaultPolicy().caps }) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/** Runs `work` with the ledger, and closes it. Throws `CommandFailed` when there is none. */
export async function withLedger<T>(invocation: Invocation, work: (ledger: Ledger) => Promise<T>): Promise<T> {
  const access = await findLedger(invocation);
  if (!access.ledger) throw new CommandFailed(EXIT.usage, access.problem);
  try {
    return await work(access.ledger);
  } finally {
    await access.ledger.close();
  }
}

/** Runs `work` with what the ledger knows of open copies; with nothing where there is no ledger, as before the first run. */
export async function withKnownCopies<T>(invocation: Invocation, work: (known: Pick<Copies, 'of'>) => Promise<T>): Promise<T> {
  const { ledger } = await findLedger(invocation);
  try {
    return await work(ledger?.copies ?? { of: async () => [] });
  } finally {
    await ledger?.close();
  }
}

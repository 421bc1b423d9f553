// The ledger as the command line sees it: it reads, and never creates.

import { defaultPolicy } from '../../contracts/policy.js';
import type { Vote } from '../../domain/in-doubt/trail-user.js';
import type { TrailVotes } from '../../ledger/executions/trail-votes.js';
import type { Ledger } from '../../ledger/index.js';
import type { Reader } from '../../ledger/reads/reader.js';
import type { Copies } from '../../ledger/rows/copies.js';
import { CommandFailed, EXIT, type Invocation } from '../invocation/context.js';
import { settingsOf } from '../invocation/settings.js';

export type LedgerAccess = { ledger: Ledger } | { ledger?: undefined; problem: string };

/** The ledger, or a sentence that says why there is none. */
export async function findLedger(invocation: Invocation): Promise<LedgerAccess> {
  const { path } = settingsOf(invocation).ledger;
  const { openLedger } = await import('../../ledger/index.js');
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

/** What the ledger of the runs knows, for whoever only asks. */
export interface Known {
  copies: Pick<Copies, 'of'>;
  trailVotes: Pick<TrailVotes, 'of' | 'add' | 'knownOurs'>;
  /** Which runs have some of the assets in an open execution now. */
  holdersAmong: Reader['holdersAmong'];
}

/** Runs `work` with what the ledger knows; with nothing where there is no ledger, as before the first run. */
export async function withKnown<T>(invocation: Invocation, work: (known: Known) => Promise<T>): Promise<T> {
  const { ledger } = await findLedger(invocation);
  try {
    return await work({
      copies: ledger?.copies ?? { of: async () => [] },
      trailVotes: votesBeside(ledger?.trailVotes),
      holdersAmong: async (assetIds) => (await ledger?.reader.holdersAmong(assetIds)) ?? [],
    });
  } finally {
    await ledger?.close();
  }
}

/** What the trail says meanwhile is remembered here, and not in the ledger. */
function votesBeside(stored: TrailVotes | undefined): Known['trailVotes'] {
  const seen: Vote[] = [];
  return {
    of: async (sender) => {
      const votes = (await stored?.of(sender)) ?? [];
      const known = new Set(votes.map(({ correlationUuid }) => correlationUuid));
      return [...votes, ...seen.filter(({ correlationUuid }) => !known.has(correlationUuid))];
    },
    add: async (_, votes) => {
      seen.push(...votes);
    },
    knownOurs: async (sender, limit) => (await stored?.knownOurs(sender, limit)) ?? [],
  };
}

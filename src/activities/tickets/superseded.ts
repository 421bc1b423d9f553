// A run whose ticket has given its authorisation to another run already: an event that came late, or a search beside one.
import type { Ledger } from '../../ledger/index.js';
import type { StoredRequest } from '../../ledger/rows/run.js';
import type { Opened } from '../../ledger/runs/registry.js';
import { partsOf } from '../../ledger/tickets/authorised.js';
import { nonRetryable } from '../failures.js';

/** Throws where nothing may begin under this id. Its ticket hears of it. */
export async function refuseUsedUp(
  ledger: Pick<Ledger, 'ticketPosts'>,
  opened: Opened,
  { runId, request }: { runId: string; request: Pick<StoredRequest, 'ticket'> },
): Promise<void> {
  if (opened === 'already-run')
    throw nonRetryable('AlreadyRun', `The workflow id ${runId} was already used in this ledger. Start again with another id.`);
  if (typeof opened === 'string') return;
  const [, generation] = partsOf(runId);
  const words = `The authorisation ${generation} came too late: ${opened.rival} is the run of this approval, or of a later one. Nothing was started.`;
  await ledger.ticketPosts.say(opened.rival, { key: `superseded-${generation}`, words });
  throw nonRetryable(
    'AlreadyRun',
    `${opened.rival} is the run of this approval of ticket ${request.ticket?.id ?? ''}, or of a later one. Nothing was started.`,
  );
}

// Whether the authorisation that a run was started by still stands, where its ticket is approved: it may be another one by now.
import type { Ledger } from '../../ledger/index.js';
import type { RunRow } from '../../ledger/rows/run.js';
import { generationIn, rivalOf } from '../../ledger/tickets/authorised.js';
import type { TicketApproval } from '../dependencies.js';

const COUNT = /^[0-9]{1,18}$/;

/**
 * Why nothing of the run may be sent any more although its ticket is approved; undefined where it may. For a run that has sent nothing: two
 * authorisations of one ticket are two runs, and both of them would reach the hosts that they share.
 */
export async function whySuperseded(ledger: Ledger, run: RunRow, now: TicketApproval): Promise<string | undefined> {
  const whole = run.campaign ? await ledger.runs.get(run.campaign.id) : run;
  // What follows from a run has no authorisation in its own id.
  if (now.kind !== 'approved' || !whole || whole.parentId !== undefined) return undefined;
  const generation = generationIn(whole.id, run.request.ticket?.id ?? '');
  if (generation === undefined) return undefined;
  if (now.generations && !now.generations.includes(generation))
    return `the approval that stands is ${now.generations.join(', ') || 'none'}, and the run is of ${generation}`;
  if (!COUNT.test(generation)) return undefined;
  const rival = await rivalOf(ledger.database, whole.id, { counted: true });
  return rival === undefined ? undefined : `its ticket was approved once more, and ${rival} is the run of that`;
}

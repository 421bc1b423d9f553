import type { Ledger } from '../../ledger/index.js';
import type { RunRow } from '../../ledger/rows/run.js';
import type { ActivityDependencies, TicketApproval } from '../dependencies.js';
import type { Wait } from '../failures.js';
import { whySuperseded } from './still-stands.js';

/** A ticket system may be down for hours; the run waits, and sends nothing. */
const UNREADABLE_WAIT_MS = 30_000;
/** Some systems answer 404 to whoever may not see a ticket: time for somebody to give back a permission that was taken by mistake. */
export const GONE_FOR_GOOD_MS = 15 * 60_000;

/**
 * Reads the run's ticket again before its first execution. Undefined when it is approved, which the ledger then knows; `withdrawn` when it
 * is not: the run is stopped, and of a campaign everything.
 */
export async function recheckTicket({ ledger, askTicket }: ActivityDependencies, run: RunRow): Promise<Wait | 'withdrawn' | undefined> {
  const { ticket } = run.request;
  if (!ticket) throw new Error(`The ledger knows no ticket of the run ${run.id}.`);
  const at = await ledger.ticketReadings.begin();
  const now: TicketApproval = askTicket ? await askTicket(ticket) : { kind: 'unreadable', why: 'this worker reads no tickets' };
  switch (now.kind) {
    case 'approved': {
      const why = await whySuperseded(ledger, run, now);
      if (why !== undefined) {
        await withdraw(ledger, run, `ticket ${ticket.id} of ${ticket.system}: ${why}: nothing was sent`);
        return 'withdrawn';
      }
      await ledger.ticketReadings.end(run.id, at);
      return undefined;
    }
    case 'not-asked':
      await ledger.ticketReadings.end(run.id, at);
      return undefined;
    case 'not-approved':
      await withdraw(ledger, run, `ticket ${ticket.id} of ${ticket.system} is not approved any more: nothing was sent`);
      return 'withdrawn';
    case 'gone': {
      const goneForMs = await ledger.ticketReadings.gone(run.id, at);
      if (goneForMs < GONE_FOR_GOOD_MS)
        return { waitMs: UNREADABLE_WAIT_MS, blocked: { kind: 'ticket', why: `ticket ${ticket.id}: ${now.why}` } };
      await withdraw(ledger, run, `ticket ${ticket.id} is gone, since ${Math.round(goneForMs / 60_000)} minutes: nothing was sent`);
      return 'withdrawn';
    }
    case 'unreadable':
      return { waitMs: UNREADABLE_WAIT_MS, blocked: { kind: 'ticket', why: `ticket ${ticket.id} cannot be read again: ${now.why}` } };
  }
}

/** A step is stopped with its campaign: of a crash in between, neither would know of the other. */
export async function withdraw(ledger: Ledger, run: RunRow, detail: string): Promise<void> {
  const whole = run.campaign?.id ?? run.id;
  await ledger.audit.add(whole, { action: 'approval-withdrawn', detail });
  await ledger.runs.stop(whole, 'stopped', 'approval-withdrawn');
}

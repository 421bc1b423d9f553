// What the ticket of a run says now, by the configuration file as it is now and the ticket as its system shows it.
import type { AskTicket, TicketApproval } from '../activities/dependencies.js';
import type { Config } from '../contracts/config/file.js';
import { withoutSecrets } from '../contracts/config/known-secrets.js';
import { authorisationsIn } from '../tickets/authorisations.js';
import { approvalIn, type ReadTicket, readAgain, ticketSource } from '../tickets/reading.js';

/** `config`: undefined for the moments in which the file was changed and is not read again yet. */
export function createAskTicket(config: () => Config | undefined, readTicket: ReadTicket): AskTicket {
  return async (ticket): Promise<TicketApproval> => {
    const settled = config();
    if (!settled) return { kind: 'unreadable', why: 'the configuration file has just been changed' };
    const hook = ticket.hook !== undefined && Object.hasOwn(settled.hooks, ticket.hook) ? settled.hooks[ticket.hook] : undefined;
    // Whoever takes a hook out of the file has not approved its tickets with that.
    if (!hook) return { kind: 'unreadable', why: `hook "${ticket.hook}" is not in the configuration file of the worker` };
    const source = ticketSource(settled, hook);
    if (!source) return { kind: 'not-asked' };
    const reading = await readAgain(readTicket, { hook, ticketId: ticket.id, source });
    // It goes into results and histories, and quotes what a connection said.
    if (reading.kind !== 'read') return { ...reading, why: withoutSecrets(reading.why) };
    const { isApproved, isWithdrawn, by } = approvalIn(hook, source, reading.record, ticket.id);
    if (!isApproved) return { kind: 'not-approved', withdrawn: isWithdrawn };
    const told = authorisationsIn(hook, reading.record);
    return { kind: 'approved', by, ...(told.kind === 'named' ? { generations: told.generations } : {}) };
  };
}

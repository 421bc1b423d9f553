// A ticket that nobody has told of: what its event would have started, decided by the same code as an event is.
import type { Config, Hook } from '../../contracts/config/file.js';
import { authorisationsIn } from '../authorisations.js';
import { ticketIdOf } from '../event.js';
import { isApproved, type TicketSource } from '../reading.js';
import { SENDERS } from '../senders/index.js';
import { valueAt } from '../senders/value-at.js';
import { decideStart, type StartDecision } from '../start-request.js';

/** The id that events of this ticket carry; undefined where the record does not tell it. */
export function foundTicketId(hook: Hook, record: unknown): string | undefined {
  if (hook.read?.ticket !== undefined) {
    const id = valueAt(record, hook.read.ticket);
    return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined;
  }
  const id = ticketIdOf(hook, eventOf(hook, record, ''));
  return id.ok ? id.value : undefined;
}

/**
 * One decision for each authorisation that stands on the ticket as read. `single`: it may be the one of any run that the ticket has had;
 * of GitHub's labels one may be the request and another its approval.
 */
export function decideFound(
  config: Pick<Config, 'playbooks' | 'tickets'>,
  { hookName, hook, source, record }: { hookName: string; hook: Hook; source: TicketSource; record: unknown },
): { decisions: StartDecision[]; single: boolean } {
  if (!isApproved(hook, source, record)) return { decisions: [{ kind: 'ignored', why: 'not approved' }], single: true };
  const told = authorisationsIn(hook, record);
  if (told.kind === 'untold') return { decisions: [{ kind: 'ignored', why: told.why }], single: true };
  const generations = told.kind === 'named' ? told.generations : [told.generation];
  const decisions = generations.map((generation) =>
    decideStart(config, hookName, hook, { payload: eventOf(hook, record, generation), ticket: { record, generation } }),
  );
  return { decisions, single: told.kind !== 'named' || !told.bySystem || hook.system === 'github' };
}

/** An event as the system would send it now, as far as the ticket tells: the hook's `map` is over events. */
function eventOf(hook: Hook, record: unknown, generation: string): unknown {
  return SENDERS[hook.system].translation.asEvent?.(record, generation) ?? record;
}

import type { Hook, System } from '../../src/contracts/config/hook.js';
import { ticketEventOf } from '../../src/tickets/event.js';
import { whyIgnored } from '../../src/tickets/senders/ignored.js';
import { NOW } from './deliveries.js';

type Setting = Partial<Pick<Hook, 'map' | 'read' | 'playbook'>> & { now?: Date; account?: string; record?: unknown };

/** What a hook of this system makes of an event: why it asks for nothing, what it asks for, or the problems with it. */
export function translated(system: System, payload: unknown, { now = NOW, account, record, ...mapping }: Setting = {}): unknown {
  const hook = { system, playbook: 'patch', ...mapping };
  const ignored = whyIgnored(hook, payload, { now, account });
  if (ignored !== undefined) return { ignored };
  const event = ticketEventOf(hook, { payload, ...(record === undefined ? {} : { ticket: { record } }) });
  return event.ok ? event.value : event.problems;
}

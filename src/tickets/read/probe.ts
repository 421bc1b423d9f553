// Whether a ticket system can be reached and takes our credential: for `overhaul doctor`, which changes nothing.
import type { Config, TicketsEntry } from '../../contracts/config/file.js';
import { type Environment, readSecret } from '../../contracts/config/secret-ref.js';
import { createTicketHttp, TicketSystemError } from '../http/client.js';
import { accessTo } from './read-ticket.js';

/**
 * `no-secret`: it is not on this machine, where it may not be needed. `refused`: not with this credential, or not at this address.
 */
export interface Probed {
  name: string;
  result: 'reached' | 'no-api' | 'no-secret' | 'refused' | 'unreachable';
  detail: string;
}

const TIMEOUT_MS = 10_000;

/** One entry after the other: whoever waits sees each as soon as it is known. */
export async function* probeTickets({ tickets, network }: Pick<Config, 'tickets' | 'network'>, env: Environment): AsyncGenerator<Probed> {
  const http = createTicketHttp({ allow: () => network.allow, timeoutMs: TIMEOUT_MS });
  try {
    for (const [name, entry] of Object.entries(tickets)) yield { name, ...(await probe(http, { name, entry, env })) };
  } finally {
    await http.close();
  }
}

async function probe(
  http: ReturnType<typeof createTicketHttp>,
  { name, entry, env }: { name: string; entry: TicketsEntry; env: Environment },
): Promise<Omit<Probed, 'name'>> {
  if (entry.system === 'standard') return { result: 'no-api', detail: 'standard: it has no API, nothing is read or written' };
  const secrets = [entry.username, entry.password, entry.token].filter((ref) => ref !== undefined);
  for (const ref of secrets) {
    const problem = await readSecret(ref, env).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    if (problem !== undefined) return { result: 'no-secret', detail: problem };
  }
  try {
    const access = await accessTo({ http, env }, { name, entry });
    if (typeof access === 'string') return { result: 'refused', detail: access };
    const { status } = await access.get(access.system.probe);
    if (status >= 200 && status < 300) return { result: 'reached', detail: `${entry.system} accepts the credential` };
    if (status === 429 || status >= 500) return { result: 'unreachable', detail: `${entry.system} answered ${status}` };
    return { result: 'refused', detail: `${entry.system} answered ${status}` };
  } catch (error) {
    if (!(error instanceof TicketSystemError)) throw error;
    return { result: error.why === 'address' || error.why === 'redirect' ? 'refused' : 'unreachable', detail: error.message };
  }
}

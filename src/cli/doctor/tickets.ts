// The ticket systems of the configuration file: are they there, and do they take our credentials? Nothing is written.
import { loadConfigFile } from '../../contracts/config/file.js';
import type { Environment } from '../../contracts/config/secret-ref.js';
import type { Check } from './checks.js';

/** Says nothing where there are none, or where the file cannot be used: that is told already. */
export async function* ticketChecks(env: Environment): AsyncGenerator<Check> {
  const config = loadConfigFile(undefined, env);
  if (!config.ok || Object.keys(config.value.tickets).length === 0) return;
  const { probeTickets } = await import('../../tickets/read/probe.js');
  for await (const { name, result, detail } of probeTickets(config.value, env))
    yield { name: 'tickets', ...CHECKS[result], detail: `${name}: ${detail}` };
}

const CHECKS = {
  reached: { state: 'ok' },
  'no-api': { state: 'ok' },
  'no-secret': { state: 'note', fix: 'Only the worker and the server need it. Run doctor in their environment to check it.' },
  refused: { state: 'wrong', fix: 'Check url, credential and network.allow of this entry: no ticket of it can start a run.' },
  unreachable: { state: 'unreachable', fix: 'Check url, the network, and HTTPS_PROXY. Its tickets start nothing until then.' },
} as const satisfies Record<string, Pick<Check, 'state' | 'fix'>>;

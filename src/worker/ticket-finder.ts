// Tickets that were approved without our hearing of it: found by a hook's search, and decided about as their events would be.
import type { FindTickets, TicketStarts, TicketsFound } from '../activities/dependencies.js';
import type { Config, Hook } from '../contracts/config/file.js';
import type { Environment } from '../contracts/config/secret-ref.js';
import { describeProblems } from '../contracts/request.js';
import { ticketWorkflowId } from '../domain/run/workflow-id.js';
import type { WorkflowInput } from '../temporal/start-run.js';
import { namesAuthorisations } from '../tickets/authorisations.js';
import { decideFound } from '../tickets/find/decide.js';
import { searchOf, searchTickets } from '../tickets/find/search.js';
import type { TicketHttp } from '../tickets/http/client.js';
import { type ReadTicket, readAgain } from '../tickets/reading.js';
import { type Asked, memoOf } from '../tickets/start-request.js';

interface Finding {
  /** Undefined for the moments in which the file was changed and is not read again yet. */
  config: () => Config | undefined;
  http: TicketHttp;
  env: Environment;
  readTicket: ReadTicket;
}

const CHANGED = { kind: 'unreadable', why: 'the configuration file has just been changed' } as const;

export function createFindTickets({ config, http, env, readTicket }: Finding): FindTickets {
  return {
    async search(hookName): Promise<TicketsFound> {
      const settled = config();
      if (!settled) return CHANGED;
      const hook = hookOf(settled, hookName);
      const search = hook && searchOf(settled, hook);
      if (!hook || !search) return { kind: 'not-asked' };
      try {
        const found = await searchTickets({ http, env }, { hook, ...search });
        if (found.kind === 'unreadable') return found;
        const tickets = found.ids.flatMap((id) => {
          const prefix = prefixOf(search.source.name, id);
          return prefix === undefined ? [] : [{ id, prefix }];
        });
        return { kind: 'found', tickets, isWhole: found.isWhole, single: !namesAuthorisations(hook) };
      } catch (error) {
        return { kind: 'unreadable', why: error instanceof Error ? error.message : String(error) };
      }
    },

    async decide(hookName, ticketId): Promise<TicketStarts> {
      const settled = config();
      if (!settled) return CHANGED;
      const hook = hookOf(settled, hookName);
      const search = hook && searchOf(settled, hook);
      if (!hook || !search) return { kind: 'decided', starts: [], refused: [] };
      const { source } = search;
      const reading = await readAgain(readTicket, { hook, ticketId, source, isSearch: true });
      // It was there a moment ago: whatever that means, the next look sees it.
      if (reading.kind !== 'read') return { kind: 'unreadable', why: reading.why };
      const { decisions, single } = decideFound(settled, { hookName, hook, source, record: reading.record });
      return {
        kind: 'decided',
        starts: decisions.flatMap((decision) =>
          decision.kind === 'start'
            ? [
                {
                  ...askedOf(decision),
                  workflowId: decision.workflowId,
                  memo: memoOf(decision, { found: true, ...(single ? { single } : {}) }),
                  single,
                },
              ]
            : [],
        ),
        refused: decisions.flatMap((decision) => (decision.kind === 'refused' ? [describeProblems(decision.problems)] : [])),
      };
    },
  };
}

function hookOf({ hooks }: Config, name: string): Hook | undefined {
  return Object.hasOwn(hooks, name) ? hooks[name] : undefined;
}

/** Of the ids of all runs of a ticket, whatever authorises them; undefined for an id that no run can have. */
function prefixOf(source: string, ticket: string): string | undefined {
  const key = ticketWorkflowId({ source, ticket, generation: '0' });
  return key.ok ? key.workflowId.slice(0, -1) : undefined;
}

function askedOf(asked: Asked): WorkflowInput {
  return asked.workflow === 'remediationRun'
    ? { workflow: asked.workflow, input: asked.input }
    : { workflow: asked.workflow, input: asked.input };
}

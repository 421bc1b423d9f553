// Looks at the tickets of a hook: starts what is approved there and never began, and takes back what has lost its approval since.
import { activityInfo, heartbeat, log } from '@temporalio/activity';
import { partsOf } from '../../ledger/tickets/authorised.js';
import { startRun } from '../../temporal/start-run.js';
import type { ActivityDependencies, FindTickets } from '../dependencies.js';
import { retryLater } from '../failures.js';
import { withHeartbeat } from '../heartbeat.js';
import { goOnUnlessStale } from '../stale-ledger.js';
import { takeBack } from './take-back.js';

export interface LookInput {
  hook: string;
  /** Only this one, of which an event has said that something changed. */
  ticket?: string | undefined;
  /** Of the ids of its runs. */
  prefix?: string | undefined;
}

/** At most five ids of each kind: the log has them all. */
export interface LookResult {
  found: number;
  started: string[];
  /** What approved tickets ask for and may not have. */
  refused: number;
  stopped: string[];
  /** Why this look has not seen everything. */
  unread?: string | undefined;
}

const START_WITHIN_MS = 10_000;
const TOLD_IDS = 5;
const LOOK_AGAIN_MS = 30_000;

export function createLookAtTickets(dependencies: ActivityDependencies) {
  return {
    async lookAtTickets({ hook, ticket, prefix }: LookInput): Promise<LookResult> {
      return withHeartbeat(async () => {
        // A ledger from a backup may have forgotten runs: what it knows of tickets proves nothing then.
        await goOnUnlessStale(dependencies.ledger);
        const back = await takeBack(dependencies, { hook, ticket, prefix });
        // One ticket is looked at because an event has hinted at it: nobody else may be there to hint again.
        if (ticket !== undefined && back.unread !== undefined) throw retryLater(LOOK_AGAIN_MS, back.unread);
        const found = ticket === undefined ? await startFound(dependencies, hook) : NOTHING_FOUND;
        const unread = back.unread ?? found.unread;
        return {
          ...{ found: found.found, started: found.started.slice(0, TOLD_IDS), refused: found.refused },
          ...{ stopped: back.stopped.slice(0, TOLD_IDS), ...(unread === undefined ? {} : { unread }) },
        };
      });
    },
  };
}

const NOTHING_FOUND: Omit<LookResult, 'stopped'> = { found: 0, started: [], refused: 0 };

async function startFound(dependencies: ActivityDependencies, hook: string): Promise<Omit<LookResult, 'stopped'>> {
  const { findTickets } = dependencies;
  const search = findTickets ? await findTickets.search(hook) : ({ kind: 'not-asked' } as const);
  if (!findTickets || search.kind === 'not-asked') return NOTHING_FOUND;
  if (search.kind === 'unreadable') {
    log.warn('the search for approved tickets gave no answer', { hook, why: search.why });
    return { ...NOTHING_FOUND, unread: search.why };
  }
  if (!search.isWhole) log.warn('the search for approved tickets has more results than are looked at: narrow find', { hook });
  const result = { found: search.tickets.length, started: [] as string[], refused: 0, unread: undefined as string | undefined };
  for (const ticket of search.tickets) {
    const known = await dependencies.ledger.ticketRuns.of(ticket.prefix);
    // Most of what a search finds has had its run: it is not read each time.
    if (search.single && known.length > 0) continue;
    const found = { ...ticket, hook, known };
    heartbeat({ hook, ticket: found.id });
    if (activityIsOver()) break;
    const one = await startOne(dependencies, findTickets, found);
    result.started.push(...one.started);
    result.refused += one.refused;
    result.unread ??= one.unread;
  }
  return result;
}

interface Found {
  hook: string;
  id: string;
  known: readonly string[];
}

async function startOne(
  { client, taskQueue }: ActivityDependencies,
  findTickets: FindTickets,
  { hook, id, known }: Found,
): Promise<{ started: string[]; refused: number; unread?: string }> {
  const decided = await findTickets.decide(hook, id);
  if (decided.kind === 'unreadable') {
    log.warn('a ticket that was found could not be read', { hook, ticket: id, why: decided.why });
    return { started: [], refused: 0, unread: `ticket ${id}: ${decided.why}` };
  }
  for (const why of decided.refused) log.warn('an approved ticket asks for what it may not have', { hook, ticket: id, why });
  const started: string[] = [];
  for (const { single, ...start } of decided.starts) {
    if (isKnown(known, start.workflowId, single)) continue;
    const { kind } = await startRun(client, { ...start, taskQueue, deadlineMs: START_WITHIN_MS });
    if (kind !== 'started') continue;
    log.info('a ticket was found approved, and its run is started', { hook, ticket: id, workflowId: start.workflowId });
    started.push(start.workflowId);
  }
  return { started, refused: decided.refused.length };
}

/**
 * Whether the authorisation has its run. Beside counts, a name is another way of naming authorisations than the hook had before: which of
 * them this is, nobody can tell.
 */
function isKnown(known: readonly string[], workflowId: string, single: boolean): boolean {
  if (single) return known.length > 0;
  const isCount = (id: string): boolean => /^[0-9]{1,18}$/.test(partsOf(id)[1]);
  return known.includes(workflowId) || (!isCount(workflowId) && known.some(isCount));
}

/** What is left is found by the next look; a retry of this one would start from the beginning as well. */
function activityIsOver(): boolean {
  const { startToCloseTimeoutMs, currentAttemptScheduledTimestampMs } = activityInfo();
  return Date.now() - currentAttemptScheduledTimestampMs > startToCloseTimeoutMs * 0.8;
}

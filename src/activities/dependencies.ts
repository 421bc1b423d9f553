import type { Client } from '@temporalio/client';
import type { Policy } from '../contracts/policy.js';
import type { RemediationRequest } from '../contracts/request.js';
import type { Ledger } from '../ledger/index.js';
import type { QualysOperations } from '../qualys/operations.js';
import type { Qualys } from '../qualys/types.js';
import type { RunAsk } from '../temporal/start-run.js';

/** Real milliseconds around one send of `execute`. */
export interface SendTimings {
  /** Between the permit and the first byte; later the request does not start any more. */
  sendWindowMs: number;
  httpTimeoutMs: number;
  /** Added to both before another attempt may resolve it. */
  settleMs: number;
}

export const SEND_TIMINGS: SendTimings = { sendWindowMs: 5_000, httpTimeoutMs: 30_000, settleMs: 5_000 };

/**
 * What the ticket says now. `not-asked`: its hook names no system, so the event was all there is. `withdrawn`: also after something was
 * executed. `by`: who has approved in the ticket, where it tells. `generations`: which authorisations stand, where it tells by name.
 */
export type TicketApproval =
  | { kind: 'approved'; by?: readonly string[] | undefined; generations?: readonly string[] | undefined }
  | { kind: 'not-approved'; withdrawn?: boolean | undefined }
  | { kind: 'not-asked' }
  | { kind: 'gone' | 'unreadable'; why: string };

/** Never throws: what cannot be told is unreadable. */
export type AskTicket = (ticket: NonNullable<RemediationRequest['ticket']>) => Promise<TicketApproval>;

/** Tickets that a hook searches for, and what they start, by the configuration as it is now. Never throws. */
export interface FindTickets {
  search(hook: string): Promise<TicketsFound>;
  /** The ticket is read again, and decided about as its event would be. */
  decide(hook: string, ticketId: string): Promise<TicketStarts>;
}

export type TicketsFound =
  /** `prefix`: of the ids of the ticket's runs. `isWhole`: there are no more. `single`: none starts more than one run by being found. */
  | { kind: 'found'; tickets: readonly { id: string; prefix: string }[]; isWhole: boolean; single: boolean }
  /** The hook searches for none, or is not there any more. */
  | { kind: 'not-asked' }
  | { kind: 'unreadable'; why: string };

/** `single`: it may be the authorisation of any run that the ticket has had. */
export type TicketStarts =
  | { kind: 'decided'; starts: readonly (RunAsk & { single: boolean })[]; refused: readonly string[] }
  | { kind: 'unreadable'; why: string };

/** What the activities work with; the worker's entry point puts it together. */
export interface ActivityDependencies {
  ledger: Ledger;
  /** What runs need, and the inventories that can choose their targets, with how much each of them holds. */
  qualys: Qualys &
    Pick<QualysOperations, 'gavAssets' | 'gavV1Assets' | 'edrAssets' | 'easmStatus' | 'count' | 'countGavAssets' | 'countGavV1Assets'>;
  /** Which user of which gateway we are: the fate of an execution sent as another one cannot be resolved. */
  sender: string;
  policy: Policy;
  /** Reads the ticket of a run again; without it, none that has to be read starts anything. */
  askTicket?: AskTicket | undefined;
  /** Without it, nothing is searched for. */
  findTickets?: FindTickets | undefined;
  /** For rechecks, which are runs of their own. */
  client: Client;
  /** The queue of the workflows. */
  taskQueue: string;
  /**
   * For the scheduler API: whose schedules they are where the operator says it, the zone its dates are read in, and the day it calls the
   * first of a week (`sunday`).
   */
  schedules: {
    userId?: string | undefined;
    userName?: string | undefined;
    timezone: string;
    weekStart?: 'sunday' | 'monday' | undefined;
  };
  timings: SendTimings;
  /** Waits up to this long are slept through in the activity, default 2 s; longer ones end its attempt and hold no slot. */
  napMs?: number | undefined;
}

/** As executions, permits and the trail's words for us are told apart by. */
export function senderOf({ username, url }: { username: string; url: string }): string {
  return `${username} at ${url}`;
}

/** What a poll asks of Qualys. */
export type PollDependencies = Pick<ActivityDependencies, 'ledger'> & {
  qualys: Pick<ActivityDependencies['qualys'], 'searchJobs' | 'searchAssetJobs' | 'countAssetJobs'>;
};

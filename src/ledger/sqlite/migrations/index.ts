// Every change of the tables, one a file, in the order of their numbers. A migration that any ledger has had is never edited: what comes
// next is a file of its own (migrations.test.ts has the digest of each).
import { RUNS_AND_EXECUTIONS } from './001-runs-and-executions.js';
import { TAGS_AND_CAMPAIGNS } from './002-tags-and-campaigns.js';
import { CLOCKS_COPIES_AND_POLICY } from './003-clocks-copies-and-policy.js';
import { VERDICTS } from './004-verdicts.js';
import { CHECK_INS } from './005-check-ins.js';
import { HEARD_JOBS_AND_REBOOTS } from './006-heard-jobs-and-reboots.js';
import { OUTCOME_COUNTS } from './007-outcome-counts.js';
import { AUTO_IN_FLIGHT } from './008-auto-in-flight.js';
import { TICKET_READINGS } from './009-ticket-readings.js';
import { TICKET_POSTS } from './010-ticket-posts.js';
import { GONE_TICKETS } from './011-gone-tickets.js';
import { AUDIT_CHAIN } from './012-audit-chain.js';
import { AUTHENTICATED_ORDERS } from './013-authenticated-orders.js';
import { NAME_INDEX } from './014-name-index.js';

/** `MIGRATIONS[i]` leads from version i to i + 1. */
export const MIGRATIONS: readonly (readonly string[])[] = [
  RUNS_AND_EXECUTIONS,
  TAGS_AND_CAMPAIGNS,
  CLOCKS_COPIES_AND_POLICY,
  VERDICTS,
  CHECK_INS,
  HEARD_JOBS_AND_REBOOTS,
  OUTCOME_COUNTS,
  AUTO_IN_FLIGHT,
  TICKET_READINGS,
  TICKET_POSTS,
  GONE_TICKETS,
  AUDIT_CHAIN,
  AUTHENTICATED_ORDERS,
  NAME_INDEX,
];

// What `targets.seenWithin` leaves out, by Qualys' clock as of the opening: its instants and its inventories' are the same clock's.
import { type LastSeen, STALE_AGENT, STALE_AGENTS, staleAgentsText, unknownText } from '../../domain/targets/stale-agents.js';
import { ROWS_PER_TRANSACTION } from '../../ledger/cohort/freeze.js';
import type { Ledger } from '../../ledger/index.js';

interface Leaving {
  runId: string;
  seen: LastSeen;
  /** Milliseconds of server time. */
  within: number;
  /** Qualys' time now. */
  now: number;
}

export async function leaveStaleAgents(ledger: Ledger, { runId, seen, within, now }: Leaving): Promise<void> {
  const before = now - within;
  let stale = 0;
  let part: string[] = [];
  const flush = async (): Promise<void> => {
    if (part.length > 0) await ledger.cohort.skip(runId, part, STALE_AGENT);
    stale += part.length;
    part = [];
  };
  for (const assetId of seen.before(before)) {
    part.push(assetId);
    if (part.length >= ROWS_PER_TRANSACTION) await flush();
  }
  await flush();
  const found = { stale, size: seen.size, unknown: seen.unknown, before };
  await ledger.audit.add(runId, { action: STALE_AGENTS, detail: staleAgentsText(found) });
  if (found.unknown > 0) await ledger.runs.addWarning(runId, `targets.seenWithin: ${unknownText(found)}`);
}

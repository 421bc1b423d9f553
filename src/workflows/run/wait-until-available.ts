import { CancellationScope } from '@temporalio/workflow';
import type { Blocked } from '../../domain/run/blocked.js';
import { isCancelled, qualysUnavailable } from '../shared/failures.js';
import type { RunState } from '../shared/state.js';
import { UNAVAILABLE_MS } from './work.js';

type Answer = { kind: 'blocked'; blocked: Blocked } | { kind: string };

/**
 * Asks again until the answer is another than `blocked`, and shows meanwhile why. Before the first send an hour without an answer from
 * Qualys fails the run as `QualysUnavailable` (docs/requests.md); afterwards nothing does.
 */
export async function answered<A extends Answer>(state: RunState, ask: () => Promise<A>): Promise<Exclude<A, { kind: 'blocked' }>> {
  for (;;) {
    const { blocked, unavailableSince } = state;
    const mayFail = unavailableSince !== undefined && !state.snapshot?.attempted;
    const answer = mayFail ? await within(UNAVAILABLE_MS - (Date.now() - unavailableSince), ask, blocked?.why ?? 'no answer') : await ask();
    const stillBlocked = 'blocked' in answer ? answer.blocked : undefined;
    state.blocked = stillBlocked;
    state.unavailableSince = stillBlocked?.kind === 'unavailable' ? (unavailableSince ?? Date.now()) : undefined;
    if (!stillBlocked) return answer as Exclude<A, { kind: 'blocked' }>;
  }
}

async function within<T>(limitMs: number, work: () => Promise<T>, why: string): Promise<T> {
  try {
    return await CancellationScope.withTimeout(Math.max(1, limitMs), work);
  } catch (error) {
    if (isCancelled(error) && !CancellationScope.current().consideredCancelled) throw qualysUnavailable(why);
    throw error;
  }
}

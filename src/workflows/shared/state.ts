// What a run carries from one history to the next: counts and reasons, never assets.
import type { ApprovalAsk, ApprovalRule } from '../../domain/run/approval.js';
import type { Blocked } from '../../domain/run/blocked.js';
import { emptyCounts, type RunReport } from '../../domain/run/outcome.js';
import { type Issued, isLate, mostIssued, type RunPhase, type RunSnapshot } from '../../domain/run/snapshot.js';
import type { Progress } from './messages.js';

export interface RunState {
  v: 1;
  /** The queue of the ledger that the run belongs to. */
  queue?: string | undefined;
  phase: RunPhase;
  requestedBy?: string | undefined;
  hasFollowUp: boolean;
  snapshot?: RunSnapshot | undefined;
  /** The most that the ledger ever said was issued: the last snapshot may come from one restored from a backup. */
  issued?: Issued | undefined;
  /** Why nothing can be sent, or opened, or scheduled. */
  blocked?: Blocked | undefined;
  /** Why nothing can be seen: kept apart, for what the watch says must not unsay what the dispatch said. */
  blind?: Blocked | undefined;
  /** Workflow time since which Qualys has given no answer. */
  unavailableSince?: number | undefined;
  ask?: ApprovalAsk | undefined;
  rejectedBy?: string | undefined;
  /** Updates that were carried out, with their results: their ids are only remembered by Temporal within one history. */
  doneUpdates: { id: string; result: number | null }[];
  /** The number of the last order that was given to the ledger. */
  lastOrder?: number | undefined;
}

/** Of one wave of a campaign's plan. */
export interface WaveGate {
  name: string;
  approval?: ApprovalRule | undefined;
  soakMs: number;
}

export function firstState(request: { requestedBy?: string | undefined; followUp?: unknown }): RunState {
  return { v: 1, phase: 'opening', requestedBy: request.requestedBy, hasFollowUp: request.followUp !== undefined, doneUpdates: [] };
}

export function takeSnapshot(state: RunState, snapshot: RunSnapshot): void {
  if (state.snapshot && isLate(snapshot, state.snapshot)) return;
  state.issued = mostIssued(state.issued, snapshot);
  state.snapshot = snapshot;
}

/** What `progress` says from now on: it can be asked after the end, too. */
export function takeReport(state: RunState, { counts, apiCalls }: RunReport): void {
  state.phase = 'finished';
  state.blocked = undefined;
  state.blind = undefined;
  if (!state.snapshot) return;
  const { etaMs: _etaMs, ...snapshot } = state.snapshot;
  state.snapshot = { ...snapshot, counts: { ...counts, pending: 0, running: 0 }, watched: 0, inDoubt: 0, callsUsed: apiCalls };
}

export function progressOf(state: RunState, now: number): Progress {
  const { snapshot, ask } = state;
  const blocked = state.blocked ?? state.blind;
  const etaMs = snapshot?.etaMs;
  return {
    phase:
      blocked && state.phase !== 'awaiting-approval' ? 'blocked' : snapshot?.paused && state.phase === 'running' ? 'paused' : state.phase,
    asOf: new Date(snapshot?.at ?? now).toISOString(),
    counts: snapshot?.counts ?? emptyCounts(),
    inFlight: (snapshot?.watched ?? 0) + (snapshot?.inDoubt ?? 0),
    callsUsed: snapshot?.callsUsed ?? 0,
    ...(snapshot && etaMs !== undefined ? { etaAt: new Date(snapshot.at + etaMs).toISOString() } : {}),
    ...(blocked ? { blocked: blocked.why } : {}),
    ...(ask
      ? {
          pending: {
            kind: ask.kind ?? 'run',
            ...(ask.wave === undefined ? {} : { wave: ask.wave }),
            digest: ask.digest,
            approvals: [...ask.approvals],
          },
        }
      : {}),
  };
}

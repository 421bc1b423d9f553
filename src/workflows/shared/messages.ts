import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { Adjustment, Decision, RetryOrder, Who } from '../../contracts/messages.js';
import type { LiveCounts } from '../../domain/run/outcome.js';

/** The answer to the query `progress` (docs/requests.md). Instants are ISO 8601 UTC. */
export interface Progress {
  phase: string;
  asOf: string;
  counts: LiveCounts;
  inFlight: number;
  callsUsed: number;
  etaAt?: string;
  blocked?: string;
  pending?: { kind: string; wave?: string; digest: string; approvals: string[] };
}

export const progress = defineQuery<Progress>('progress');
export const pause = defineUpdate<void, [Who]>('pause');
export const resume = defineUpdate<void, [Who]>('resume');
export const approve = defineUpdate<void, [Decision]>('approve');
export const reject = defineUpdate<void, [Decision]>('reject');
export const retryUnresolved = defineUpdate<number, [RetryOrder]>('retryUnresolved');
export const adjust = defineUpdate<void, [Adjustment]>('adjust');

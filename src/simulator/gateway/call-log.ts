import type { LimitVerdict } from './limits.js';

/** One call as the gateway saw it; `/auth` is not among them. */
export interface CallRecord {
  /** From 1. */
  number: number;
  /** Real and simulated epoch milliseconds of its arrival. */
  at: number;
  simulatedAt: number;
  method: string;
  path: string;
  user?: string;
  /** The status sent; 0 when no answer was sent. */
  status: number;
  remainingAnnounced?: number;
  toWaitAnnounced?: number;
  /** Why it was damaged or refused, if it was. */
  fault?: string;
  /**
   * True when the latest answer finished before this call arrived had announced `Remaining: 0` or a wait, and the place
   * it spoke of was not free yet: a well-behaved client never makes such a call.
   */
  againstAnnouncement: boolean;
}

export interface CallLog {
  readonly calls: CallRecord[];
  readonly total: number;
  readonly byPath: Readonly<Record<string, number>>;
  /** A call arrives; its fields are completed by `answered`. */
  arrived(call: { at: number; simulatedAt: number; method: string; path: string }): CallRecord;
  answered(record: CallRecord, verdict: LimitVerdict | undefined, at: number): void;
}

const RING_SIZE = 10_000;

export function createCallLog(keepAll: boolean): CallLog {
  const calls: CallRecord[] = [];
  const byPath: Record<string, number> = {};
  let total = 0;
  let announced: { at: number; until: number } | undefined;
  return {
    calls,
    byPath,
    get total() {
      return total;
    },
    arrived(call) {
      total += 1;
      byPath[call.path] = (byPath[call.path] ?? 0) + 1;
      const againstAnnouncement = announced !== undefined && announced.at < call.at && call.at < announced.until;
      const record: CallRecord = { number: total, ...call, status: 0, againstAnnouncement };
      calls.push(record);
      // Cut in blocks: shifting a full array for every call would cost more than the call.
      if (!keepAll && calls.length >= 2 * RING_SIZE) calls.splice(0, calls.length - RING_SIZE);
      return record;
    },
    answered(record, verdict, at) {
      if (!verdict || record.status === 0) return;
      if (verdict.remaining !== undefined) record.remainingAnnounced = verdict.remaining;
      if (verdict.toWaitSec !== undefined) record.toWaitAnnounced = verdict.toWaitSec;
      announced = verdict.nextAt === undefined ? undefined : { at, until: verdict.nextAt };
    },
  };
}

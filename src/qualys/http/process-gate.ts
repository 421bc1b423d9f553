// Limits kept by one process alone, where there is no ledger through which workers and command lines could share them.

import { type ClockMemory, observed, readClock } from '../../domain/clock/server-time.js';
import type { CallGate, GateAnswer, LimitEvidence, ServerClock } from '../../domain/limits/call-gate.js';
import { HOUR_MS, mayCall, type WindowFacts, wholeCap } from '../../domain/limits/rate-window.js';

/** A refusal that names no time (docs/qualys-api.md#rate-limits). */
const NAMELESS_WAIT_MS = 10_000;
/** The machine's clock as of the start, and on from there by one that nobody sets: a step ends no wait, and empties no window. */
const steadyNow = (): number => performance.timeOrigin + performance.now();

export class ProcessGate implements CallGate {
  readonly #caps: { callsPerHour: number; concurrency: number };
  readonly #now: () => number;
  /** When the calls of the last hour were sent, oldest first. */
  #sentAt: number[] = [];
  readonly #running = new Map<number, { sentAt: number; holdsUntil: number }>();
  #announced: WindowFacts['announced'];
  #blockedUntil = 0;
  #calls = 0;

  constructor(caps: { callsPerHour: number; concurrency: number }, now: () => number = steadyNow) {
    this.#caps = caps;
    this.#now = now;
  }

  async enter({ holdMs }: { holdMs: number }): Promise<GateAnswer> {
    const now = this.#now();
    this.#sentAt = this.#sentAt.filter((at) => at > now - HOUR_MS);
    for (const [id, { holdsUntil }] of this.#running) if (holdsUntil <= now) this.#running.delete(id);
    const answer = mayCall(this.#facts(now));
    if (answer.kind === 'wait') return answer;
    this.#calls += 1;
    this.#sentAt.push(now);
    if (this.#announced) this.#announced.sentSince += 1;
    this.#running.set(this.#calls, { sentAt: now, holdsUntil: now + holdMs });
    return { kind: 'go', callId: this.#calls };
  }

  async leave(callId: number, evidence: LimitEvidence | undefined): Promise<void> {
    this.#running.delete(callId);
    if (!evidence) return;
    const now = this.#now();
    const { limit, remaining, windowSec, toWaitSec = 0, refused } = evidence;
    if (toWaitSec > 0) this.#blockedUntil = now + Math.ceil(toWaitSec * 1_000);
    else if (refused) this.#blockedUntil = now + NAMELESS_WAIT_MS;
    if (remaining === undefined) return;
    const windowMs = windowSec === undefined ? HOUR_MS : windowSec * 1_000;
    // Calls still running may not be counted in what was announced.
    const sentSince = this.#running.size;
    this.#announced = { limit, remaining, windowMs, observedAt: now, sentSince, opensAt: now + windowMs };
  }

  async cancel(callId: number): Promise<void> {
    const call = this.#running.get(callId);
    if (!call) return;
    this.#running.delete(callId);
    this.#sentAt.splice(this.#sentAt.indexOf(call.sentAt), 1);
    if (this.#announced) this.#announced.sentSince -= 1;
  }

  #facts(now: number): WindowFacts {
    const { callsPerHour, concurrency } = this.#caps;
    const sentInHour = this.#sentAt.length;
    return {
      now,
      callsPerHour,
      sentInHour,
      hourOpensAt: this.#sentAt[Math.max(0, sentInHour - wholeCap(callsPerHour))],
      announced: this.#announced,
      blockedUntil: this.#blockedUntil,
      concurrency,
      running: this.#running.size,
    };
  }
}

/** Qualys' time by the `Date` headers that this process has seen, going on with its own clock. */
export function processClock(now: () => number = steadyNow): ServerClock {
  let memory: ClockMemory | undefined;
  return {
    async observe(serverMs) {
      memory = observed(memory, { local: now(), server: serverMs });
    },
    now: async () => readClock(memory, now()).now,
  };
}

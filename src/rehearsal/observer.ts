// Looks on while a campaign is rehearsed: every attempt of every activity passes here, with the rehearsed time before and after it.
import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { OpenStepInput } from '../activities/campaign/steps.js';
import type { DispatchInput, DispatchResult } from '../activities/dispatch/executions.js';
import type { ControlInput } from '../activities/run/control.js';
import type { WaveStatus } from '../domain/campaign/status.js';
import type { WaveVerdict } from '../domain/campaign/wave-gate.js';
import type { Blocked } from '../domain/run/blocked.js';
import type { VirtualTime } from './virtual-time.js';

export type EventKind =
  | 'frozen'
  | 'asks'
  | 'approved'
  | 'begins'
  | 'step'
  | 'waits'
  | 'breach'
  | 'resumed'
  | 'step-ends'
  | 'asks-how-to-go-on'
  | 'soaks'
  | 'closed'
  | 'finished';

export interface RehearsedEvent {
  /** Epoch milliseconds. */
  at: number;
  kind: EventKind;
  /** From 1; none for what concerns the campaign as a whole. */
  wave?: number | undefined;
  detail?: string | undefined;
}

/** Why time passed in a wave without anything being sent. */
export type WaitKind = 'approval' | 'decision' | 'breach' | 'soak' | Blocked['kind'];

/** What is done in the middle of an attempt, while the clock cannot jump. */
export interface OnAttempt {
  /** After an attempt that may have asked a person: `approval` of a campaign, or a look at whether the step is held. */
  asked(campaignId: string): Promise<void>;
  worked(runId: string): Promise<void>;
}

interface Span {
  wave: number;
  kind: WaitKind;
  from: number;
}

export class Observer {
  readonly events: RehearsedEvent[] = [];
  attempts = 0;
  /** Attempts that are running just now, and when, in real time, one began or ended last. */
  running = 0;
  lastStirAt = performance.now();
  /** Attempts that ended in another way than by returning or waiting, since the last that did. */
  failures = 0;
  lastFailure: unknown;
  readonly #time: VirtualTime;
  readonly #waits = new Map<number, Map<WaitKind, number>>();
  /** What each run, and each wave's gate, waits for just now. */
  readonly #open = new Map<string, Span>();
  readonly #waveOf = new Map<string, number>();
  /** The step of a wave that was opened last, until it is judged. */
  readonly #stepOf = new Map<number, string>();

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  /** Milliseconds by wave and reason. Spans of several executions side by side count once each. */
  waits(wave: number): ReadonlyMap<WaitKind, number> {
    return this.#waits.get(wave) ?? new Map<WaitKind, number>();
  }

  note(kind: EventKind, more: { wave?: number | undefined; detail?: string | undefined } = {}): void {
    this.events.push({ at: this.#time.now(), kind, ...more });
  }

  waveOf(runId: string): number | undefined {
    return this.#waveOf.get(runId);
  }

  begin(key: string, wave: number, kind: WaitKind): void {
    this.end(key);
    this.#open.set(key, { wave, kind, from: this.#time.now() });
  }

  end(key: string): void {
    const span = this.#open.get(key);
    if (!span) return;
    this.#open.delete(key);
    const ofWave = this.#waits.get(span.wave) ?? new Map<WaitKind, number>();
    ofWave.set(span.kind, (ofWave.get(span.kind) ?? 0) + this.#time.now() - span.from);
    this.#waits.set(span.wave, ofWave);
  }

  interceptor(on: OnAttempt): ActivityInterceptorsFactory {
    return (context) => ({
      inbound: {
        execute: async (input, next) => {
          const [argument] = input.args as [unknown];
          const name = context.info.activityType;
          this.#stirs(1);
          this.attempts += 1;
          await this.#time.follow();
          if (name === 'dispatch') this.end((argument as DispatchInput).runId);
          try {
            const result = await next(input);
            this.failures = 0;
            await this.#returned(on, { name, argument, result });
            return result;
          } catch (error) {
            await this.#threw(on, { name, argument, error });
            throw await this.#fromNow(error);
          } finally {
            this.#stirs(-1);
          }
        },
      },
    });
  }

  #stirs(change: 1 | -1): void {
    this.running += change;
    this.lastStirAt = performance.now();
  }

  /** The next attempt begins when its delay is over, counted from the frozen time. */
  async #fromNow(error: unknown): Promise<unknown> {
    if (!(error instanceof ApplicationFailure) || typeof error.nextRetryDelay !== 'number') return error;
    const { message, type, category, nextRetryDelay } = error;
    const delayMs = Math.max(1, nextRetryDelay - (await this.#time.lagMs()));
    const kept = { ...(type ? { type } : {}), ...(category ? { category } : {}) };
    return ApplicationFailure.create({ ...kept, message, nonRetryable: false, nextRetryDelay: delayMs });
  }

  async #returned(on: OnAttempt, { name, argument, result }: { name: string; argument: unknown; result: unknown }): Promise<void> {
    switch (name) {
      case 'openCampaign':
        return this.#opened(result as { kind: string; cohort?: { size: number } });
      case 'setWave':
        return this.#waveSet(argument as WaveSet);
      case 'openStep':
        return this.#stepOpened(argument as OpenStepInput, result as { kind: string; size?: number });
      case 'judgeWave':
        return this.#judged(argument as { wave: number }, result as { judgement: WaveVerdict });
      case 'closeWave':
        return this.#closed(argument as { wave: number }, result as WaveStatus);
      case 'closeCampaign':
        return this.note('finished', { detail: (result as { status: string }).status });
      case 'controlRun': {
        const { runId, command } = argument as ControlInput;
        if (command.kind === 'await-approval') await on.asked(runId);
        return;
      }
      case 'dispatch': {
        const { runId } = argument as DispatchInput;
        this.#dispatched(runId, (result as DispatchResult).blocked, (argument as DispatchInput).reported);
        return on.worked(runId);
      }
      case 'watch':
        return on.worked((argument as { runId: string }).runId);
    }
  }

  async #threw(on: OnAttempt, { name, argument, error }: { name: string; argument: unknown; error: unknown }): Promise<void> {
    const isWaiting = error instanceof ApplicationFailure && error.type === 'RetryLater';
    this.failures = isWaiting ? 0 : this.failures + 1;
    this.lastFailure = error;
    if (name !== 'dispatch' && name !== 'watch') return;
    const { runId, reported } = argument as DispatchInput;
    const wave = this.#waveOf.get(runId);
    if (name === 'dispatch' && isWaiting && reported && wave !== undefined) this.begin(runId, wave, reported.kind);
    await on.worked(runId);
  }

  #opened({ kind, cohort }: { kind: string; cohort?: { size: number } }): void {
    if (kind === 'opened') this.note('frozen', { detail: `${cohort?.size ?? 0} assets` });
  }

  #waveSet({ wave, status, why, approvedBy, begins }: WaveSet): void {
    const gate = `gate ${wave}`;
    this.end(gate);
    if (approvedBy) this.note('approved', { wave, detail: `by ${approvedBy.join(', ')}` });
    else if (status === 'awaiting-approval') {
      this.begin(gate, wave, 'approval');
      this.note('asks', { wave });
    } else if (status === 'awaiting-decision') {
      this.begin(gate, wave, 'decision');
      this.note('asks-how-to-go-on', { wave, detail: why });
    } else if (status === 'soaking') {
      this.begin(gate, wave, 'soak');
      // The wave says so again after each verdict that comes late.
      if (this.events.findLast((event) => event.wave === wave)?.kind !== 'soaks') this.note('soaks', { wave });
    } else if (begins) this.note('begins', { wave });
  }

  #stepOpened({ runId, wave, step }: OpenStepInput, { kind, size }: { kind: string; size?: number }): void {
    if (kind !== 'opened') return;
    this.#waveOf.set(runId, wave);
    this.#stepOf.set(wave, step);
    this.note('step', { wave, detail: `${step}, ${size ?? 0} assets` });
  }

  #judged({ wave }: { wave: number }, { judgement }: { judgement: WaveVerdict }): void {
    this.end(`gate ${wave}`);
    const step = this.#stepOf.get(wave);
    if (step === undefined) return;
    this.#stepOf.delete(wave);
    this.note('step-ends', { wave, detail: `${step}: ${judgement.verdict}` });
  }

  #closed({ wave }: { wave: number }, status: WaveStatus): void {
    this.end(`gate ${wave}`);
    this.note('closed', { wave, detail: status });
  }

  #dispatched(runId: string, blocked: Blocked | undefined, shown: Blocked | undefined): void {
    const wave = this.#waveOf.get(runId);
    if (wave === undefined || !blocked) return;
    this.begin(runId, wave, blocked.kind);
    if (blocked.kind !== shown?.kind && !this.#hasJustSaid(wave, blocked))
      this.note('waits', { wave, detail: `${blocked.kind}: ${blocked.why}` });
  }

  /** An interval that is tried shorter, and refused, is a wait of which nobody has to hear again. */
  #hasJustSaid(wave: number, { kind }: Blocked): boolean {
    const last = this.events.findLast((event) => event.wave === wave);
    return last?.kind === 'waits' && last.detail?.startsWith(`${kind}: `) === true;
  }
}

interface WaveSet {
  wave: number;
  status: WaveStatus;
  why?: string | undefined;
  approvedBy?: readonly string[] | undefined;
  begins?: boolean | undefined;
}

import { allHandlersFinished, CancellationScope, condition } from '@temporalio/workflow';
import type { DispatchResult } from '../../activities/dispatch/executions.js';
import type { WatchResult } from '../../activities/polling/watch.js';
import { type Issued, mostIssued, type RunSnapshot } from '../../domain/run/snapshot.js';
import type { RunActivities } from '../shared/activity-proxies.js';
import { isCancelled, issuedBeforeFailure, qualysUnavailable } from '../shared/failures.js';
import { type RunState, takeSnapshot } from '../shared/state.js';

/** Before the first send, an hour without an answer fails the run (docs/requests.md). */
export const UNAVAILABLE_MS = 3_600_000;

/** The two activities that carry a run: one sends, one watches; both read what there is to do from the ledger. */
export class Work {
  readonly #runId: string;
  readonly #state: RunState;
  readonly #activities: RunActivities;
  #dispatch: CancellationScope | undefined;
  #watch: CancellationScope | undefined;
  #failure: Error | undefined;
  /** Something happened since the last dispatch ended: a slot may be free, an operator may have spoken. */
  #isWoken = true;
  /** How often the run was woken: a wake that nothing has acted on yet must not hide the next. */
  #wakes = 0;
  #dispatchAgainAt: number | undefined;

  constructor(runId: string, state: RunState, activities: RunActivities) {
    this.#runId = runId;
    this.#state = state;
    this.#activities = activities;
  }

  wake(): void {
    this.#isWoken = true;
    this.#wakes += 1;
  }

  /** Goes on until nothing is left to send, resolve, watch or fetch, or until `interrupted` says so. */
  async run(interrupted: () => boolean): Promise<'done' | 'interrupted'> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (interrupted()) return 'interrupted';
      // An order that was accepted counts, also when the last verdict comes while it is carried out.
      if (isDone(this.snapshot) && !this.#dispatch && !this.#watch && allHandlersFinished()) return 'done';
      if (this.#hasBeenUnavailable()) await this.#failUnlessAttempted();
      if (!this.#dispatch && this.#dispatchIsWanted()) this.#startDispatch();
      if (!this.#watch && (this.snapshot.watched > 0 || this.snapshot.outputsOwed > 0)) this.#startWatch();
      await this.#somethingNew();
    }
  }

  /** Ends both activities: what is on its way is waited for, what only waits is dropped. */
  async drain(): Promise<void> {
    // Temporal forgets the heartbeats of an activity that is cancelled between two attempts.
    if (this.#dispatch) this.#takeIssued(await this.#activities.dispatchIssued());
    this.#dispatch?.cancel();
    this.#watch?.cancel();
    await condition(() => !this.#dispatch && !this.#watch);
  }

  get snapshot(): RunSnapshot {
    if (!this.#state.snapshot) throw new Error('The run has not been opened.');
    return this.#state.snapshot;
  }

  #dispatchIsWanted(): boolean {
    const due = this.#dispatchAgainAt !== undefined && Date.now() >= this.#dispatchAgainAt;
    return (this.#isWoken || due) && hasWorkForDispatch(this.snapshot);
  }

  #startDispatch(): void {
    this.#isWoken = false;
    this.#dispatchAgainAt = undefined;
    // Shielded: what it has issued is asked for before it is cancelled.
    const scope = new CancellationScope({ cancellable: true, parent: new CancellationScope({ cancellable: false }) });
    this.#dispatch = scope;
    this.#follow(
      scope.run(() =>
        this.#activities.dispatch({
          runId: this.#runId,
          issued: mostIssued(this.#state.issued, this.snapshot),
          reported: this.#state.blocked,
        }),
      ),
      (result: DispatchResult) => {
        if (result.snapshot) takeSnapshot(this.#state, result.snapshot);
        this.#takeIssued(result.issued);
        this.#state.blocked = result.blocked;
        this.#state.unavailableSince = result.blocked?.kind === 'unavailable' ? (this.#state.unavailableSince ?? Date.now()) : undefined;
        this.#dispatchAgainAt = result.againMs === undefined ? undefined : Date.now() + result.againMs;
      },
      () => {
        this.#dispatch = undefined;
      },
    );
  }

  #startWatch(): void {
    const scope = new CancellationScope();
    this.#watch = scope;
    this.#follow(
      scope.run(() =>
        this.#activities.watch({
          ...{ runId: this.#runId, reported: this.#state.blind, reportedAt: this.snapshot.at, reportedWakes: this.snapshot.wakes },
          running: this.snapshot.counts.running,
          issued: this.#state.issued,
        }),
      ),
      (result: WatchResult) => {
        takeSnapshot(this.#state, result.snapshot);
        this.#state.blind = result.blocked;
        this.#isWoken = true;
      },
      () => {
        this.#watch = undefined;
      },
    );
  }

  #follow<T>(work: Promise<T>, taken: (result: T) => void, ended: () => void): void {
    void work.then(
      (result) => {
        ended();
        taken(result);
      },
      (error: unknown) => {
        ended();
        this.#takeIssued(issuedBeforeFailure(error));
        if (!isCancelled(error)) this.#failure = error instanceof Error ? error : new Error(String(error));
      },
    );
  }

  #takeIssued(issued: Issued | null | undefined): void {
    this.#state.issued = mostIssued(this.#state.issued, issued ?? undefined);
  }

  #hasBeenUnavailable(): boolean {
    const { unavailableSince, snapshot } = this.#state;
    return unavailableSince !== undefined && !snapshot?.attempted && Date.now() - unavailableSince >= UNAVAILABLE_MS;
  }

  /** «Nothing was sent» must be true of this moment: a dispatch under way is ended, and the ledger asked again. */
  async #failUnlessAttempted(): Promise<void> {
    const why = this.#state.blocked?.why ?? 'no answer';
    await this.drain();
    const { snapshot } = await this.#activities.watch({
      ...{ runId: this.#runId, reportedAt: this.snapshot.at, reportedWakes: this.snapshot.wakes },
      issued: this.#state.issued,
    });
    takeSnapshot(this.#state, snapshot);
    this.wake();
    if (!snapshot.attempted) throw qualysUnavailable(why);
    this.#state.unavailableSince = undefined;
  }

  async #somethingNew(): Promise<void> {
    const dispatch = this.#dispatch;
    const watch = this.#watch;
    const reported = this.#wakes;
    const handlersWereBusy = !allHandlersFinished();
    const changed = (): boolean =>
      this.#dispatch !== dispatch ||
      this.#watch !== watch ||
      this.#failure !== undefined ||
      this.#wakes !== reported ||
      (handlersWereBusy && allHandlersFinished());
    const wakeAt = this.#nextWake();
    if (wakeAt === undefined) await condition(changed);
    else await condition(changed, Math.max(1, wakeAt - Date.now()));
  }

  #nextWake(): number | undefined {
    const { unavailableSince, snapshot } = this.#state;
    // By the same rule as starting it: woken for a dispatch that is not wanted, the loop would start timers without end.
    const again = !this.#dispatch && hasWorkForDispatch(this.snapshot) ? this.#dispatchAgainAt : undefined;
    const failAt = unavailableSince !== undefined && !snapshot?.attempted ? unavailableSince + UNAVAILABLE_MS : undefined;
    const instants = [again, failAt].filter((instant) => instant !== undefined);
    return instants.length === 0 ? undefined : Math.min(...instants);
  }
}

export function isDone(snapshot: RunSnapshot): boolean {
  if (snapshot.watched > 0 || snapshot.inDoubt > 0 || snapshot.outputsOwed > 0) return false;
  return snapshot.stop !== undefined || (snapshot.waiting === 0 && snapshot.unsent === 0);
}

function hasWorkForDispatch(snapshot: RunSnapshot): boolean {
  if (snapshot.inDoubt > 0) return true;
  if (snapshot.stop || snapshot.paused) return false;
  return snapshot.unsent > 0 || (snapshot.waiting > 0 && snapshot.slotsTaken < snapshot.maxInFlight);
}

// How far a worker came before it failed: a Temporal that is away is waited for, all else an operator has to see to.

export type Stage = 'connecting' | 'beginning' | 'serving';

const FAILED: Readonly<Record<Stage, string>> = {
  connecting: 'Temporal cannot be reached',
  beginning: 'Temporal answers, but the worker cannot begin: it does no work',
  serving: 'the worker has failed',
};

export class Attempts {
  #stage: Stage = 'connecting';
  #failures = 0;

  begin(): void {
    this.#stage = 'connecting';
  }

  reached(stage: Stage): void {
    this.#stage = stage;
    if (stage === 'serving') this.#failures = 0;
  }

  /** What to say of the failure, and how many there were since the worker last served. */
  failed(): { failures: number; why: string } {
    this.#failures += 1;
    return { failures: this.#failures, why: FAILED[this.#stage] };
  }
}

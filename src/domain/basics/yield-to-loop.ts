// Long computations share their process with heartbeats, webhooks and other runs: they are written as generators and pause often.

/** Lets the event loop turn once, for example by `setImmediate`. Given by the caller, because domain/ has no timers. */
export type YieldToLoop = () => Promise<void>;

/** Array steps between two pauses: a few milliseconds of work, so that even a busy or slow machine stays far below 50 ms. */
const STEPS_BEFORE_YIELD = 8_192;

/** Counts work; `spend` says when it is time to yield. */
export class Pace {
  #steps = 0;

  spend(steps: number): boolean {
    this.#steps += steps;
    if (this.#steps < STEPS_BEFORE_YIELD) return false;
    this.#steps = 0;
    return true;
  }
}

/** Runs a generator to its end, yielding wherever it yields. */
export async function runYielding<T>(work: Generator<void, T>, yieldToLoop: YieldToLoop): Promise<T> {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    await yieldToLoop();
  }
}

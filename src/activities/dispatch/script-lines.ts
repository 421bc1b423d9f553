// Executions of one script are sent one after the other, in the whole ledger. Those of this process that wait for that stand in line here:
// each question for a permit is a transaction that reads all that could forbid it, and only one of them can be answered with yes.

/** Not the first in line, one asks this often all the same: the ledger forgets after 5 s who waits, and a run may have been stopped. */
const OTHERS_ASK_MS = 2_000;

interface Place {
  firstMs: number;
  call: () => void;
  timer: NodeJS.Timeout;
}

/** The ledger alone decides who sends: this only says who of this process asks it when. */
export class ScriptLines {
  readonly #lines = new Map<string, Place[]>();

  /**
   * Waits at the end of the script's line. Resolves when it is time to ask again: for the first in line after `firstMs`, or when a send of
   * this process has ended. Rejects with `cancelled`.
   */
  async wait(scriptId: string, firstMs: number, cancelled: Promise<never>): Promise<void> {
    const line = this.#lines.get(scriptId) ?? [];
    this.#lines.set(scriptId, line);
    let place: Place | undefined;
    try {
      const called = new Promise<void>((call) => {
        place = { firstMs, call, timer: setTimeout(call, line.length === 0 ? firstMs : OTHERS_ASK_MS) };
        line.push(place);
      });
      await Promise.race([called, cancelled]);
    } finally {
      this.#leave(scriptId, line, place);
    }
  }

  /** A send of this process has ended: whoever is the first in line need not wait any longer. */
  sent(scriptId: string): void {
    this.#lines.get(scriptId)?.[0]?.call();
  }

  #leave(scriptId: string, line: Place[], place: Place | undefined): void {
    if (!place) return;
    clearTimeout(place.timer);
    const wasFirst = line[0] === place;
    line.splice(line.indexOf(place), 1);
    const [next] = line;
    if (!next) this.#lines.delete(scriptId);
    else if (wasFirst) {
      clearTimeout(next.timer);
      next.timer = setTimeout(next.call, next.firstMs);
    }
  }
}

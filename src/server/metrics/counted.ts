// What the server counts itself, from its start on.
import type { Family, Labels, Sample } from './exposition.js';

/** One number for each combination of labels. They are bounded: no label is what a stranger sends. */
export class Counter {
  readonly #counts = new Map<string, { labels: Labels; value: number }>();

  constructor(
    readonly name: string,
    readonly help: string,
  ) {}

  add(labels: Labels, by = 1): void {
    const key = JSON.stringify(labels);
    const known = this.#counts.get(key);
    if (known) known.value += by;
    else this.#counts.set(key, { labels, value: by });
  }

  family(): Family {
    return { name: this.name, help: this.help, type: 'counter', samples: [...this.#counts.values()].map((sample) => ({ ...sample })) };
  }
}

interface Observed {
  labels: Labels;
  /** How many fell into each bucket, not those below it; the last is for all above. */
  buckets: number[];
  sum: number;
}

export class Histogram {
  readonly #observed = new Map<string, Observed>();

  /** `bounds` ascend. */
  constructor(
    readonly name: string,
    readonly help: string,
    readonly bounds: readonly number[],
  ) {}

  observe(labels: Labels, value: number): void {
    const key = JSON.stringify(labels);
    let observed = this.#observed.get(key);
    if (!observed) {
      observed = { labels, buckets: Array.from({ length: this.bounds.length + 1 }, () => 0), sum: 0 };
      this.#observed.set(key, observed);
    }
    const at = this.bounds.findIndex((bound) => value <= bound);
    const bucket = at < 0 ? this.bounds.length : at;
    observed.buckets[bucket] = (observed.buckets[bucket] ?? 0) + 1;
    observed.sum += value;
  }

  family(): Family {
    const samples = [...this.#observed.values()].flatMap((observed) => this.#samples(observed));
    return { name: this.name, help: this.help, type: 'histogram', samples };
  }

  #samples({ labels, buckets, sum }: Observed): Sample[] {
    let count = 0;
    const cumulative = buckets.map((n, index) => {
      count += n;
      const bound = this.bounds[index];
      return { suffix: '_bucket', labels: { ...labels, le: bound === undefined ? '+Inf' : String(bound) }, value: count };
    });
    return [...cumulative, { suffix: '_sum', labels, value: sum }, { suffix: '_count', labels, value: count }];
  }
}

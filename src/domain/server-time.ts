// Server time between two answers. In earnest it passes as ours does; a simulator may run faster, and tokens, grace periods and
// proofs count its time, so the rate is measured where it is plainly not one.

export interface ClockSamples {
  firstLocal: number;
  firstServer: number;
  lastLocal: number;
  lastServer: number;
}

/** Over less than this a header's whole seconds say nothing about a rate. */
const SHORTEST_SPAN_MS = 2_000;
/** Clocks that drift are not faster clocks. */
const PLAINLY_FASTER = 2;

export function serverTimeAt(local: number, samples: ClockSamples | undefined): number {
  if (!samples) return local;
  return Math.round(samples.lastServer + (local - samples.lastLocal) * clockRate(samples));
}

export function clockRate({ firstLocal, firstServer, lastLocal, lastServer }: ClockSamples): number {
  const spanMs = lastLocal - firstLocal;
  if (spanMs < SHORTEST_SPAN_MS) return 1;
  const rate = (lastServer - firstServer) / spanMs;
  return rate >= PLAINLY_FASTER ? rate : 1;
}

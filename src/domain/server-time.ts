// Server time between two answers. In earnest it passes as ours does; a simulator may run faster, and tokens, grace periods and
// proofs count its time, so the rate is measured where it is plainly not one.

export interface ClockSamples {
  firstLocal: number;
  firstServer: number;
  lastLocal: number;
  lastServer: number;
}

/** Two machines behind one gateway may disagree by seconds: only what exceeds this is passing time. */
const SKEW_MS = 10_000;
/** Clocks that drift are not faster clocks. */
const PLAINLY_FASTER = 2;

export function serverTimeAt(local: number, samples: ClockSamples | undefined): number {
  if (!samples) return local;
  return Math.round(samples.lastServer + (local - samples.lastLocal) * clockRate(samples));
}

export function clockRate({ firstLocal, firstServer, lastLocal, lastServer }: ClockSamples): number {
  const spanMs = lastLocal - firstLocal;
  const passedMs = lastServer - firstServer;
  return spanMs > 0 && (passedMs - SKEW_MS) / spanMs >= PLAINLY_FASTER ? passedMs / spanMs : 1;
}

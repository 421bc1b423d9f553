/** The gateway's clock: simulated milliseconds = start + (real − realStart) × speed. */
export interface SimulatedClock {
  /** Simulated epoch milliseconds. */
  now(): number;
  /** Real epoch milliseconds. */
  realNow(): number;
  readonly speed: number;
}

export function simulatedClock(options: { speed: number; skewMs: number; realNow: () => number }): SimulatedClock {
  const { speed, realNow } = options;
  const realStart = realNow();
  return { speed, realNow, now: () => Math.floor(realStart + options.skewMs + (realNow() - realStart) * speed) };
}

// What a forecast is made from.

export interface ForecastFacts {
  /** Epoch ms, like every instant here. */
  startsAt: number;
  waves: readonly ForecastWave[];
  limits: ForecastLimits;
  /** From the acceptance of an execution to its last verdict, as this script's executions have taken. */
  executionMs: number;
  /** The opening that is under way at an instant, else the next one; undefined when none comes. Always open when not given. */
  nextOpening?: ((at: number) => ForecastOpening | undefined) | undefined;
}

export interface ForecastWave {
  name: string;
  assets: number;
  /** In their order: each begins when the one before it has its last verdict, and `afterMs` later. */
  steps: readonly { name: string; executions: number; afterMs?: number | undefined }[];
  /**
   * How long the wave is watched after its last verdict before the next one may begin. Nothing waits for it after the last wave or an empty
   * one.
   */
  soakMs: number;
  /** True when somebody has to approve before it begins. */
  approval: boolean;
  /** From the start of a step's last execution to its last verdict; `executionMs` when not given, the deadline where assets are offline. */
  lastVerdictMs?: number | undefined;
}

export interface ForecastLimits {
  maxInFlight: number;
  executionsPerDay: number;
  /** What is left of them now. What is spent is taken to come back 24 hours after `startsAt`, which is the latest that it can. */
  executionsLeftToday: number;
  callsPerHour: number;
  callsLeft: number;
  /** Calls that an execution costs with its share of looks and output: 1.5 with many in flight, 3 with four (docs/benchmarks.md). */
  callsPerExecution: number;
  /** Between two executions of one script; 0 for none. */
  executeIntervalMs: number;
}

export interface ForecastOpening {
  opensAt: number;
  /** Absent when it stays open. */
  closesAt?: number | undefined;
}

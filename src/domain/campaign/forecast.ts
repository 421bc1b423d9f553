// When a campaign is likely to end, and what holds it back: every execution is placed at the earliest moment that interval, daily quota,
// call budget, concurrency and windows allow together. An estimate for people; the permit decides when the time comes.

import { spanText } from '../clock/span.js';
import type { ForecastFacts, ForecastLimits, ForecastWave } from './forecast-facts.js';
import { type Constraint, DAY_MS, Pace } from './forecast-pace.js';

export interface WaveForecast {
  name: string;
  assets: number;
  executions: number;
  calls: number;
  /** First execution; equal to `endsAt` when there is nothing to send. Absent, like the others, when no opening is left or long enough. */
  startsAt?: number;
  /** Last verdict. */
  endsAt?: number;
  /** With the soak that follows. */
  closesAt?: number;
  /** Without which the wave would end soonest; undefined when nothing but the executions themselves takes time. */
  bottleneck?: Constraint;
}

export interface Forecast {
  waves: WaveForecast[];
  executions: number;
  calls: number;
  /** Last verdict of the last wave. */
  endsAt?: number;
  bottleneck?: Constraint;
  /** Sentences: what was taken for granted, and what cannot be said. */
  notes: string[];
}

export function forecast(facts: ForecastFacts): Forecast {
  const placed = placeWaves(facts);
  const relaxed = CONSTRAINTS.map((constraint) => ({ constraint, ...placeWaves(WITHOUT[constraint](facts)) }));
  const bottleneck = heldBackBy(placed, relaxed);
  const waves = placed.waves.map(({ span, ...wave }, index) => {
    const held = heldBackBy(
      { span, waits: wave.waits },
      relaxed.map(({ constraint, waves: others }) => ({ constraint, span: others[index]?.span })),
    );
    const { waits: _waits, ...shown } = wave;
    return held ? { ...shown, bottleneck: held } : shown;
  });
  return {
    waves,
    executions: sum(waves.map(({ executions }) => executions)),
    calls: sum(waves.map(({ calls }) => calls)),
    ...(placed.span === undefined ? {} : { endsAt: facts.startsAt + placed.span }),
    ...(bottleneck ? { bottleneck } : {}),
    notes: notesOf(facts, waves),
  };
}

const CONSTRAINTS: readonly Constraint[] = ['interval', 'daily-quota', 'calls', 'concurrency', 'windows'];

const WITHOUT: Record<Constraint, (facts: ForecastFacts) => ForecastFacts> = {
  interval: (facts) => withLimits(facts, { executeIntervalMs: 0 }),
  'daily-quota': (facts) =>
    withLimits(facts, { executionsPerDay: Number.POSITIVE_INFINITY, executionsLeftToday: Number.POSITIVE_INFINITY }),
  calls: (facts) => withLimits(facts, { callsPerHour: Number.POSITIVE_INFINITY, callsLeft: Number.POSITIVE_INFINITY }),
  concurrency: (facts) => withLimits(facts, { maxInFlight: Number.POSITIVE_INFINITY }),
  windows: (facts) => ({ ...facts, nextOpening: undefined }),
};

function withLimits(facts: ForecastFacts, limits: Partial<ForecastLimits>): ForecastFacts {
  return { ...facts, limits: { ...facts.limits, ...limits } };
}

/**
 * The constraint without which it would end soonest. Where none alone would help, because two bind alike, the one that is waited for most.
 */
function heldBackBy(
  placed: { span?: number | undefined; waits: ReadonlyMap<Constraint, number> },
  relaxed: readonly { constraint: Constraint; span?: number | undefined }[],
): Constraint | undefined {
  const never = Number.MAX_SAFE_INTEGER;
  const gains = relaxed.map(({ constraint, span = never }) => ({ constraint, gain: (placed.span ?? never) - span }));
  const most = gains.reduce((best, other) => (other.gain > best.gain ? other : best));
  if (most.gain > 0) return most.constraint;
  const [waited] = [...placed.waits].sort(([, one], [, other]) => other - one);
  return waited?.[0];
}

interface PlacedWave extends WaveForecast {
  /** From when the wave may begin to its last verdict. */
  span?: number;
  waits: ReadonlyMap<Constraint, number>;
}

function placeWaves(facts: ForecastFacts): { waves: PlacedWave[]; span?: number; waits: ReadonlyMap<Constraint, number> } {
  const pace = new Pace(facts);
  const waits = new Map<Constraint, number>();
  let opensAt: number | undefined = facts.startsAt;
  const waves: PlacedWave[] = [];
  for (const [index, wave] of facts.waves.entries()) {
    const soakMs = index === facts.waves.length - 1 || wave.assets === 0 ? 0 : wave.soakMs;
    const placed: PlacedWave = placeWave(pace, wave, { opensAt, soakMs, facts });
    waves.push(placed);
    opensAt = placed.closesAt;
    for (const [constraint, ms] of placed.waits) waits.set(constraint, (waits.get(constraint) ?? 0) + ms);
  }
  return { waves, waits, ...(opensAt === undefined ? {} : { span: opensAt - facts.startsAt }) };
}

function placeWave(
  pace: Pace,
  wave: ForecastWave,
  { opensAt, soakMs, facts }: { opensAt: number | undefined; soakMs: number; facts: ForecastFacts },
): PlacedWave {
  const executions = sum(wave.steps.map((step) => step.executions));
  const sized = { name: wave.name, assets: wave.assets, executions, calls: Math.ceil(executions * facts.limits.callsPerExecution) };
  if (opensAt === undefined) return { ...sized, waits: new Map() };
  const lastVerdictMs = Math.max(facts.executionMs, wave.lastVerdictMs ?? 0);
  let endsAt = opensAt;
  let startsAt: number | undefined;
  for (const step of wave.steps) {
    if (step.executions === 0) continue;
    const starts = pace.place(step.executions, endsAt + (step.afterMs ?? 0));
    if (!starts) return { ...sized, waits: pace.takeWaits() };
    startsAt ??= starts.first;
    endsAt = starts.last + lastVerdictMs;
  }
  return { ...sized, startsAt: startsAt ?? endsAt, endsAt, closesAt: endsAt + soakMs, span: endsAt - opensAt, waits: pace.takeWaits() };
}

function notesOf({ waves, limits, startsAt, executionMs }: ForecastFacts, placed: readonly WaveForecast[]): string[] {
  const notes = ['Does not include retries, pauses and usage by other runs.'];
  const approved = waves.filter(({ approval, assets }) => approval && assets > 0).map(({ name }) => `"${name}"`);
  if (approved.length > 0) notes.push(`Assumes immediate approval of ${approved.join(', ')}.`);
  const spent = limits.executionsPerDay - limits.executionsLeftToday;
  if (spent > 0)
    notes.push(
      `${spent} executions of the last 24 h are used. Assumes they are available again at ${new Date(startsAt + DAY_MS).toISOString()}.`,
    );
  const unplaced = placed.find(({ endsAt }) => endsAt === undefined);
  if (unplaced)
    notes.push(`Wave "${unplaced.name}" has no end: no remaining window is as long as an execution (${spanText(executionMs)}).`);
  return notes;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

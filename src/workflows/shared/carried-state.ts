// The state that a workflow hands itself when it continues as new, as small as it has to be. It is one payload.
import { z } from 'zod';
import { jsonBytes } from '../../contracts/text.js';
import { clipped } from '../../domain/basics/well-formed.js';
import type { Blocked } from '../../domain/run/blocked.js';
import type { RunState, WaveGate } from './state.js';

/** Below the 16 KiB of every payload but the input, with room for the argument beside it. */
const STATE_BYTES = 15_000;
const WHY_LENGTH = 200;

/** A run's state, or that of a campaign. */
type State = RunState & { gates?: readonly WaveGate[]; waits?: Readonly<Record<string, Blocked>> };
type PackedGate = Omit<WaveGate, 'approval'> & { rule?: number };

/** What is not needed for going on is left out, the oldest of the updates last of all: their ids only guard against a repetition. */
export function carriedOver<S extends State>(state: S): unknown {
  const short = {
    ...state,
    ...(state.blocked ? { blocked: shortened(state.blocked) } : {}),
    ...(state.blind ? { blind: shortened(state.blind) } : {}),
    ...(state.waits ? { waits: Object.fromEntries(Object.entries(state.waits).map(([id, wait]) => [id, shortened(wait)])) } : {}),
    ...(state.gates ? packed(state.gates) : {}),
  };
  let room = STATE_BYTES - jsonBytes({ ...short, doneUpdates: [] });
  const kept = [];
  for (const update of state.doneUpdates.toReversed()) {
    room -= jsonBytes(update) + 1;
    if (room < 0) break;
    kept.unshift(update);
  }
  return { ...short, doneUpdates: kept };
}

/** Only the shape that matters for going on: whoever can continue a run as new is the run itself. */
const CarriedSchema = z.looseObject({
  v: z.literal(1),
  queue: z.string(),
  phase: z.string(),
  snapshot: z.looseObject({ claimed: z.number() }),
});

export function carriedState(carried: unknown): RunState {
  return unpacked(CarriedSchema.parse(carried)) as unknown as RunState;
}

/** The gates again, each with its rule. */
function unpacked(carried: object): object {
  if (!('gates' in carried) || !('rules' in carried)) return carried;
  const { gates, rules, ...rest } = carried as { gates: PackedGate[]; rules: WaveGate['approval'][] };
  return { ...rest, gates: gates.map(({ rule, ...gate }) => (rule === undefined ? gate : { ...gate, approval: rules[rule] })) };
}

/** Most waves have the plan's own rule: it is carried once. */
function packed(gates: readonly WaveGate[]): { gates: PackedGate[]; rules: WaveGate['approval'][] } {
  const places = new Map<string, number>();
  const rules: WaveGate['approval'][] = [];
  const packedGates = gates.map(({ approval, ...gate }) => {
    if (approval === undefined) return gate;
    const key = JSON.stringify(approval);
    const place = places.get(key) ?? rules.push(approval) - 1;
    places.set(key, place);
    return { ...gate, rule: place };
  });
  return { gates: packedGates, rules };
}

function shortened<B extends { why: string }>(blocked: B): B {
  return { ...blocked, why: clipped(blocked.why, WHY_LENGTH) };
}

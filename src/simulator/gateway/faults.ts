// Which call is damaged, and how: decided by the seed and the call's number alone.

import type { Route } from '../answers/routes.js';
import type { SimulatorSettings } from '../options.js';
import { chance } from '../world/chance.js';

/** What a call gets instead of its answer. */
export type Damage = { kind: 'reset' } | { kind: 'status'; status: number } | { kind: 'hang' };

/** Damage before any effect, by the call's number. */
export function damageBefore(settings: SimulatorSettings, callNumber: number): Damage | undefined {
  const { seed, faults } = settings;
  if (faults.failRate === 0 || chance(seed, 'call-fails', callNumber) >= faults.failRate) return undefined;
  const kind = Math.floor(chance(seed, 'call-fails-how', callNumber) * 3);
  return kind === 2 ? { kind: 'reset' } : { kind: 'status', status: kind === 0 ? 500 : 502 };
}

/** An effect: its number among all of them, and among those of its kind. */
export interface Effect {
  effect: number;
  kind: NonNullable<Route['effect']>;
  ofKind: number;
}

export function damageAfter(settings: SimulatorSettings, call: Effect): Damage | undefined {
  const { seed, faults } = settings;
  const named = { execute: faults.loseExecutes, import: faults.loseImports, clone: faults.loseClones, schedule: faults.loseSchedules }[
    call.kind
  ];
  const isNamed = named.includes(call.ofKind);
  const isDrawn = faults.dropAfterEffectRate > 0 && chance(seed, 'answer-lost', call.effect) < faults.dropAfterEffectRate;
  if (!isNamed && !isDrawn) return undefined;
  const ways: Damage[] = [{ kind: 'reset' }, { kind: 'status', status: 502 }, { kind: 'status', status: 504 }, { kind: 'hang' }];
  if (faults.lostAs === 'reset') return { kind: 'reset' };
  if (faults.lostAs === 'hang') return { kind: 'hang' };
  const draw = chance(seed, 'answer-lost-how', call.effect);
  if (faults.lostAs === 'status') return { kind: 'status', status: draw < 0.5 ? 502 : 504 };
  return ways[Math.floor(draw * ways.length)];
}

export function isTruncated(settings: SimulatorSettings, callNumber: number): boolean {
  const { seed, faults } = settings;
  return faults.truncateRate > 0 && chance(seed, 'truncated', callNumber) < faults.truncateRate;
}

/** The body of an error answer, and its content type. */
export function errorBody(settings: SimulatorSettings, status: number, message: string): { type: string; text: string } {
  switch (settings.faults.errorBody) {
    case 'empty':
      return { type: 'text/plain', text: '' };
    case 'html':
      return { type: 'text/html', text: `<html><head><title>${status}</title></head><body><h1>${status} Error</h1></body></html>` };
    case 'text':
      return { type: 'text/plain', text: message };
    default:
      return { type: 'application/json', text: JSON.stringify({ errorCode: String(status), message }) };
  }
}

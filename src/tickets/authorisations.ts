// What of a ticket authorises a run, by the ticket as it is read. It is the third part of the run's id, so an event and whoever reads the
// ticket later must find the same.
import type { Hook } from '../contracts/config/hook.js';
import { SENDERS } from './senders/index.js';
import { valueAt } from './senders/value-at.js';

export type Authorisations =
  /**
   * What names each one that stands. `bySystem`: the system gives the names, and they stay the same for as long as the authorisation does;
   * of a name that a hook has chosen nobody knows whether it changes with the next edit.
   */
  | { kind: 'named'; generations: readonly string[]; bySystem: boolean }
  /**
   * The system counts the updates of a ticket: an authorisation has the number of the update that gave it, and a later reading finds a
   * higher one. Of two runs of a ticket, the ledger then lets only the first begin, or a higher number (`ledger/tickets/authorised.ts`).
   */
  | { kind: 'counted'; generation: string }
  /** Only events tell. */
  | { kind: 'untold'; why: string };

export type GenerationHook = Pick<Hook, 'system' | 'map' | 'read'>;

export function authorisationsIn(hook: GenerationHook, record: unknown): Authorisations {
  const { generations, counts, map, view = (value: unknown) => value } = SENDERS[hook.system].translation;
  if (hook.read?.generation !== undefined) {
    const generation = label(valueAt(view(record), hook.read.generation));
    return generation === undefined
      ? { kind: 'untold', why: 'read.generation finds nothing in the ticket' }
      : { kind: 'named', generations: [generation], bySystem: false };
  }
  if (counts) {
    const generation = label(valueAt(record, hook.map?.generation ?? map.generation ?? ''));
    if (generation === undefined) return { kind: 'untold', why: 'the ticket does not have the generation that events have' };
    return isCount(generation) ? { kind: 'counted', generation } : { kind: 'named', generations: [generation], bySystem: false };
  }
  const named = hook.map?.generation === undefined ? generations?.(record) : undefined;
  return named ? { kind: 'named', generations: named, bySystem: true } : { kind: 'untold', why: untoldWhy(hook) };
}

function untoldWhy({ system, map }: GenerationHook): string {
  const by = map?.generation === undefined ? `events of ${system}` : 'map.generation';
  return `the generation comes from ${by} alone, and the ticket does not tell it: name it as read.generation`;
}

function isCount(generation: string): boolean {
  return /^[0-9]{1,18}$/.test(generation);
}

function label(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Whether a generation of this hook is a count of updates. */
export function isCounted({ system }: GenerationHook, generation: string): boolean {
  return SENDERS[system].translation.counts === true && isCount(generation);
}

/** Whether the system names authorisations by itself: only then a ticket that has had a run may be found to have another. */
export function namesAuthorisations({ system, map, read }: GenerationHook): boolean {
  return SENDERS[system].translation.generations !== undefined && map?.generation === undefined && read?.generation === undefined;
}

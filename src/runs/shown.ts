// What is told of one run as JSON, by the command line and by the server.
import type { NotJoinedList } from '../domain/targets/join-record.js';
import type { WaveView } from '../ledger/reads/campaign-view.js';
import type { AuditEntry } from '../ledger/rows/audit.js';
import type { HaltState } from '../ledger/runs/kill-switch.js';
import type { RunEnd } from '../temporal/runs/temporal-runs.js';
import { type Observation, stateWord } from './observe.js';

/** The policy that the workers go by. */
export interface PolicyInForce {
  version: number;
  digest: string;
  /** Undefined: the defaults, where there is no file. */
  source?: string;
  readAt: string;
  /** The configuration that this command sees says something else. */
  differs: boolean;
}

export interface Shown {
  seen: Observation;
  /** How a later start under the same id failed. */
  laterStart?: Extract<RunEnd, { kind: 'failed' }> | undefined;
  /** Without those that hold the list beside it. */
  audit: readonly AuditEntry[];
  notJoined: NotJoinedList;
  halted: HaltState | undefined;
  policy: PolicyInForce | undefined;
  warnings: readonly string[];
}

/** Temporal shows the newest workflow of an id, and that may be one that was refused because the id has had its run. */
export function withoutLaterStart(seen: Observation): Pick<Shown, 'seen' | 'laterStart'> {
  const { end, view } = seen;
  if (end?.kind !== 'failed' || end.type !== 'AlreadyRun' || !view?.run.report) return { seen };
  return { seen: { ...seen, end: { kind: 'report', report: view.run.report } }, laterStart: end };
}

export function shownJson({ seen, laterStart, audit, notJoined, halted, policy, warnings }: Shown) {
  const { workflowId, end, progress, question, view, workflow } = seen;
  const failure = end?.kind === 'failed' ? end : laterStart;
  return {
    workflowId,
    state: stateWord(seen),
    ...(workflow ? { workflow } : {}),
    ...(view ? { script: view.run.script, cohort: view.run.cohort, request: view.run.request } : {}),
    ...(view?.waves ? { waves: view.waves.map(waveJson) } : {}),
    ...(progress && !end ? { progress } : {}),
    ...(question ? { question } : {}),
    ...(halted ? { halted: haltJson(halted) } : {}),
    ...(end?.kind === 'report' ? { report: end.report } : {}),
    ...(failure ? { failure: { type: failure.type, message: failure.message, problems: failure.problems } } : {}),
    ...(notJoined.count > 0 ? { notJoined } : {}),
    ...(policy ? { policy } : {}),
    ...(warnings.length > 0 ? { warnings } : {}),
    audit: audit.map(({ at, ...entry }) => ({ at: new Date(at).toISOString(), ...entry })),
  };
}

/** A halted ledger as JSON has it everywhere: who, why and since when, as far as known. */
export function haltJson({ by, reason, at }: HaltState): { by?: string; reason?: string; since?: string } {
  return {
    ...(by === undefined ? {} : { by }),
    ...(reason === undefined ? {} : { reason }),
    ...(at === undefined ? {} : { since: new Date(at).toISOString() }),
  };
}

/** A wave, with its instants as text. */
export function waveJson({ waveNo, openedAt, closedAt, ...wave }: WaveView) {
  const instant = (at: number | undefined): string | undefined => (at === undefined ? undefined : new Date(at).toISOString());
  return { number: waveNo, ...wave, openedAt: instant(openedAt), closedAt: instant(closedAt) };
}

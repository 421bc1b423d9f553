// What happened to a campaign and its waves: the words of a report, from what the waves' assets came to (docs/requests.md).
import { type Counts, emptyCounts, OUTCOMES, type RunReport, type RunStatus, runStatus, type StopCause } from '../run/outcome.js';

/** The result of `remediationCampaign`: `script` is the remediate step's, `counts` are over all waves. */
export interface CampaignReport extends RunReport {
  waves: WaveReport[];
}

export function isCampaignReport(report: RunReport): report is CampaignReport {
  return 'waves' in report;
}

export interface WaveReport {
  name: string;
  status: WaveStatus;
  counts: Counts;
  approvedBy: string[];
  /** ISO 8601 UTC; absent when the wave was never begun. */
  openedAt?: string;
  closedAt?: string;
  /** The run that rolled the wave back, with its own report. */
  rollbackId?: string;
  /** Of a wave that was rolled back: how many assets the remedy may have changed that the rollback did not go to. */
  notRolledBack?: number;
}

/** What a wave is doing. `awaiting-decision`: it broke its budget, or is inconclusive, and a person has to say how to go on. */
export const WAVE_PHASES = ['waiting', 'awaiting-approval', 'running', 'soaking', 'awaiting-decision', 'rolling-back', 'closed'] as const;
export type WavePhase = (typeof WAVE_PHASES)[number];

/** A live wave's phase, or what a closed one came to. `skipped`: it was never begun; `empty`: it had no assets. */
export type WaveStatus = Exclude<WavePhase, 'closed'> | RunStatus | 'skipped' | 'empty' | 'rolled-back';

export interface WaveTally {
  counts: Counts;
  /** How many of the `skipped` were compliant. */
  compliant: number;
}

export interface WaveState extends WaveTally {
  phase: WavePhase;
  /** False when it ended before anything of it was begun. */
  begun: boolean;
  rolledBack?: boolean | undefined;
  /** Why it ended before its work was done, if it did. */
  stopped?: StopCause | undefined;
}

export function waveStatus({ phase, counts, compliant, begun, rolledBack, stopped }: WaveState): WaveStatus {
  if (phase !== 'closed') return phase;
  if (counts.targeted === 0) return 'empty';
  if (rolledBack) return 'rolled-back';
  if (!begun) return 'skipped';
  return runStatus({ counts, compliant, outOfCohort: 0, stopped });
}

/** As of a run: what ended it early goes before what its assets came to. A breach that an operator let pass is no stop. */
export function campaignStatus(facts: { waves: readonly WaveTally[]; outOfCohort: number; stopped?: StopCause | undefined }): RunStatus {
  const compliant = facts.waves.reduce((sum, wave) => sum + wave.compliant, 0);
  return runStatus({ counts: totalCounts(facts.waves), compliant, outOfCohort: facts.outOfCohort, stopped: facts.stopped });
}

export function totalCounts(waves: readonly { counts: Counts }[]): Counts {
  const { pending: _pending, running: _running, ...total } = emptyCounts();
  for (const { counts } of waves) for (const kind of ['targeted', ...OUTCOMES] as const) total[kind] += counts[kind];
  return total;
}

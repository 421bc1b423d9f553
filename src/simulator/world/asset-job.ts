// One asset job as it stands at an instant, derived from its job, its place in it and the clock.

import type { SimulatorSettings } from '../options.js';
import type { SimulatedJob, World } from './state.js';
import type { AssetJobTimes, Fate } from './timeline.js';
import { lifeOf } from './timeline.js';

export interface AssetJob {
  id: number;
  job: SimulatedJob;
  /** Index of the asset in the fleet. */
  asset: number;
  fate: Fate;
  times: AssetJobTimes;
}

export type AssetJobPhase = 'assigned' | 'uploaded' | 'finished';

export function assetJobOf(world: World, job: SimulatedJob, position: number): AssetJob {
  const index = job.assets[position] ?? 0;
  return {
    id: job.firstAssetJobId + position,
    job,
    asset: index,
    ...lifeOf(world.settings, job, position, world.absences.get(index)),
  };
}

export function phaseAt(assetJob: AssetJob, now: number): AssetJobPhase {
  if (assetJob.fate === 'offline' || now < assetJob.times.endedAt) return 'assigned';
  return now < assetJob.times.verdictAt ? 'uploaded' : 'finished';
}

/** Qualys' status word at this instant. */
export function statusAt(world: World, assetJob: AssetJob, now: number): string {
  const phase = phaseAt(assetJob, now);
  if (phase === 'assigned') return 'MANIFEST ASSIGNED';
  if (assetJob.fate === 'result-lost') return 'SCRIPT RESULT UPLOAD FAILED';
  if (phase === 'uploaded') return 'SCRIPT RESULT UPLOAD SUCCESS';
  if (assetJob.fate === 'unknown-bare' || assetJob.fate === 'unknown-with-code') return 'EXECUTION HELD BY POLICY';
  const { legacyStatus } = world.settings;
  if (assetJob.fate === 'failed') return legacyStatus ? 'FAILED' : 'EXECUTION FAILED';
  return legacyStatus ? 'SUCCESS' : 'EXECUTION PASSED';
}

/** The script's exit code, once there is one. */
export function exitCodeAt(world: World, assetJob: AssetJob, now: number): number | undefined {
  if (phaseAt(assetJob, now) !== 'finished') return undefined;
  if (assetJob.fate === 'failed') return 1;
  const told = toldResult(world, assetJob);
  if (told) return told.exitCode ?? undefined;
  return assetJob.fate === 'passed' || assetJob.fate === 'unknown-with-code' ? 0 : undefined;
}

/** What the options have a passed job tell. */
export function toldResult({ settings, fleet }: World, { fate, job, asset }: AssetJob): SimulatorSettings['results'][number] | undefined {
  if (fate !== 'passed') return undefined;
  return settings.results.find(
    ({ scriptId, assetIds }) =>
      (scriptId === undefined || scriptId === job.script.id) && (assetIds === undefined || assetIds.includes(fleet.assetId(asset))),
  );
}

// What happens to one asset job, and when: pure functions of seed, asset, attempt and clock. Nothing of it is stored.

import type { SimulatorSettings } from '../options.js';
import { between, chance } from './chance.js';

export type Fate = 'passed' | 'failed' | 'offline' | 'result-lost' | 'unknown-with-code' | 'unknown-bare';

/** How an asset's job ends, by the asset (index and id) and the number of the same user's execution on it, from 1. */
export function fateOf(settings: SimulatorSettings, asset: { index: number; assetId: number }, attempt: number): Fate {
  const { seed } = settings;
  const drawn = (label: string, share: number, named: readonly number[] = []) =>
    named.includes(asset.assetId) || (share > 0 && chance(seed, label, asset.index) < share);
  if (settings.offlineForMs === undefined && drawn('offline', settings.offlineRate, settings.offlineAssets)) return 'offline';
  if (drawn('result-lost', settings.resultLostRate, settings.resultLostAssets)) return 'result-lost';
  if (drawn('unknown', settings.faults.unknownStatusRate)) {
    return chance(seed, 'unknown-kind', asset.index) < 0.5 ? 'unknown-with-code' : 'unknown-bare';
  }
  const fails = attempt <= (settings.failAttempts ?? Number.POSITIVE_INFINITY);
  return fails && drawn('fail', settings.failRate, settings.failAssets) ? 'failed' : 'passed';
}

export interface AssetJobTimes {
  /** When the asset job exists. */
  assignedAt: number;
  startedAt: number;
  endedAt: number;
  /** When the verdict is there, which is also `enddate`. */
  verdictAt: number;
  outputAt: number;
  /** Until when the asset counts as disconnected; 0: never was. */
  offlineUntil: number;
}

/** The instants of one asset job in simulated epoch milliseconds; `position` is its place in the job, from 0. */
export function timesOf(
  settings: SimulatorSettings,
  asset: { index: number; assetId: number },
  job: JobTiming,
  position: number,
): AssetJobTimes {
  const { seed } = settings;
  const assignedAt = job.createdAt + settings.fanOutLagMs + position * settings.fanOutStaggerMs;
  const isNamed = (label: string, share: number, named: readonly number[]) =>
    named.includes(asset.assetId) || (share > 0 && chance(seed, label, asset.index) < share);
  const isOffline = isNamed('offline', settings.offlineRate, settings.offlineAssets);
  const offlineMs = isOffline ? offlineFor(settings, asset.index) : 0;
  const lateMs = isNamed('late', settings.lateRate, settings.lateAssets) ? settings.lateByMs : 0;
  const baseMs = between(settings.executionMs, chance(seed, 'execution', job.firstAsset, job.attempt));
  const ownMs = Math.min(settings.executionMs.max, Math.round(baseMs * (1 + 0.05 * chance(seed, 'jitter', asset.index, job.attempt))));
  const verdictAt = assignedAt + offlineMs + ownMs + lateMs;
  const endedAt = Math.max(assignedAt + offlineMs, verdictAt - settings.uploadSettlingMs);
  const scriptMs = Math.min(ownMs, 200 + Math.floor(chance(seed, 'duration', asset.index) * 5_000));
  return {
    assignedAt,
    endedAt,
    startedAt: Math.max(assignedAt, endedAt - scriptMs),
    verdictAt,
    outputAt: verdictAt + settings.resultLagMs,
    offlineUntil: isOffline ? assignedAt + offlineMs : 0,
  };
}

function offlineFor({ seed, offlineForMs }: SimulatorSettings, index: number): number {
  if (offlineForMs === undefined) return Number.POSITIVE_INFINITY;
  return typeof offlineForMs === 'number' ? offlineForMs : between(offlineForMs, chance(seed, 'offline-for', index));
}

/** An agent is not there: its host restarts. */
export interface Absence {
  from: number;
  /** Infinity: it never comes back. */
  until: number;
}

/** The parts of a job that say what becomes of its assets. */
interface JobLife {
  createdAt: number;
  assets: ArrayLike<number>;
  attempts: ArrayLike<number>;
}

/** How the asset job at a place of its job ends, and when; an agent that is away when it is assigned gets it when it is back. */
export function lifeOf(
  settings: SimulatorSettings,
  job: JobLife,
  position: number,
  absences: readonly Absence[] = [],
): { fate: Fate; times: AssetJobTimes } {
  const index = job.assets[position] ?? 0;
  const asset = { index, assetId: settings.firstAssetId + index };
  const timing = { createdAt: job.createdAt, firstAsset: job.assets[0] ?? 0, attempt: job.attempts[0] ?? 1 };
  const times = timesOf(settings, asset, timing, position);
  const fate = fateOf(settings, asset, job.attempts[position] ?? 1);
  const absence = absences.find(({ from, until }) => from <= times.assignedAt && times.assignedAt < until);
  if (!absence) return { fate, times };
  if (absence.until === Number.POSITIVE_INFINITY) return { fate: 'offline', times: { ...times, offlineUntil: absence.until } };
  const lateMs = absence.until - times.assignedAt;
  const { assignedAt, startedAt, endedAt, verdictAt, outputAt, offlineUntil } = times;
  return {
    fate,
    times: {
      assignedAt,
      startedAt: startedAt + lateMs,
      endedAt: endedAt + lateMs,
      verdictAt: verdictAt + lateMs,
      outputAt: outputAt + lateMs,
      offlineUntil: Math.max(offlineUntil, absence.until),
    },
  };
}

/** How long its host is away behind a script that restarts it; undefined where it does not, or did not run. */
export function absenceBehind(
  { seed }: SimulatorSettings,
  { reboots }: Pick<SimulatorSettings['scripts'][number], 'reboots'>,
  { index, assetId, fate, times }: { index: number; assetId: number; fate: Fate; times: AssetJobTimes },
): Absence | undefined {
  if (!reboots || fate === 'offline') return undefined;
  const isGone = reboots.neverAssets.includes(assetId) || chance(seed, 'never-back', index) < reboots.neverRate;
  const from = times.verdictAt;
  return { from, until: isGone ? Number.POSITIVE_INFINITY : from + between(reboots.awayMs, chance(seed, 'away', index)) };
}

export interface JobTiming {
  createdAt: number;
  /** Index of the job's first asset: with `attempt` it seeds the job's duration, so that the order of calls does not matter. */
  firstAsset: number;
  attempt: number;
}

/** What the script printed on this asset. */
export function outputOf(settings: SimulatorSettings, asset: { index: number; name: string }, fate: Fate): Buffer {
  return fate === 'failed' ? failedOutput(settings, asset) : passedOutput(settings, asset);
}

function passedOutput({ outputBytes, seed }: SimulatorSettings, { index, name }: { index: number; name: string }): Buffer {
  const length = between(outputBytes, chance(seed, 'output', index));
  return filled(length, name, `✓ ${name}: up to date\n`, `checked package ${index % 97} on ${name}, nothing to do\n`);
}

/** Why installations fail on fleets: half of them for the first reason. */
const FAILURES = [
  'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1207 (apt-get)',
  'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1207 (apt-get)',
  'E: You do not have enough free space in /var/cache/apt/archives/',
  'E: Failed to fetch openssl_3.0.15_amd64.deb: Connection timed out',
];
const TRIED =
  'Reading package lists...\nBuilding dependency tree...\nReading state information...\nThe following packages will be upgraded:\n  openssl\n';

/** Hosts that fail for the same reason print the same, save for their name: as long, too. */
function failedOutput({ outputBytes, seed }: SimulatorSettings, { index, name }: { index: number; name: string }): Buffer {
  const why = Math.floor(chance(seed, 'why', index) * FAILURES.length);
  const text = FAILURES[why] ?? '';
  const length = between(outputBytes, chance(seed, 'output', FAILURES.indexOf(text)));
  return filled(length, name, `✗ ${name}: the package could not be installed\n${text}\n`, TRIED);
}

function filled(length: number, name: string, head: string, filler: string): Buffer {
  const headBytes = Buffer.from(head);
  if (length <= headBytes.length) return Buffer.alloc(length, `${name} `);
  return Buffer.concat([headBytes, Buffer.alloc(length - headBytes.length, filler)]);
}

// Everything the gateway knows: scripts, the fleet, and what executions and schedules have made of it.

import type { SimulatorSettings } from '../options.js';
import { between, chance, uuidOf } from './chance.js';
import type { SimulatedClock } from './clock.js';
import { type Fleet, fleetOf } from './fleet.js';
import { type Absence, absenceBehind, lifeOf } from './timeline.js';

/** `content` is the script's text; an imported one keeps its base64 instead, bytes and line breaks as they came. */
export type SimulatedScript = SimulatorSettings['scripts'][number] & {
  base64?: string;
  createdAt?: number;
  visibleAt?: number;
  /** Of an imported one: description, severity, threshold, type and category, as they came. */
  told?: Readonly<Record<string, unknown>>;
};

/** A parent job. Its asset jobs are not stored: the k-th has the id `firstAssetJobId + k` and the asset `assets[k]`. */
export interface SimulatedJob {
  id: number;
  script: SimulatedScript;
  correlationUuid: string;
  username: string;
  createdAt: number;
  visibleAt: number;
  assets: Int32Array;
  /** For each asset the number of this user's execution on it, from 1. */
  attempts: Uint16Array;
  firstAssetJobId: number;
}

/** One effect of an execute call, for tests: what ran where, by whom, and whether the caller was told. */
export interface ExecutionRecord {
  user: string;
  scriptId: string;
  /** Assets that got an asset job. */
  assetIds: string[];
  correlationUuid: string;
  jobId: string;
  /** Simulated and real epoch milliseconds. */
  simulatedAt: number;
  realAt: number;
  /** False when the answer was lost after the effect. */
  answered: boolean;
}

export interface SimulatedSchedule {
  id: string;
  title: string;
  status: 'ACTIVE' | 'INACTIVE';
  createdBy: string;
  createdAt: number;
  body: Record<string, unknown>;
}

export interface AuditEntry {
  id: string;
  username: string;
  action: string;
  targetType: string;
  targetName: string;
  targetId: string;
  createdAt: number;
  visibleAt: number;
}

export interface World {
  readonly settings: SimulatorSettings;
  readonly clock: SimulatedClock;
  readonly fleet: Fleet;
  /** Simulated instant of the start. */
  readonly bornAt: number;
  readonly scripts: SimulatedScript[];
  readonly jobs: SimulatedJob[];
  readonly jobsById: Map<string, SimulatedJob>;
  readonly jobsByUuid: Map<string, SimulatedJob[]>;
  readonly executions: ExecutionRecord[];
  readonly schedules: SimulatedSchedule[];
  readonly audit: AuditEntry[];
  script(id: string): SimulatedScript | undefined;
  /** A script that was imported or cloned: it waits for its review. */
  addScript(facts: Pick<SimulatedScript, 'title' | 'platform' | 'base64' | 'told'> & { username: string; at: number }): SimulatedScript;
  /** The last execute that was accepted, by script id, and under `''` for the whole subscription. */
  readonly lastExecuteAt: Map<string, number>;
  /** When agents were, are and will be away, by index; in the order of the executions that restart their hosts. */
  readonly absences: Map<number, Absence[]>;
  execute(order: { username: string; script: SimulatedScript; assets: readonly number[]; at: number }): ExecutionRecord;
  record(entry: Omit<AuditEntry, 'id' | 'visibleAt'>): void;
}

/**
 * When the asset's agent checked in last: within the minute, unless told otherwise; while its host restarts, with the result of the script
 * that restarts it.
 */
export function agentSeenAt({ settings, fleet, clock, bornAt, absences }: World, index: number): number {
  const before = settings.seenBeforeMs[String(fleet.assetId(index))];
  const now = clock.now();
  const last = absences.get(index)?.findLast(({ from }) => from <= now);
  if (last && now < last.until) return last.from;
  const usual = before === undefined ? now - (now % 60_000) : bornAt - before;
  return last ? Math.max(usual, last.until) : usual;
}

const FIRST_SCRIPT_ID = 16_508;
const FIRST_JOB_ID = 80_507;
const FIRST_ASSET_JOB_ID = 900_001;

export function createWorld(settings: SimulatorSettings, clock: SimulatedClock): World {
  const fleet = fleetOf(settings);
  // Copies: a script that somebody changes is this world's alone.
  const known: SimulatedScript[] = settings.scripts.map((script) => ({ ...script }));
  const scripts = new Map(known.map((script) => [String(script.id), script]));
  // A ledger outlives the simulator, and holds correlation UUIDs to be unique: each start of the gateway makes its own.
  const bornAt = clock.now();
  const attemptsByUser = new Map<string, Uint16Array>();
  const world: World = {
    settings,
    clock,
    fleet,
    bornAt,
    scripts: known,
    jobs: [],
    jobsById: new Map(),
    jobsByUuid: new Map(),
    executions: [],
    schedules: settings.schedules.map((schedule, index) => ({
      ...schedule,
      id: uuidOf(`schedule ${settings.seed} ${bornAt} ${index}`),
      status: 'ACTIVE' as const,
      createdAt: bornAt,
    })),
    audit: [],
    lastExecuteAt: new Map(),
    absences: new Map(),
    script: (id) => scripts.get(id),
    addScript({ username, at, ...facts }) {
      const id = Math.max(FIRST_SCRIPT_ID - 1, ...Array.from(scripts.keys(), Number)) + 1;
      const script: SimulatedScript = { ...facts, id, status: 'PENDING_REVIEW', createdAt: at, visibleAt: at + settings.indexLagMs };
      world.scripts.push(script);
      scripts.set(String(id), script);
      world.record({ username, action: 'CREATE', targetType: 'script', targetName: script.title, targetId: String(id), createdAt: at });
      return script;
    },
    execute({ username, script, assets, at }) {
      const counted = attemptsByUser.get(username) ?? new Uint16Array(fleet.size);
      attemptsByUser.set(username, counted);
      const attempts = assets.map((index) => {
        counted[index] = (counted[index] ?? 0) + 1;
        return counted[index];
      });
      const correlationUuid = uuidOf(`execution ${settings.seed} ${bornAt} ${world.jobs.length}`);
      const jobs = partsOf(settings, assets, attempts[0] ?? 1).map(({ from, to, afterMs }) => {
        const part = { assets: Int32Array.from(assets.slice(from, to)), attempts: Uint16Array.from(attempts.slice(from, to)) };
        return addJob(world, { ...part, script, username, correlationUuid, createdAt: at + afterMs });
      });
      if (script.reboots) for (const job of jobs) restart(world, job);
      world.jobsByUuid.set(correlationUuid, jobs);
      world.lastExecuteAt.set('', at).set(String(script.id), at);
      world.record({
        username,
        action: 'EXECUTE',
        targetType: 'script',
        targetName: script.title,
        targetId: String(script.id),
        createdAt: at,
      });
      const record = executionRecord(world, jobs);
      world.executions.push(record);
      return record;
    },
    record(entry) {
      world.audit.push({
        ...entry,
        id: uuidOf(`audit ${settings.seed} ${bornAt} ${world.audit.length}`),
        visibleAt: entry.createdAt + settings.indexLagMs,
      });
    },
  };
  recordCreations(world);
  return world;
}

/** The scripts that were there before the start, as the audit trail has them. */
function recordCreations({ settings, bornAt, record }: World): void {
  for (const script of settings.scripts) {
    const facts = {
      username: settings.users[0]?.username ?? 'demo',
      targetType: 'script',
      targetName: script.title,
      targetId: String(script.id),
    };
    record({ ...facts, action: 'CREATE', createdAt: bornAt - 30 * 86_400_000 });
  }
}

function addJob(world: World, facts: Omit<SimulatedJob, 'id' | 'visibleAt' | 'firstAssetJobId'>): SimulatedJob {
  const last = world.jobs.at(-1);
  const job = {
    ...facts,
    id: FIRST_JOB_ID + world.jobs.length,
    visibleAt: facts.createdAt + world.settings.indexLagMs,
    firstAssetJobId: last ? last.firstAssetJobId + last.assets.length : FIRST_ASSET_JOB_ID,
  };
  world.jobs.push(job);
  world.jobsById.set(String(job.id), job);
  return job;
}

/** Its assets are away for a while when the script has ended there. */
function restart({ settings, fleet, absences }: World, job: SimulatedJob): void {
  for (const [position, index] of job.assets.entries()) {
    const known = absences.get(index) ?? [];
    const life = lifeOf(settings, job, position, known);
    const absence = absenceBehind(settings, job.script, { index, assetId: fleet.assetId(index), ...life });
    if (absence) absences.set(index, [...known, absence]);
  }
}

/** Which assets go into which job of one execution, and how much later it is made: all into one, or the last third into a second. */
function partsOf(settings: SimulatorSettings, assets: readonly number[], attempt: number): { from: number; to: number; afterMs: number }[] {
  const drawn = (label: string) => chance(settings.seed, label, assets[0] ?? 0, attempt);
  if (assets.length < 2 || settings.splitRate === 0 || drawn('split') >= settings.splitRate)
    return [{ from: 0, to: assets.length, afterMs: 0 }];
  const at = Math.ceil((assets.length * 2) / 3);
  return [
    { from: 0, to: Math.min(at, assets.length - 1), afterMs: 0 },
    { from: Math.min(at, assets.length - 1), to: assets.length, afterMs: between(settings.splitAfterMs, drawn('split after')) },
  ];
}

function executionRecord(world: World, jobs: readonly SimulatedJob[]): ExecutionRecord {
  const [job] = jobs as readonly [SimulatedJob];
  return {
    user: job.username,
    scriptId: String(job.script.id),
    assetIds: jobs.flatMap(({ assets }) => Array.from(assets, (index) => String(world.fleet.assetId(index)))),
    correlationUuid: job.correlationUuid,
    jobId: String(job.id),
    simulatedAt: job.createdAt,
    realAt: world.clock.realNow(),
    answered: true,
  };
}

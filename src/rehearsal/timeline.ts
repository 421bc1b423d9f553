// What a rehearsal shows: wave by wave when it would open and close, what it would send, and what would come of it.
import type { CampaignReport, WaveStatus } from '../domain/campaign/status.js';
import type { Counts, RunStatus } from '../domain/run/outcome.js';
import type { Ledger } from '../ledger/index.js';
import { lateVerdicts, type SentStep, sentBySteps } from '../ledger/reads/verdict-times.js';
import type { CallRecord } from '../simulator/gateway/call-log.js';
import type { EventKind, Observer, RehearsedEvent, WaitKind } from './observer.js';

/** Instants are epoch milliseconds. */
export interface RehearsedWave {
  name: string;
  size: number;
  status: WaveStatus;
  /** When it asked for its approval, where it did. */
  asksAt?: number;
  approvedBy: string[];
  opensAt?: number;
  /** Acceptance of its first and last execution. */
  firstSentAt?: number;
  lastSentAt?: number;
  closesAt?: number;
  executions: number;
  /** Of all calls while it was open, those for waves before it among them: in all, and in its busiest hour. */
  calls: number;
  busiestHour: number;
  counts: Counts;
  waits: { kind: WaitKind; ms: number }[];
}

export interface TimelineEvent {
  at: number;
  kind: EventKind | 'first-sent' | 'last-sent' | 'late-verdicts';
  wave?: string;
  detail?: string;
}

export interface Timeline {
  startsAt: number;
  endsAt: number;
  status: RunStatus;
  counts: Counts;
  waves: RehearsedWave[];
  events: TimelineEvent[];
  executions: number;
  calls: { total: number; busiestHour?: { at: number; calls: number }; byHour: { at: number; calls: number }[] };
  /** Verdicts that came after their asset was given up as unreachable. */
  late: { assetId: string; wave: string; at: number }[];
}

interface Facts {
  runId: string;
  startsAt: number;
  endsAt: number;
  report: CampaignReport;
  observer: Observer;
  calls: readonly CallRecord[];
}

const HOUR_MS = 3_600_000;

export async function timelineOf({ campaigns, database }: Pick<Ledger, 'campaigns' | 'database'>, facts: Facts): Promise<Timeline> {
  const { runId, startsAt, endsAt, report, observer } = facts;
  const stored = await campaigns.waves(runId);
  const sent = await sentBySteps(database, runId);
  const nameOf = (wave: number | undefined): string | undefined => stored.find(({ waveNo }) => waveNo === wave)?.name;
  const late = (await lateVerdicts(database, runId)).map(({ assetId, wave, at }) => ({
    assetId,
    wave: nameOf(wave) ?? '',
    at,
  }));
  const callsAt = facts.calls.map(({ at }) => at);
  const waves = stored.map((wave, index): RehearsedWave => {
    const steps = sent.filter((row) => row.wave === wave.waveNo);
    const [opensAt, closesAt] = [wave.openedAt, wave.closedAt];
    const own = opensAt === undefined ? [] : callsAt.filter((at) => at >= opensAt && at <= (closesAt ?? endsAt));
    return {
      name: wave.name,
      size: wave.size,
      status: wave.status,
      ...instant('asksAt', observer.events.find((event) => event.wave === wave.waveNo && event.kind === 'asks')?.at),
      approvedBy: wave.approvedBy,
      ...instant('opensAt', opensAt),
      ...instant('firstSentAt', least(steps.map(({ first }) => first))),
      ...instant('lastSentAt', greatest(steps.map(({ last }) => last))),
      ...instant('closesAt', closesAt),
      executions: steps.reduce((sum, { n }) => sum + n, 0),
      calls: own.length,
      busiestHour: busiestHour(own)?.calls ?? 0,
      counts: report.waves[index]?.counts ?? report.counts,
      waits: [...observer.waits(wave.waveNo)].map(([kind, ms]) => ({ kind, ms })).sort((a, b) => b.ms - a.ms),
    };
  });
  const busiest = busiestHour(callsAt);
  return {
    startsAt,
    endsAt,
    status: report.status,
    counts: report.counts,
    waves,
    events: eventsOf(observer.events, { sent, late, nameOf }),
    executions: report.executions,
    calls: { total: callsAt.length, ...(busiest ? { busiestHour: busiest } : {}), byHour: byHour(callsAt) },
    late,
  };
}

function eventsOf(
  observed: readonly RehearsedEvent[],
  { sent, late, nameOf }: { sent: readonly SentStep[]; late: Timeline['late']; nameOf: (wave: number | undefined) => string | undefined },
): TimelineEvent[] {
  const seen = observed.map(({ at, kind, wave, detail }): TimelineEvent => {
    const name = nameOf(wave);
    return { at, kind, ...(name === undefined ? {} : { wave: name }), ...(detail === undefined ? {} : { detail }) };
  });
  const sends = sent.flatMap(({ wave, step, n, first, last }): TimelineEvent[] => {
    const name = nameOf(wave) ?? '';
    const head: TimelineEvent = { at: first, kind: 'first-sent', wave: name, detail: n === 1 ? `${step}, the only one` : step };
    return n === 1 ? [head] : [head, { at: last, kind: 'last-sent', wave: name, detail: `${step}, of ${n}` }];
  });
  return [...seen, ...sends, ...lateByDay(late)].sort((a, b) => a.at - b.at);
}

/** One event for each wave and UTC day, at the first of its verdicts. */
function lateByDay(late: Timeline['late']): TimelineEvent[] {
  const days = new Map<string, { at: number; wave: string; count: number }>();
  for (const { wave, at } of late) {
    const key = `${wave} ${Math.floor(at / (24 * HOUR_MS))}`;
    const day = days.get(key);
    if (day) day.count += 1;
    else days.set(key, { at, wave, count: 1 });
  }
  return [...days.values()].map(({ at, wave, count }) => ({ at, kind: 'late-verdicts', wave, detail: String(count) }));
}

function byHour(at: readonly number[]): { at: number; calls: number }[] {
  const hours = new Map<number, number>();
  for (const instantMs of at) {
    const hour = Math.floor(instantMs / HOUR_MS) * HOUR_MS;
    hours.set(hour, (hours.get(hour) ?? 0) + 1);
  }
  return [...hours].map(([hour, calls]) => ({ at: hour, calls })).sort((a, b) => a.at - b.at);
}

/** The most calls in any 3,600 s, as the limit counts them, and when those began. */
function busiestHour(at: readonly number[]): { at: number; calls: number } | undefined {
  let most: { at: number; calls: number } | undefined;
  let from = 0;
  for (let to = 0; to < at.length; to += 1) {
    while ((at[to] ?? 0) - (at[from] ?? 0) >= HOUR_MS) from += 1;
    const calls = to - from + 1;
    if (!most || calls > most.calls) most = { at: at[from] ?? 0, calls };
  }
  return most;
}

function instant<Key extends string>(key: Key, at: number | undefined): { [K in Key]?: number } {
  return at === undefined ? {} : ({ [key]: at } as { [K in Key]: number });
}

function least(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.min(...values);
}

function greatest(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.max(...values);
}

// What of a run is worth an entry on its ticket: where it stands now as one word. A ticket is told milestones, never each step.
import type { WaveStatus } from '../campaign/status.js';
import type { RunPhase } from '../run/snapshot.js';

export interface MilestoneFacts {
  phase: RunPhase;
  paused: boolean;
  /** Ended: with a report, or before anything was attempted. */
  ended?: 'reported' | 'refused' | undefined;
  /** Of a campaign, in their order. */
  waves: readonly { no: number; status: WaveStatus }[];
}

const LIVE_WAVES: readonly WaveStatus[] = ['waiting', 'awaiting-approval', 'running', 'soaking', 'awaiting-decision', 'rolling-back'];

/** The last milestones of a run: nothing comes after them. */
export const LAST_MILESTONES: readonly string[] = ['finished', 'refused'];

/**
 * Undefined while there is nothing to tell; `before` is the milestone that was told last. The word is part of the marker of its entry:
 * letters, digits and hyphens.
 */
export function milestoneOf({ phase, paused, ended, waves }: MilestoneFacts, before?: string | undefined): string | undefined {
  if (ended !== undefined) return ended === 'reported' ? 'finished' : 'refused';
  if (phase === 'opening') return undefined;
  const asked = waves.find(({ status }) => status === 'awaiting-decision') ?? waves.find(({ status }) => status === 'awaiting-approval');
  if (asked) return `wave-${asked.no}-${asked.status === 'awaiting-decision' ? 'decision' : 'approval'}`;
  if (phase === 'awaiting-approval') return 'approval';
  if (paused) return 'paused';
  const closed = waves.filter(({ status }) => !LIVE_WAVES.includes(status)).length;
  // The last wave is told with the campaign's end, which follows at once.
  if (closed > 0 && closed === waves.length) return undefined;
  const decided = Number(/^wave-(\d+)-/.exec(before ?? '')?.[1] ?? 0);
  if (decided > closed) return `wave-${decided}-on`;
  return closed > 0 ? `waves-done-${closed}` : 'running';
}

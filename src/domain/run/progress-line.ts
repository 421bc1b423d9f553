// What `watch` prints where no one can redraw: a line when something has changed, and not too often.

import { spanText } from '../clock/span.js';
import { LIVE_OUTCOMES, OUTCOMES } from './outcome.js';
import { doneAssets, forecastOf, phaseWord, type RunProgress } from './progress.js';

/** A line at most this often: a log that is read later needs the course of things, not each step. */
export const LEAST_GAP_MS = 3_000;

export interface PrintedLine {
  at: number;
  text: string;
  /** The line without what changes by the mere passing of time: the forecast, and the calls that polling takes. */
  facts: string;
}

/** The line to print now, or undefined when nothing has changed or the last one is too recent. */
export function nextProgressLine(previous: PrintedLine | undefined, progress: RunProgress, now: number): PrintedLine | undefined {
  const facts = progressFacts({ ...progress, callsUsed: 0 });
  if (previous?.facts === facts) return undefined;
  if (previous && now - previous.at < LEAST_GAP_MS) return undefined;
  const etaAt = forecastOf(progress);
  const remainingMs = etaAt === undefined ? 0 : Date.parse(etaAt) - now;
  // A forecast that has passed was wrong: a straggler keeps the run, and nobody knows for how long.
  const remaining = remainingMs > 0 ? `, about ${spanText(remainingMs)} left` : '';
  return { at: now, text: `${new Date(now).toISOString()} ${progressFacts(progress)}${remaining}`, facts };
}

/** Such as `running: 40 of 100 done (39 succeeded, 1 failed), 10 pending, 50 running; 2 executions in flight, 7 calls`. */
export function progressFacts(progress: RunProgress): string {
  const { counts, inFlight, callsUsed, blocked, pending } = progress;
  const outcomes = OUTCOMES.filter((outcome) => counts[outcome] > 0).map((outcome) => `${counts[outcome]} ${outcome}`);
  const live = LIVE_OUTCOMES.filter((outcome) => counts[outcome] > 0).map((outcome) => `, ${counts[outcome]} ${outcome}`);
  const executions = inFlight === 1 ? '1 execution' : `${inFlight} executions`;
  const parts = [
    counts.targeted === 0
      ? phaseWord(progress)
      : `${phaseWord(progress)}: ${doneAssets(counts)} of ${counts.targeted} done${outcomes.length > 0 ? ` (${outcomes.join(', ')})` : ''}${live.join('')}`,
    `${executions} in flight, ${callsUsed === 1 ? '1 call' : `${callsUsed} calls`}`,
    ...(blocked ? [`blocked: ${blocked}`] : []),
    ...(pending ? [pendingText(pending)] : []),
  ];
  return parts.join('; ');
}

export function pendingText({ kind, wave, digest, approvals }: NonNullable<RunProgress['pending']>): string {
  const what = kind === 'breach' || kind === 'inconclusive' ? 'a decision' : 'approval';
  return `waits for ${what}${wave ? ` of wave ${wave}` : ''} (digest ${digest}, ${approvals === 1 ? '1 approval' : `${approvals} approvals`} so far)`;
}

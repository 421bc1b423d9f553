// Small parts of every page: a state, a trouble, a moment.

import { relative, utc } from '../text/format.js';
import { plain } from '../text/visible.js';

const GOOD: readonly string[] = ['succeeded', 'completed'];
const BAD: readonly string[] = ['failed', 'terminated', 'refused', 'timed out'];
const WAITS: readonly string[] = ['awaiting-approval', 'awaiting-decision', 'awaiting approval', 'paused', 'blocked'];
const ENDED: readonly string[] = ['partial', 'stopped', 'cancelled', 'skipped', 'empty', 'rolled-back'];

/** By the word alone; its colour only repeats it. */
export function State({ word }: { word: string }) {
  return <span class={`state ${toneOf(word)}`}>{plain(word).replaceAll('-', ' ')}</span>;
}

function toneOf(word: string): string {
  if (GOOD.includes(word)) return 'good';
  if (WAITS.includes(word)) return 'waits';
  if (ENDED.includes(word)) return 'mixed';
  // The name of a failure, as `PolicyViolation`.
  return BAD.includes(word) || /^[A-Z]/.test(word) ? 'bad' : 'live';
}

/** The last look failed; what is shown is older. */
export function Trouble({ error }: { error: Error | undefined }) {
  return (
    <div aria-live="polite" class="trouble">
      {error ? <p class="alarm">{plain(error.message)}</p> : null}
    </div>
  );
}

export function Moment({ at, now }: { at: string; now: number }) {
  return (
    <time dateTime={at} title={utc(at)}>
      {relative(at, now)}
    </time>
  );
}

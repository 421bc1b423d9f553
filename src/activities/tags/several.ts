// Memberships of several tags at once: a page takes its latency, and the gateway takes several calls at a time.
import type { Doubt, Members } from './read.js';

/** Readers of one run, where the gateway takes so many calls at once: more would only wait for each other's rows to be worked on. */
const MOST_READERS = 4;

/** As many at once as the gateway takes calls. */
export function readersFor(concurrency: number): number {
  return Math.max(1, Math.min(MOST_READERS, concurrency));
}

export interface ReadingSeveral {
  tagIds: readonly string[];
  /** How many are read at a time. */
  readers: number;
  /** `signal` is raised when another reader's answer ended the reading, or failed. */
  read: (tagId: string, signal: AbortSignal) => Promise<Members>;
  /** Whether this doubt makes every other answer worthless. */
  ends: (doubt: Doubt) => boolean;
}

/**
 * Who has each tag, in the order of `tagIds`, without those in doubt; or the one doubt that ended the reading. A call that is under way then
 * is aborted. Rejects with the first failure, when every reader is at rest.
 */
export async function readSeveral({ tagIds, readers, read, ends }: ReadingSeveral): Promise<Map<string, string[]> | Doubt> {
  const found = new Map<string, string[]>();
  const stop = new AbortController();
  let next = 0;
  let ended: Doubt | undefined;
  let failed: { error: unknown } | undefined;
  const reader = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const tagId = tagIds[next];
      next += 1;
      if (tagId === undefined) return;
      try {
        const members = await read(tagId, stop.signal);
        if (members.kind === 'members') found.set(tagId, members.assetIds);
        else if (ends(members)) ended ??= members;
      } catch (error) {
        // What it was aborted with is not a failure of its own.
        if (!stop.signal.aborted) failed = { error };
      }
      if (ended || failed) stop.abort(new DOMException('Another tag ended the reading', 'AbortError'));
    }
  };
  await Promise.all(Array.from({ length: Math.min(readers, tagIds.length) }, reader));
  if (failed) throw (failed as { error: unknown }).error;
  return ended ?? new Map(tagIds.flatMap((tagId) => entryOf(tagId, found.get(tagId))));
}

function entryOf(tagId: string, assetIds: string[] | undefined): [string, string[]][] {
  return assetIds ? [[tagId, assetIds]] : [];
}

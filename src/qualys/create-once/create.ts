// Creating scripts once: titles are looked up before anything is sent, and again when the answer is lost. Nothing is ever sent twice.

import { QualysError } from '../errors.js';
import type { ImportAnswer, QualysOperations } from '../operations.js';
import type { Qualys } from '../types.js';
import { type TitledScript, titledScripts, type WantedScript } from './titles.js';

export interface OnceOptions {
  /** Real milliseconds. */
  pause: (ms: number) => Promise<void>;
  /** Pauses before each look for a lost creation; default 5, 15, 30, 60, 120 and 120 s. */
  searchAfterMs?: readonly number[];
  /**
   * A call that Qualys' limits put off is sent later, as long as it waits no longer than this altogether; default 0. Put off is not
   * executed.
   */
  maxWaitMs?: number;
  /** Told before each pause. */
  onPause?: (facts: { pauseMs: number; message: string }) => void | Promise<void>;
  runId?: string | undefined;
}

/**
 * What happened to it. `created`: by Qualys' own answer, or found afterwards with the same content. `exists`: titles are taken, and nothing
 * was made. `not-created`: the answer was lost, and nothing of these titles is there long after. `unverified`: it cannot be told; ask again
 * later, or look. `quota`, `rejected`: Qualys will not. `refused`: not now; ask again after `waitMs` of real time.
 */
export type OnceFate =
  | { kind: 'created'; scriptIds: string[]; foundBy: 'answer' | 'search' }
  /** `isAll`: every one of them is there with the same content, so that nothing is left to do. */
  | { kind: 'exists'; isAll: boolean; scripts: TitledScript[]; message: string }
  | { kind: 'not-created'; message: string }
  | { kind: 'unverified'; scripts: TitledScript[]; message: string }
  | Exclude<ImportAnswer, { kind: 'created' } | { kind: 'exists' | 'quota' | 'unknown' }>
  | { kind: 'quota'; message: string };

export type OnceClient = Pick<Qualys & QualysOperations, 'searchScripts' | 'exportScripts' | 'script' | 'importScripts' | 'cloneScript'>;

export interface Creation {
  wanted: readonly WantedScript[];
  send: () => Promise<ImportAnswer>;
}

/** Others on this gateway wait 30 s for the index (docs/qualys-api.md#paging); after an effect we search for minutes. */
const SEARCH_AFTER_MS = [5_000, 15_000, 30_000, 60_000, 120_000, 120_000] as const;
/**
 * Before that nothing that is missing counts as not created: the request may still be at work behind the gateway, as with a lost execution.
 */
const ABSENT_AFTER_MS = 300_000;

/** Throws `QualysError` only before anything is sent. */
export async function createOnce(qualys: OnceClient, { wanted, send }: Creation, options: OnceOptions): Promise<OnceFate> {
  const { runId } = options;
  const before = await titledScripts(qualys, wanted, { runId });
  if (before.length > 0) return { ...taken(wanted, before), message: `Nothing was sent: ${shown(before)}` };
  const answer = await sentWhenAllowed(send, options);
  switch (answer.kind) {
    case 'created':
      return { ...answer, foundBy: 'answer' };
    case 'exists':
      return { ...taken(wanted, await seen(qualys, wanted, runId)), message: answer.message };
    case 'unknown':
      return searchedAgain(qualys, { wanted, lost: answer.message }, options);
    default:
      return answer as Exclude<OnceFate, { kind: 'created' | 'exists' | 'not-created' | 'unverified' }>;
  }
}

async function sentWhenAllowed(send: Creation['send'], { pause, onPause, maxWaitMs = 0 }: OnceOptions): Promise<ImportAnswer> {
  for (let waitedMs = 0; ; ) {
    const answer = await send();
    if (answer.kind !== 'refused' || answer.waitMs === undefined || waitedMs + answer.waitMs > maxWaitMs) return answer;
    await onPause?.({ pauseMs: answer.waitMs, message: `Not sent yet: ${answer.message}` });
    await pause(answer.waitMs);
    waitedMs += answer.waitMs;
  }
}

function taken(wanted: readonly WantedScript[], scripts: TitledScript[]) {
  return { kind: 'exists' as const, isAll: identicalIds(wanted, scripts) !== undefined, scripts };
}

/** Only looks: a second request might create what the first one is still about to create. */
async function searchedAgain(
  qualys: OnceClient,
  { wanted, lost }: { wanted: readonly WantedScript[]; lost: string },
  { pause, searchAfterMs = SEARCH_AFTER_MS, onPause, runId }: OnceOptions,
): Promise<OnceFate> {
  let waitedMs = 0;
  let found: TitledScript[] = [];
  let trouble: string | undefined;
  for (const [index, pauseMs] of searchAfterMs.entries()) {
    await onPause?.({
      pauseMs,
      message: `The response was lost (${lost}): looking for ${titlesOf(wanted)} in ${Math.round(pauseMs / 1_000)} s.`,
    });
    await pause(pauseMs);
    waitedMs += pauseMs;
    try {
      found = await titledScripts(qualys, wanted, { whole: index === searchAfterMs.length - 1, runId });
      trouble = undefined;
    } catch (error) {
      if (!(error instanceof QualysError)) throw error;
      trouble = error.message;
      continue;
    }
    const ids = identicalIds(wanted, found);
    if (ids) return { kind: 'created', scriptIds: ids, foundBy: 'search' };
  }
  return unresolved({ wanted, found, lost, trouble, waitedMs });
}

/** One script with the same content for each title, and no other. */
function identicalIds(wanted: readonly WantedScript[], found: readonly TitledScript[]): string[] | undefined {
  if (found.length !== wanted.length || found.some(({ content }) => content !== 'identical')) return undefined;
  return wanted.every(({ title }, index) => found[index]?.title === title) ? found.map(({ scriptId }) => scriptId) : undefined;
}

interface Unresolved {
  wanted: readonly WantedScript[];
  found: TitledScript[];
  lost: string;
  trouble: string | undefined;
  waitedMs: number;
}

function unresolved({ wanted, found, lost, trouble, waitedMs }: Unresolved): OnceFate {
  const seconds = Math.round(waitedMs / 1_000);
  const head = `The response was lost (${lost})`;
  if (trouble !== undefined) {
    return {
      kind: 'unverified',
      scripts: found,
      message: `${head}, and the last check failed: ${trouble}. Repeat the command: it checks before it sends.`,
    };
  }
  if (found.length > 0) {
    return {
      kind: 'unverified',
      scripts: found,
      message: `${head}, and after ${seconds} s it is unclear who created these: ${shown(found)}`,
    };
  }
  if (waitedMs < ABSENT_AFTER_MS) {
    return {
      kind: 'unverified',
      scripts: [],
      message: `${head}, and ${titlesOf(wanted)} is not visible after ${seconds} s. Repeat the command: it checks before it sends.`,
    };
  }
  return { kind: 'not-created', message: `${head}, and ${titlesOf(wanted)} is not visible after ${seconds} s: nothing was created.` };
}

/** What can be seen after Qualys said that a title is taken; its word stands, whatever this look says. */
async function seen(qualys: OnceClient, wanted: readonly WantedScript[], runId: string | undefined): Promise<TitledScript[]> {
  try {
    return await titledScripts(qualys, wanted, { runId });
  } catch (error) {
    if (error instanceof QualysError) return [];
    throw error;
  }
}

const SHOWN = 5;

function shown(scripts: readonly TitledScript[]): string {
  const words = { identical: 'with the same content', differs: 'with other content', unread: 'whose content could not be compared' };
  const first = scripts
    .slice(0, SHOWN)
    .map(({ title, scriptId, content }) => `${JSON.stringify(title.slice(0, 100))} is script ${scriptId}, ${words[content]}`);
  return `${first.join('; ')}${scripts.length > SHOWN ? `; and ${scripts.length - SHOWN} more` : ''}`;
}

function titlesOf(wanted: readonly WantedScript[]): string {
  const [first] = wanted;
  const title = JSON.stringify(first?.title.slice(0, 100));
  return wanted.length === 1 ? `script titled ${title}` : `any of the ${wanted.length} scripts, such as ${title}`;
}

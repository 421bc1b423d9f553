// Writes one post into its ticket. What may be there already is looked for by its marker, a write is noted before it begins, and whatever
// goes wrong ends in a later attempt: nothing here can hold a run back, or make it do anything.
import { createHash } from 'node:crypto';
import type { Config } from '../contracts/config/file.js';
import type { System } from '../contracts/config/hook.js';
import type { Environment } from '../contracts/config/secret-ref.js';
import { lineEntry, reportEntry, statusEntry } from '../domain/tickets/entry.js';
import { markerOf } from '../domain/tickets/marker.js';
import type { RunRow } from '../ledger/rows/run.js';
import type { TicketPost } from '../ledger/tickets/posts.js';
import { type TicketHttp, TicketSystemError } from '../tickets/http/client.js';
import { ticketSource } from '../tickets/reading.js';
import { type Desk, TicketRefused, type TicketWriter } from '../tickets/systems/writer.js';
import { openDesk } from '../tickets/write/desk.js';
import { TICKET_WRITERS } from '../tickets/write/writers.js';
import { reportText, statusFacts, type Telling } from './facts.js';

export interface WritingBack extends Telling {
  /** Undefined for the moments in which the file was changed and is not read again yet. */
  config: () => Config | undefined;
  http: TicketHttp;
  env: Environment;
  /** Of this process. */
  holder: string;
  warn: (context: object, message: string) => void;
}

/** After a lost answer the write may still be on its way for a while: it is not looked for sooner than this. */
const FIRST_RETRY_MS = 60_000;
const LAST_RETRY_MS = 3_600_000;
/** Nobody reads a status that comes later. */
const GIVEN_UP_AFTER_MS = 7 * 24 * 3_600_000;
const UNSETTLED_MS = 5_000;

/** What there is to write, once it is known that it is not there yet; undefined: nothing. */
interface Write {
  /** Returns the entry that the run has from now on, where the system has entries edited. */
  go: () => Promise<string | undefined>;
  /** A further move. */
  next?: string | undefined;
}

type Place = Exclude<ReturnType<typeof ticketSource>, undefined> & { hook: Config['hooks'][string] };

export async function writePost(back: WritingBack, post: TicketPost): Promise<void> {
  const { ledger, holder } = back;
  let begun = false;
  try {
    const config = back.config();
    if (!config) return await ledger.ticketPosts.wait(post, holder, UNSETTLED_MS);
    const run = await ledger.runs.get(post.runId);
    const place = run && placeOf(config, run);
    // A hook that names no system to read from has none to write into.
    if (!run || !place) return await ledger.ticketPosts.done(post, holder);
    const writing = await prepared(back, { post, run, place });
    if (!writing) return await ledger.ticketPosts.done(post, holder);
    if (!(await ledger.ticketPosts.begin(post, holder))) return await ledger.ticketPosts.wait(post, holder, UNSETTLED_MS);
    begun = true;
    const entry = await writing.go();
    await ledger.ticketPosts.done(post, holder, { entry, next: writing.next });
  } catch (error) {
    await failed(back, post, { error, begun });
  }
}

function placeOf(config: Config, run: RunRow): Place | undefined {
  const name = run.request.ticket?.hook;
  const hook = name !== undefined && Object.hasOwn(config.hooks, name) ? config.hooks[name] : undefined;
  if (!hook) throw new Error(`hook "${name}" is not in the configuration file of the worker`);
  const source = ticketSource(config, hook);
  return source && { ...source, hook };
}

interface Preparing {
  post: TicketPost;
  run: RunRow;
  place: Place;
}

async function prepared(back: WritingBack, { post, run, place }: Preparing): Promise<(Write & { go: Write['go'] }) | undefined> {
  const { name, entry, hook } = place;
  if (entry.system === 'standard') return undefined;
  const at = { name, hook, ticketId: post.ticketId, entry: { ...entry, system: entry.system as Exclude<System, 'standard'> } };
  const desk = await openDesk(back.http, back.env, at);
  const writer = TICKET_WRITERS[at.entry.system];
  switch (post.kind) {
    case 'status':
      return status(back, { post, run, place }, { desk, writer });
    case 'line':
      return line(back, post, { desk, writer });
    case 'report':
      return report(back, { post, run }, { desk, writer });
    case 'move':
      return move({ post, run, place }, { desk, writer });
  }
}

interface At {
  desk: Desk;
  writer: TicketWriter;
}

async function status(back: WritingBack, { post, run, place }: Preparing, { desk, writer }: At): Promise<Write | undefined> {
  const marker = markerOf(run.id, writer.edit ? 'status' : post.key);
  const isWritten = !writer.edit && (await writer.find(desk, marker)) !== undefined;
  if (isWritten || post.isOvertaken) return undefined;
  const milestone = post.key.replace(/^\d+-/, '');
  const text = statusEntry(await statusFacts(back, run, milestone, place.entry.output), marker);
  const { edit } = writer;
  const id = edit && (post.entry ?? (await writer.find(desk, marker)));
  if (!edit || id === undefined) return { go: () => writer.post(desk, text) };
  return {
    async go() {
      await edit(desk, id, text);
      return id;
    },
  };
}

async function line({ publicUrl }: WritingBack, { runId, key, words = '' }: TicketPost, { desk, writer }: At): Promise<Write | undefined> {
  const marker = markerOf(runId, `line-${key}`);
  if ((await writer.find(desk, marker)) !== undefined) return undefined;
  return {
    async go() {
      await writer.post(desk, lineEntry(runId, words, { marker, publicUrl }));
      return undefined;
    },
  };
}

async function report(back: WritingBack, { post, run }: Omit<Preparing, 'place'>, { desk, writer }: At): Promise<Write | undefined> {
  const { attach } = writer;
  if (!attach || !run.report) return undefined;
  const name = fileName(run.id);
  if (await attach.isThere(desk, name)) return undefined;
  const text = await reportText(back, run);
  if (text === undefined) return undefined;
  return {
    async go() {
      await attach.put(desk, { name, text }, reportEntry(run.id, markerOf(run.id, `report-${post.key}`)));
      return undefined;
    },
  };
}

async function move({ post, run, place }: Preparing, { desk, writer }: At): Promise<Write | undefined> {
  const wanted = place.entry.onFinished?.[run.report?.status === 'succeeded' ? 'succeeded' : 'otherwise'];
  const steps = wanted ? writer.moves(wanted, markerOf(run.id, 'moved')) : [];
  // Those that are there already cost no write, and no turn.
  for (let at = Number(post.key); at < steps.length; at += 1) {
    const step = steps[at];
    if (!step || (await step.isDone(desk, post.mayBeThere && at === Number(post.key)))) continue;
    return {
      next: at + 1 < steps.length ? String(at + 1) : undefined,
      async go() {
        await step.go(desk);
        return undefined;
      },
    };
  }
  return undefined;
}

/** Told from any other's by the whole id, which is cut for people. */
function fileName(runId: string): string {
  const readable = runId.replace(/%[0-9A-Fa-f]{2}|[^A-Za-z0-9.-]+/g, '-').slice(-60);
  return `overhaul-${readable}-${createHash('sha256').update(runId).digest('hex').slice(0, 8)}.csv`;
}

async function failed(back: WritingBack, post: TicketPost, { error, begun }: { error: unknown; begun: boolean }): Promise<void> {
  const { ledger, holder, warn } = back;
  if (error instanceof TicketSystemError && error.why === 'held' && !begun) {
    await ledger.ticketPosts.wait(post, holder, error.waitMs ?? FIRST_RETRY_MS);
    return;
  }
  const trouble = error instanceof Error ? error.message : String(error);
  const context = { runId: post.runId, ticket: post.ticketId, system: post.system, post: `${post.kind} ${post.key}`, why: trouble };
  if ((await ledger.database.now()) - post.createdAt >= GIVEN_UP_AFTER_MS) {
    await ledger.ticketPosts.giveUp(post, holder, trouble);
    warn(context, 'gave up writing into a ticket');
    return;
  }
  const inMs = Math.min(FIRST_RETRY_MS * 2 ** Math.min(post.failures, 20), LAST_RETRY_MS);
  // A person has removed the entry: the next one is new.
  const entry = begun && post.entry !== undefined && error instanceof TicketRefused && error.status === 404 ? null : undefined;
  await ledger.ticketPosts.again(post, holder, { inMs, trouble, sent: begun ? mayHaveDone(error) : undefined, entry });
  warn({ ...context, againInMs: inMs }, 'cannot write into a ticket; trying again');
}

/** Only a clear no of the system says that nothing was written. */
function mayHaveDone(error: unknown): boolean {
  if (error instanceof TicketRefused) return error.status >= 500 || error.status === 408;
  return !(error instanceof TicketSystemError && (error.why === 'address' || error.why === 'held'));
}

// GET /api/runs: the newest runs and campaigns, page by page.
import { RunPageSchema, runQuerySchema } from '../../contracts/http/answers.js';
import { STATES } from '../../domain/run/listed-states.js';
import type { Ledger } from '../../ledger/index.js';
import type { RunPlace, RunSearch } from '../../ledger/reads/run-page.js';
import type { RunRow } from '../../ledger/rows/run.js';
import { type ListedRun, listed, unlisted } from '../../runs/listed.js';
import type { ApiDeps } from './dependencies.js';
import { type ApiRoute, apiRoute, Refused } from './route.js';

/** A page that asks for a rare state ends here, short or empty, with the cursor of where it stopped. */
const LOOKED_AT = 1_000;
const AT_ONCE = 100;
/** Temporal's newest, among which those are looked for that no worker has opened. */
const UNOPENED_AMONG = 100;

export function runListRoute({ ledger, temporal }: ApiDeps): ApiRoute {
  return apiRoute({
    method: 'GET',
    path: '/api/runs',
    operationId: 'listRuns',
    summary: 'Runs and campaigns, the newest first',
    operation: 'read',
    query: runQuerySchema(Object.keys(STATES)),
    answers: { 200: { description: 'a page of them', schema: RunPageSchema } },
    async handle({ query: { state, kind, q, cursor, limit } }) {
      const states = state?.flatMap((word) => STATES[word] ?? []);
      const after = cursor === undefined ? undefined : placeOf(cursor);
      const page = await readPage(await ledger(), { kinds: kind, q, after, states, limit });
      // They are few and new: the first page has them, if any.
      const isFirst = cursor === undefined && q === undefined && (states?.includes('not opened') ?? true);
      const unopened = isFirst ? await unopenedRuns(await ledger(), temporal) : {};
      return { items: [...(unopened.items ?? []), ...page.items], ...(page.next ? { next: page.next } : {}), ...unopened.warning };
    },
  });
}

type Wanted = Omit<RunSearch, 'ended'> & { states: readonly string[] | undefined; limit: number };

async function readPage({ reader }: Ledger, { states, limit, ...search }: Wanted): Promise<{ items: ListedRun[]; next?: string }> {
  const ended = endedOnly(states);
  const items: ListedRun[] = [];
  let last: RunRow | undefined;
  for (let seen = 0; seen < LOOKED_AT; seen += AT_ONCE) {
    const rows = await reader.runPage({ ...search, ended, after: last ? placeBehind(last) : search.after }, AT_ONCE);
    for (const run of rows) {
      if (items.length === limit) return { items, ...(last ? { next: cursorOf(last) } : {}) };
      last = run;
      if (isOut(run, states)) continue;
      const view = await reader.run(run.id);
      const item = view && listed(view);
      if (item && (states?.includes(item.state) ?? true)) items.push(item);
    }
    if (rows.length < AT_ONCE) return { items };
  }
  return { items, ...(last ? { next: cursorOf(last) } : {}) };
}

const ENDED: readonly string[] = STATES.ended ?? [];

function endedOnly(states: readonly string[] | undefined): boolean | undefined {
  if (states === undefined) return undefined;
  if (states.every((state) => ENDED.includes(state))) return true;
  return states.some((state) => ENDED.includes(state)) ? undefined : false;
}

/** Of what has ended the row says it: its outcomes need not be counted. */
function isOut({ finishedAt, report }: RunRow, states: readonly string[] | undefined): boolean {
  return states !== undefined && finishedAt !== undefined && !states.includes(report?.status ?? 'refused');
}

async function unopenedRuns(
  { runs }: Ledger,
  temporal: ApiDeps['temporal'],
): Promise<{ items?: ListedRun[]; warning?: { warning: string } }> {
  try {
    const items: ListedRun[] = [];
    for (const workflow of await temporal.list(UNOPENED_AMONG))
      if (workflow.state === 'running' && !(await runs.get(workflow.workflowId))) items.push(unlisted(workflow, true));
    return { items };
  } catch {
    return { warning: { warning: 'Temporal did not answer: runs that no worker has opened yet are missing' } };
  }
}

function placeBehind({ createdAt, id }: RunRow): RunPlace {
  return { createdAt, id };
}

function cursorOf({ createdAt, id }: RunPlace): string {
  return Buffer.from(`${createdAt} ${id}`).toString('base64url');
}

function placeOf(cursor: string): RunPlace {
  const [, createdAt, id] = /^(\d{1,15}) ([\s\S]+)$/.exec(Buffer.from(cursor, 'base64url').toString('utf8')) ?? [];
  const place = createdAt === undefined || id === undefined ? undefined : { createdAt: Number(createdAt), id };
  if (!place || cursorOf(place) !== cursor)
    throw new Refused({
      status: 400,
      detail: 'the query is invalid: 1 problem',
      problems: [{ path: 'cursor', problem: 'is no cursor: use `next` of the page before' }],
    });
  return place;
}

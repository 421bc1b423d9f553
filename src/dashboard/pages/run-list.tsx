// Runs and campaigns, the newest first: where each stands, how far it is, and which wait for a person.
import { listRuns } from '../data/client.js';
import type { ListedRun, RunPage } from '../data/types.js';
import { useLook, useNow } from '../data/use-look.js';
import { Moment, State, Trouble } from '../parts/notes.js';
import { go, place, runHref, withQuery } from '../place.js';
import { number, percent } from '../text/format.js';
import { plain } from '../text/visible.js';

const LOOK_EVERY_MS = 5_000;
/** More waiting than this is `200+`. */
const MOST_COUNTED = 200;

const STATE_FILTERS = [
  ['', 'All'],
  ['live', 'Live'],
  ['waiting', 'Waiting for a person'],
  ['succeeded', 'Succeeded'],
  ['partial', 'Partial'],
  ['failed', 'Failed'],
  ['stopped,cancelled,refused', 'Stopped'],
] as const;
const KIND_FILTERS = [
  ['', 'Runs and campaigns'],
  ['campaign', 'Campaigns'],
  ['run', 'Runs'],
] as const;

export function RunList() {
  const asked = place.value.searchParams;
  const [state, kind, q, cursor] = ['state', 'kind', 'q', 'cursor'].map((key) => asked.get(key) ?? undefined);
  const look = useLook(place.value.search, (abort) => listRuns({ state, kind, q, cursor }, abort), LOOK_EVERY_MS);
  const waiting = useLook('waiting', (abort) => listRuns({ state: 'waiting', limit: MOST_COUNTED }, abort), LOOK_EVERY_MS);
  return (
    <main>
      <h1>Runs</h1>
      <Waiting page={waiting.value} isShown={state === 'waiting'} />
      <div class="filters">
        <Filters name="state" label="State" all={STATE_FILTERS} chosen={state ?? ''} />
        <Filters name="kind" label="Kind" all={KIND_FILTERS} chosen={kind ?? ''} />
        <Search key={q ?? ''} q={q ?? ''} />
      </div>
      <Trouble error={look.error} />
      {look.value?.warning === undefined ? null : <p class="soft">{look.value.warning}.</p>}
      {look.value ? <Listed page={look.value} /> : look.error ? null : <p class="soft">Loading…</p>}
      <Pages next={look.value?.next} isFirst={cursor === undefined} />
    </main>
  );
}

/** What nobody but a person can move on. */
function Waiting({ page, isShown }: { page: RunPage | undefined; isShown: boolean }) {
  const count = page?.items.length ?? 0;
  if (count === 0 || isShown) return null;
  const many = page?.next === undefined ? number(count) : `${number(count)}+`;
  return (
    <a class="callout" href="/?state=waiting">
      <b>{many}</b> {count === 1 ? 'waits' : 'wait'} for a person
    </a>
  );
}

interface FilterRow {
  name: string;
  label: string;
  all: readonly (readonly [value: string, label: string])[];
  chosen: string;
}

function Filters({ name, label, all, chosen }: FilterRow) {
  return (
    <nav aria-label={label}>
      {all.map(([value, text]) => (
        <a key={value} class="chip" href={withQuery({ [name]: value, cursor: '' })} aria-current={value === chosen ? 'true' : undefined}>
          {text}
        </a>
      ))}
    </nav>
  );
}

function Search({ q }: { q: string }) {
  return (
    <search>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          go(withQuery({ q: String(new FormData(event.currentTarget).get('q') ?? '').trim(), cursor: '' }));
        }}
      >
        <input
          type="search"
          name="q"
          aria-label="Search runs by id or script"
          placeholder="Id or script"
          defaultValue={q}
          maxLength={255}
        />
        <button type="submit">Search</button>
      </form>
    </search>
  );
}

function Listed({ page: { items } }: { page: RunPage }) {
  const now = useNow();
  if (items.length === 0) return <p class="empty">No run fits.</p>;
  return (
    <ul class="runs">
      {items.map((run) => (
        <RunItem key={run.workflowId} run={run} now={now} />
      ))}
    </ul>
  );
}

function RunItem({
  run: { workflowId, kind, state, done = 0, targeted = 0, script, requestedBy, startedAt },
  now,
}: {
  run: ListedRun;
  now: number;
}) {
  const facts = [script && `${script.title} (${script.id})`, requestedBy && `by ${requestedBy}`].filter((fact) => fact !== undefined);
  return (
    <li>
      <div class="what">
        <a href={runHref(workflowId)}>{plain(workflowId)}</a>
        {kind === undefined ? null : <span class="kind">{kind}</span>}
        <State word={state} />
      </div>
      <p class="soft">
        {facts.map((fact) => `${plain(fact)} · `)}
        <Moment at={startedAt} now={now} />
      </p>
      {targeted === 0 ? null : (
        <div class="done">
          <progress max={targeted} value={done} aria-label={`Done of ${plain(workflowId)}`} />
          <span>
            {number(done)} of {number(targeted)} <span class="soft">({percent(done, targeted)}%)</span>
          </span>
        </div>
      )}
    </li>
  );
}

function Pages({ next, isFirst }: { next: string | undefined; isFirst: boolean }) {
  if (next === undefined && isFirst) return null;
  return (
    <nav class="pages" aria-label="Pages">
      {isFirst ? null : <a href={withQuery({ cursor: '' })}>Newest</a>}
      {next === undefined ? null : <a href={withQuery({ cursor: next })}>Older</a>}
    </nav>
  );
}

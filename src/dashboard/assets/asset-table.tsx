// The assets of a run: searched, filtered, and drawn only as far as they are in view.
import { useEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks';
import { AssetWindow } from '../data/asset-window.js';
import { listAssets } from '../data/client.js';
import type { AssetRow, Counts } from '../data/types.js';
import { dialog } from '../parts/dialogs.js';
import { Trouble } from '../parts/notes.js';
import { ALL_OUTCOMES } from '../parts/outcomes.js';
import { place, replace, withQuery } from '../place.js';
import { number } from '../text/format.js';
import { AssetLine, COLUMNS } from './asset-line.js';

const TYPED_MS = 250;
/** A run of many assets changes all the time; its table is read again at most this often. */
const REFRESH_MS = 2_000;
/** Rows beyond the view that are drawn: a slow drawing shows no gap. */
const OVERSCAN = 6;
const NARROW = '(max-width: 44rem)';
/** As in the style. */
const ROW_PX = { wide: 52, narrow: 66 };

interface Shown {
  id: string;
  counts: Counts | undefined;
  hasWaves: boolean;
}

export function AssetTable({ id, counts, hasWaves }: Shown) {
  const asked = place.value.searchParams;
  const [outcome, q] = [asked.get('outcome') ?? '', asked.get('q') ?? ''];
  return (
    <section class="card assets" id="assets" aria-labelledby="assets-title">
      <div class="row">
        <h2 id="assets-title">Assets</h2>
        <Search q={q} />
        <label class="row">
          Outcome
          <select value={outcome} onChange={(event) => replace(withQuery({ outcome: event.currentTarget.value }))}>
            <option value="">all</option>
            {ALL_OUTCOMES.map((each) => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </select>
        </label>
      </div>
      <Rows key={`${outcome} ${q}`} id={id} asked={{ outcome, q }} counts={counts} hasWaves={hasWaves} />
    </section>
  );
}

/** Searches as it is typed. */
function Search({ q }: { q: string }) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <search>
      <input
        type="search"
        aria-label="Search assets by name or id"
        placeholder="Name or id"
        maxLength={255}
        defaultValue={q}
        onInput={({ currentTarget: { value } }) => {
          clearTimeout(timer.current);
          timer.current = setTimeout(() => replace(withQuery({ q: value.trim() })), TYPED_MS);
        }}
      />
    </search>
  );
}

interface Asked {
  outcome: string;
  q: string;
}

function Rows({ id, asked, counts, hasWaves }: Shown & { asked: Asked }) {
  const [, redraw] = useReducer((times: number) => times + 1, 0);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  const body = useRef<HTMLDivElement>(null);
  const rowPx = useNarrow() ? ROW_PX.narrow : ROW_PX.wide;
  // A new one for each question: its rows are the answer to one.
  const assets = useMemo(
    () => new AssetWindow({ read: (cursor, abort) => listAssets(id, { ...asked, cursor, limit: 100 }, abort), onChange: () => redraw(0) }),
    [id],
  );
  useEffect(() => () => assets.close(), [assets]);
  useRefresh(assets, JSON.stringify(counts));
  useEffect(() => {
    const element = body.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const first = Math.max(0, Math.floor(top / rowPx) - OVERSCAN);
  const last = Math.ceil((top + height) / rowPx) + OVERSCAN;
  useEffect(() => assets.show(first, last), [assets, first, last]);
  const drawn = Array.from({ length: Math.max(0, Math.min(last, assets.count) - first) }, (_, index) => first + index);
  const columns = COLUMNS.filter(({ name }) => hasWaves || name !== 'Wave');
  return (
    <>
      <Trouble error={assets.error} />
      {/* Of divisions, as a table whose rows are placed by hand has none of its layout. */}
      <div role="table" aria-label="Assets" aria-rowcount={rowCount(asked, counts, assets)} class={hasWaves ? 'with-waves' : ''}>
        <div role="rowgroup" class="head">
          <div role="row" aria-rowindex={1}>
            {columns.map(({ name }) => (
              <span key={name} role="columnheader">
                {name}
              </span>
            ))}
          </div>
        </div>
        <div
          ref={body}
          role="rowgroup"
          class="body"
          onScroll={(event) => setTop(event.currentTarget.scrollTop)}
          onKeyDown={(event) => moveFocus(event, body.current)}
        >
          <div role="presentation" class="all" style={{ height: `${assets.count * rowPx}px` }}>
            {drawn.map((index) => (
              <AssetLine
                key={index}
                index={index}
                topPx={index * rowPx}
                asset={assets.row(index)}
                columns={columns}
                onOpen={(asset) => open(id, asset)}
              />
            ))}
          </div>
        </div>
      </div>
      {assets.count === 0 && assets.isWhole ? <p class="empty">No asset fits.</p> : null}
      <p class="soft" role="status">
        {assets.isWhole ? `${number(assets.count)} shown` : `${number(assets.count)} read so far; more come as you scroll`}
      </p>
    </>
  );
}

function open(runId: string, asset: AssetRow): void {
  dialog.value = { kind: 'output', runId, asset };
}

/** With a search nobody has counted them; -1 says so. */
function rowCount({ outcome, q }: Asked, counts: Counts | undefined, assets: AssetWindow): number {
  if (assets.isWhole) return assets.count + 1;
  const of = q === '' ? counts?.[(outcome === '' ? 'targeted' : outcome) as keyof Counts] : undefined;
  return of === undefined ? -1 : of + 1;
}

/** At once, and then as often as it is worth. */
function useRefresh(assets: AssetWindow, counts: string | undefined): void {
  const last = useRef(0);
  const isFirst = useRef(true);
  useEffect(() => {
    if (isFirst.current) {
      isFirst.current = false;
      return;
    }
    const wait = Math.max(0, last.current + REFRESH_MS - Date.now());
    const timer = setTimeout(() => {
      last.current = Date.now();
      assets.refresh();
    }, wait);
    return () => clearTimeout(timer);
  }, [assets, counts]);
}

function useNarrow(): boolean {
  const query = useMemo(() => matchMedia(NARROW), []);
  const [matches, setMatches] = useState(query.matches);
  useEffect(() => {
    const heard = (): void => setMatches(query.matches);
    query.addEventListener('change', heard);
    return () => query.removeEventListener('change', heard);
  }, [query]);
  return matches;
}

/** Arrow keys go from row to row. */
function moveFocus(event: KeyboardEvent, body: HTMLElement | null): void {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  const at = document.activeElement?.closest('[aria-rowindex]')?.getAttribute('aria-rowindex');
  if (step === 0 || !at) return;
  const next = body?.querySelector<HTMLElement>(`[aria-rowindex="${Number(at) + step}"] button`);
  if (!next) return;
  event.preventDefault();
  next.focus();
}

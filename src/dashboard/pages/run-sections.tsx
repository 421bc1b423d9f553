// Waves, reports and the audit trail of a run.

import { ask, reportPath } from '../data/client.js';
import { token } from '../data/token.js';
import type { AuditEntry, Run, Wave } from '../data/types.js';
import { State } from '../parts/notes.js';
import { Bar } from '../parts/outcomes.js';
import { number, utc } from '../text/format.js';
import { plain } from '../text/visible.js';

export function Waves({ waves = [] }: { waves: Wave[] | undefined }) {
  if (waves.length === 0) return null;
  return (
    <section class="card">
      <h2>Waves</h2>
      <ol class="waves">
        {waves.map((wave) => (
          <li key={wave.number}>
            <div class="what">
              <b>{plain(wave.name)}</b>
              <State word={wave.status} />
              <span class="soft">{waveTimes(wave)}</span>
            </div>
            <Bar counts={wave.counts} />
            <p class="soft">
              {number(wave.counts.succeeded)} succeeded, {number(wave.counts.failed)} failed of {number(wave.counts.targeted)}
              {wave.approvedBy.length === 0 ? '' : ` · approved by ${wave.approvedBy.map(plain).join(', ')}`}
              {wave.why === undefined ? '' : ` · ${plain(wave.why)}`}
            </p>
          </li>
        ))}
      </ol>
    </section>
  );
}

function waveTimes({ openedAt, closedAt }: Wave): string {
  if (openedAt === undefined) return '';
  if (closedAt === undefined) return `since ${utc(openedAt)}`;
  const [from, to] = [utc(openedAt), utc(closedAt)];
  // The date once, where it is the same.
  return from.slice(0, 10) === to.slice(0, 10) ? `${from.replace(' UTC', '')} to ${to.slice(11)}` : `${from} to ${to}`;
}

const FORMATS = ['html', 'csv', 'json'] as const;

export function Reports({ run: { workflowId, report } }: { run: Run }) {
  if (!report) return null;
  return (
    <section class="card row">
      <h2>Report</h2>
      {FORMATS.map((format) => (
        <a key={format} href={reportPath(workflowId, format)} onClick={(event) => fetchWithToken(event, workflowId, format)}>
          {format.toUpperCase()}
        </a>
      ))}
    </section>
  );
}

/** A link carries no token: with one the report is fetched, and saved as a file. */
function fetchWithToken(event: MouseEvent, id: string, format: string): void {
  if (token.value === '') return;
  event.preventDefault();
  void (async () => {
    const response = await ask(reportPath(id, format));
    const link = document.createElement('a');
    link.href = URL.createObjectURL(await response.blob());
    link.download = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1] ?? `report.${format}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  })();
}

/** The newest first, and of a long trail the newest: the report has them all. */
const ENTRIES_SHOWN = 50;

export function AuditTrail({ entries }: { entries: readonly AuditEntry[] }) {
  if (entries.length === 0) return null;
  const newest = entries.slice(-ENTRIES_SHOWN).reverse();
  return (
    <section class="card">
      <h2>Audit trail</h2>
      <ol class="audit">
        {newest.map(({ at, actor, verified, action, detail }, index) => (
          // Entries are only ever added at the top.
          <li key={entries.length - index}>
            <time dateTime={at}>{utc(at)}</time>
            <div>
              <b>{plain(action)}</b>
              {actor === undefined ? '' : ` by ${plain(actor)} `}
              {actor === undefined ? null : <span class={`tag ${verified ? 'good' : ''}`}>{verified ? 'verified' : 'claimed'}</span>}
              <Detail text={detail} />
            </div>
          </li>
        ))}
      </ol>
      {entries.length > ENTRIES_SHOWN ? (
        <p class="soft">{number(entries.length - ENTRIES_SHOWN)} older entries are in the report.</p>
      ) : null}
    </section>
  );
}

/** As words where it is a flat JSON object. */
function Detail({ text }: { text: string | undefined }) {
  if (text === undefined || text === '{}') return null;
  return <p class="soft">{plain(wordsOf(text))}</p>;
}

function wordsOf(text: string): string {
  try {
    const found: unknown = JSON.parse(text);
    if (typeof found !== 'object' || found === null || Array.isArray(found)) return text;
    return Object.entries(found)
      .map(([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
      .join(' · ');
  } catch {
    return text;
  }
}

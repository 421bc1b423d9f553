// What people decided about the run, and what Overhaul noted for itself: both from the audit log, apart.
import { NOT_JOINED } from '../../domain/targets/join-record.js';
import { type AuditEntry, HELD } from '../../ledger/rows/audit.js';
import type { ReportFacts } from '../facts.js';
import { escaped, number, plural, utc } from './text.js';

const NOTES_SHOWN = 100;

const DECISIONS: Readonly<Record<string, string>> = {
  'await-approval': 'waited for approval',
  approve: 'approved',
  reject: 'rejected',
  pause: 'paused',
  resume: 'resumed',
  adjust: 'adjusted',
  'approvals-voided': 'made earlier approvals void',
  retry: 'queued assets for another attempt',
  'retry-linked': 'started a linked run over the rest',
  'retry-of': 'started this over the rest of another run',
  cancel: 'cancelled',
  stop: 'stopped',
  halt: 'halted the whole ledger',
  unhalt: 'lifted the halt of the ledger',
  [HELD]: 'held the whole ledger',
};

/** Told elsewhere on the page, or nothing that anybody decided or has to know. */
const UNTOLD: readonly string[] = ['start', NOT_JOINED, 'follow-up-refused', 'follow-up-cut', 'schedule-rejected'];

export function decisionsSection({ audit }: ReportFacts): string {
  const decisions = audit.filter(({ action }) => isDecision(action));
  if (decisions.length === 0) return '';
  const isClaimed = decisions.some(({ actor, verified }) => actor !== undefined && !verified);
  const rows = decisions.map((entry) => {
    const cells = [utc(entry.at), whoText(entry), escaped(DECISIONS[entry.action] ?? entry.action), detailText(entry.detail)];
    return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  });
  return `<section><h2 id="decisions">Decisions <small>${number(decisions.length)}</small></h2>
<div class="scroll"><table class="log"><thead><tr><th scope="col">When (UTC)</th><th scope="col">Who</th><th scope="col">What</th><th scope="col">Reason and effect</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody></table></div>
${isClaimed ? '<p class="soft"><b>claimed</b>: the name is self-reported. <b>verified</b>: the server authenticated it.</p>\n' : ''}</section>
`;
}

export function notesSection({ audit }: ReportFacts): string {
  const notes = audit.filter(({ action }) => !isDecision(action) && !UNTOLD.includes(action));
  if (notes.length === 0) return '';
  const rows = notes
    .slice(0, NOTES_SHOWN)
    .map(({ at, action, detail }) => `<tr><td>${utc(at)}</td><td>${escaped(action)}</td><td>${detailText(detail)}</td></tr>`);
  const rest = notes.length - rows.length;
  return `<section><h2 id="notes">Notes <small>${number(notes.length)}</small></h2>
<div class="scroll"><table class="log"><thead><tr><th scope="col">When (UTC)</th><th scope="col">What</th><th scope="col">In detail</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody></table></div>
${rest > 0 ? `<p class="soft">and ${plural(rest, 'more note')} in the audit log of the ledger.</p>\n` : ''}</section>
`;
}

function isDecision(action: string): boolean {
  return Object.hasOwn(DECISIONS, action);
}

function whoText({ actor, verified }: AuditEntry): string {
  if (actor === undefined) return 'Overhaul';
  return `${escaped(actor)} <span class="tag ${verified ? 'verified' : 'claimed'}">${verified ? 'verified' : 'claimed'}</span>`;
}

/** Details are JSON objects: the reason first, then what else they say, in its own words. */
function detailText(detail: string | undefined): string {
  if (detail === undefined) return '';
  const fields = fieldsOf(detail);
  if (!fields) return escaped(detail);
  const { reason, why, cause: _cause, ...others } = fields;
  const words = Object.entries(others).map(
    ([name, value]) =>
      `${wordsOf(name)}: ${Array.isArray(value) ? value.join(', ') : typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
  );
  return [reason, why, ...words]
    .filter((part) => part !== undefined)
    .map((part) => escaped(String(part)))
    .join('<br>');
}

function fieldsOf(detail: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(detail);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** `maxInFlight` reads `max in flight`. */
function wordsOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

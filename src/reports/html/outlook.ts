// What the run leaves behind: what is to follow it, and the targets that it never had.
import { hostsIn, notJoinedText, readNotJoined } from '../../domain/targets/join-record.js';
import type { ScheduleRow } from '../../ledger/runs/schedules.js';
import type { ReportFacts } from '../facts.js';
import { escaped, number } from './text.js';

const NOT_JOINED_SHOWN = 200;

const STATES: Readonly<Record<string, { word: string; look: 'verified' | 'claimed' | 'refused' }>> = {
  created: { word: 'created', look: 'verified' },
  exists: { word: 'exists', look: 'verified' },
  planned: { word: 'not created', look: 'refused' },
  intended: { word: 'requested, response lost', look: 'claimed' },
  taken: { word: 'title already used', look: 'refused' },
  rejected: { word: 'refused', look: 'refused' },
};

/** What the audit log says of follow-ups that were not made at all, or not for every asset. */
const REFUSALS: readonly string[] = ['follow-up-refused', 'follow-up-cut'];

/** Also what was asked for and refused: the report's own `followUp` names only what exists. */
export function followUpSection({ report, run, schedules, audit }: ReportFacts): string {
  const { followUp } = run.request;
  const refusals = audit.filter(({ action }) => REFUSALS.includes(action));
  if (!followUp || (schedules.length === 0 && refusals.length === 0)) return '';
  const items = [
    ...schedules.map(scheduleItem),
    ...refusals.map(({ detail }) => `<li><span class="tag refused">not created</span> ${escaped(detail ?? '')}</li>`),
  ];
  const then = followUp.kind === 'recheck' ? 'Another run checks the assets again' : 'Schedules at Qualys';
  const workflow = report.followUp?.workflowId;
  return `<section><h2 id="follow-up">Follow-up</h2>
<p>${then}, for ${followUp.on === 'always' ? 'every asset' : 'what is unresolved'}${workflow ? `: <code>${escaped(workflow)}</code>` : ''}.</p>
<ul>${items.join('')}</ul></section>
`;
}

function scheduleItem({ title, state, scheduleId, detail }: ScheduleRow): string {
  const { word, look } = STATES[state] ?? { word: state, look: 'claimed' };
  const id = scheduleId ? ` <small>${escaped(scheduleId)}</small>` : '';
  const why = detail ? `<br><span class="soft">${escaped(detail)}</span>` : '';
  return `<li><span class="tag ${look}">${escaped(word)}</span> ${escaped(title)}${id}${why}</li>`;
}

/** They are no part of the cohort, so no row of the assets says that they were left out. */
export function notJoinedSection({ audit }: ReportFacts): string {
  const { count, assets } = readNotJoined(audit);
  if (count === 0) return '';
  const shown = assets.slice(0, NOT_JOINED_SHOWN);
  const rest = count - hostsIn(shown);
  return `<section><h2 id="not-joined">Not joined <small>${number(count)}</small></h2>
<p>The query found ${count === 1 ? 'this asset' : 'these assets'}, but ${count === 1 ? 'it matches' : 'they match'} no single CAR asset. The script was not sent there.</p>
<ul>${shown.map((asset) => `<li>${escaped(notJoinedText(asset))}</li>`).join('')}</ul>
${rest > 0 ? `<p class="soft">and ${number(rest)} more.</p>\n` : ''}</section>
`;
}

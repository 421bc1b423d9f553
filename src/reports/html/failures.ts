// Why assets failed, or came to no result that anybody knows, before the table of them: a group for each reason, exit code, rule and
// output, the biggest first.

import type { FinalOutcome } from '../../domain/run/outcome.js';
import type { ReportFacts } from '../facts.js';
import { type Excerpt, excerptText, type FailureGroup } from '../failures.js';
import { isRule } from './reasons.js';
import { escaped, number, plural } from './text.js';

/** The others show their first line and open by a click: a page of outputs hides the table behind it. */
const GROUPS_OPEN = 3;

export function failureGroups(facts: ReportFacts, outcome: FinalOutcome): string {
  const failures = outcome === 'failed' ? facts.failures : outcome === 'unverified' ? facts.unverified : undefined;
  if (!failures) return '';
  const { groups, rest } = failures;
  const all = facts.report.counts[outcome];
  const hasOutput = groups.some(({ sample }) => sample !== undefined);
  return `<p class="soft">Assets with the same reason, exit code${hasOutput ? ' and output' : ''} are told together, the most frequent first.${
    groups.some(({ varies }) => varies) ? ` ${VARIES}` : ''
  }</p>
${groups.map((group, place) => groupBlock(group, all, place < GROUPS_OPEN)).join('')}${rest.assets > 0 ? restLine(rest) : ''}${
  groups.some(({ sample }) => !sample)
    ? `<p class="soft">Why no output is stored says <code>overhaul output ${escaped(facts.report.runId)} ASSET</code>.</p>\n`
    : ''
}`;
}

const VARIES = 'Outputs count as the same where they differ only in the host’s own name and id, dates, times and process ids.';

function groupBlock(group: FailureGroup, all: number, isOpen: boolean): string {
  const { count, assets, sample, varies } = group;
  const [first] = assets;
  const names = assets.map(({ assetId, name }) => escaped(name ?? assetId));
  const rest = count - assets.length;
  const whose = varies && first ? ` <small>as ${escaped(first.name ?? first.assetId)} wrote it</small>` : '';
  const title = `<b>${number(count)}</b> of ${number(all)}: ${whyText(group)}${whose}`;
  const content = `${sample ? excerptBlock(sample) : '<p class="soft">No output of these is stored.</p>'}
<p class="hosts">${names.join(', ')}${rest > 0 ? ` and ${number(rest)} more` : ''}</p>`;
  if (isOpen) return `<article class="group"><h3>${title}</h3>\n${content}</article>\n`;
  const glimpse = sample?.first[0];
  return `<details class="group"><summary><h3>${title}</h3>${glimpse ? ` <small>${escaped(glimpse)}</small>` : ''}</summary>
${content}</details>
`;
}

/** A reason that is the exit code is not said twice. */
function whyText({ reason, exitCode, status, rule }: FailureGroup): string {
  const code = exitCode === undefined ? undefined : `exit code ${exitCode}`;
  const by = isRule(rule) ? `decided by ${rule}` : undefined;
  const parts = [reason, code === undefined || reason?.includes(code) ? undefined : code, status, by].filter((part) => part !== undefined);
  return parts.length === 0 ? 'no reason told' : parts.map(escaped).join(' · ');
}

function excerptBlock(sample: Excerpt): string {
  const text = excerptText(sample);
  return text === '' ? '<p class="soft">The script wrote nothing.</p>' : `<pre>${escaped(text)}</pre>`;
}

function restLine({ groups, assets, isMore }: { groups: number; assets: number; isMore: boolean }): string {
  return `<p class="soft">and ${plural(assets, 'more asset')} in ${isMore ? 'more than ' : ''}${plural(groups, 'smaller group')}: see the table, and <code>overhaul output</code> for each.</p>
`;
}

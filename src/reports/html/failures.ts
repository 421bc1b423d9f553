// Why assets failed, before the table of them: a group for each reason, exit code and output, the biggest first.

import type { ReportFacts } from '../facts.js';
import { type Excerpt, excerptText, type FailureGroup } from '../failures.js';
import { escaped, number, plural } from './text.js';

export function failureGroups({ failures, report }: ReportFacts): string {
  if (!failures) return '';
  const { groups, rest } = failures;
  const hasOutput = groups.some(({ sample }) => sample !== undefined);
  return `<p class="soft">Assets with the same reason, exit code${hasOutput ? ' and output' : ''} are told together, the most frequent first.${
    groups.some(({ varies }) => varies) ? ` ${VARIES}` : ''
  }</p>
${groups.map((group) => groupBlock(group, report.counts.failed)).join('')}${rest.assets > 0 ? restLine(rest) : ''}${
  groups.some(({ sample }) => !sample)
    ? `<p class="soft">Why no output is stored says <code>overhaul output ${escaped(report.runId)} ASSET</code>.</p>\n`
    : ''
}`;
}

const VARIES = 'Outputs count as the same where they differ only in the host’s own name and id, dates, times and process ids.';

function groupBlock(group: FailureGroup, failed: number): string {
  const { count, assets, sample, varies } = group;
  const [first] = assets;
  const names = assets.map(({ assetId, name }) => escaped(name ?? assetId));
  const rest = count - assets.length;
  const whose = varies && first ? ` <small>as ${escaped(first.name ?? first.assetId)} wrote it</small>` : '';
  return `<article class="group"><h3><b>${number(count)}</b> of ${number(failed)}: ${whyText(group)}${whose}</h3>
${sample ? excerptBlock(sample) : '<p class="soft">No output of these is stored.</p>'}
<p class="hosts">${names.join(', ')}${rest > 0 ? ` and ${number(rest)} more` : ''}</p></article>
`;
}

/** A reason that is the exit code is not said twice. */
function whyText({ reason, exitCode, status }: FailureGroup): string {
  const code = exitCode === undefined ? undefined : `exit code ${exitCode}`;
  const parts = [reason, code === undefined || reason?.includes(code) ? undefined : code, status].filter((part) => part !== undefined);
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

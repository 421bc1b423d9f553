// GET /runs/:id: a run at a glance, for whoever follows the link of a webhook's answer. One page without scripts.

import { OUTCOMES } from '../../domain/run/outcome.js';
import { doneAssets } from '../../domain/run/progress.js';
import { HTML_STYLE } from '../../reports/html/style.js';
import { escaped, number, utc } from '../../reports/html/text.js';
import { stateWord } from '../../runs/observe.js';
import type { Shown } from '../../runs/shown.js';
import type { ApiDeps } from './dependencies.js';
import { type ApiRoute, apiRoute } from './route.js';
import { lookAt } from './run-read.js';

const PAGE_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const LOOK_AGAIN_S = 5;
/** The newest, which is what people come for. */
const DECISIONS_SHOWN = 20;

export function statusPageRoutes(deps: ApiDeps): ApiRoute[] {
  return [
    apiRoute({
      method: 'GET',
      path: '/runs/{id}',
      operationId: 'getRunPage',
      summary: 'A run at a glance, for people',
      operation: 'read',
      answers: { 200: { description: 'the page', type: 'text/html; charset=utf-8' }, 404: { description: 'no such run' } },
      handle: async ({ params: { id = '' }, reply }) => {
        const page = statusPage(await lookAt(deps, id));
        return reply.headers({ 'content-type': 'text/html; charset=utf-8', 'content-security-policy': PAGE_POLICY }).send(page);
      },
    }),
    apiRoute({
      method: 'GET',
      path: '/style.css',
      operationId: 'getStyle',
      summary: 'The style of the pages',
      operation: 'read',
      answers: { 200: { description: 'the style', type: 'text/css; charset=utf-8' } },
      handle: async ({ reply }) => reply.header('content-type', 'text/css; charset=utf-8').send(HTML_STYLE),
    }),
  ];
}

/** Everything that came from outside is escaped. */
export function statusPage(shown: Shown): string {
  const { seen } = shown;
  const { workflowId } = seen;
  const refresh = seen.end ? '' : `<meta http-equiv="refresh" content="${LOOK_AGAIN_S}">\n`;
  const state = stateWord(seen);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${refresh}<title>${escaped(workflowId)}: ${escaped(state)} · Overhaul</title>
<link rel="stylesheet" href="/style.css">
<main>
<h1>${escaped(workflowId)} <span class="badge ${escaped(state.replace(/[^a-z]/gi, ''))}">${escaped(state)}</span></h1>
${haltedNote(shown)}${questionSection(shown)}${counts(shown)}${facts(shown)}${failure(shown)}${waves(shown)}${decisions(shown)}${links(shown)}</main>
</html>
`;
}

function haltedNote({ halted }: Shown): string {
  if (!halted) return '';
  const by = halted.by === undefined ? '' : ` by ${escaped(halted.by)}`;
  return `<p class="alarm">All executions are halted${by}${halted.reason === undefined ? '' : `: ${escaped(halted.reason)}`}</p>\n`;
}

function questionSection({ seen: { question } }: Shown): string {
  if (!question) return '';
  const whom = question.whom === undefined ? '' : `<p class="soft">${escaped(question.whom)}</p>\n`;
  const digest = question.digest === undefined ? '' : `<p class="soft">Digest <code>${escaped(question.digest)}</code></p>\n`;
  const answers = question.answers.map(({ command, means }) => `<li><code>${escaped(command)}</code> ${escaped(means)}</li>`).join('');
  return `<section><h2>Waiting for a decision</h2>\n<p>${escaped(question.text)}</p>\n${whom}${digest}<ul>${answers}</ul></section>\n`;
}

function counts({ seen: { progress, end } }: Shown): string {
  const found = end?.kind === 'report' ? { ...end.report.counts, pending: 0, running: 0 } : progress?.counts;
  if (!found) return '';
  const done = doneAssets(found);
  const cells = ([...OUTCOMES, 'running', 'pending'] as const)
    .filter((outcome) => found[outcome] > 0)
    .map((outcome) => `<li><span class="dot ${outcome}"></span><b>${number(found[outcome])}</b> ${outcome}</li>`);
  return `<progress max="${found.targeted}" value="${done}">${number(done)} of ${number(found.targeted)}</progress>
<ul class="counts">${cells.join('')}<li><b>${number(found.targeted)}</b> targeted</li></ul>
`;
}

function facts({ seen: { view, progress, end, workflow, trouble }, warnings }: Shown): string {
  const request = view?.run.request;
  const rows: [string, string | undefined][] = [
    ['Script', view?.run.script && `${view.run.script.title} (${view.run.script.id})`],
    ['Requested by', request?.requestedBy],
    ['Reason', request?.reason],
    ['Ticket', request?.ticket && `${request.ticket.system} ${request.ticket.id}`],
    ['Started', workflow && `${utc(workflow.startedAt)} UTC`],
    ['Finished', end?.kind === 'report' ? `${utc(end.report.finishedAt)} UTC` : undefined],
    ['In flight', end || !progress ? undefined : number(progress.inFlight)],
    ['Likely done', end || progress?.etaAt === undefined ? undefined : `${utc(progress.etaAt)} UTC`],
    ['Held up by', end ? undefined : progress?.blocked],
    ...warnings.map((warning): [string, string] => ['Warning', warning]),
    ['Not seen just now', trouble],
  ];
  const shown = rows.flatMap(([name, value]) => (value === undefined ? [] : [`<dt>${name}</dt><dd>${escaped(value)}</dd>`]));
  return shown.length === 0 ? '' : `<dl>${shown.join('')}</dl>\n`;
}

function failure({ seen: { end } }: Shown): string {
  return end?.kind === 'failed' ? `<section><h2>${escaped(end.type)}</h2>\n<p>${escaped(end.message)}</p></section>\n` : '';
}

function waves({ seen: { view } }: Shown): string {
  if (!view?.waves?.length) return '';
  const rows = view.waves.map(
    ({ name, status, counts: { targeted, succeeded, failed } }) =>
      `<tr><td>${escaped(name)}</td><td>${escaped(status)}</td><td>${number(targeted)}</td><td>${number(succeeded)}</td><td>${number(failed)}</td></tr>\n`,
  );
  const titles = ['Wave', 'Status', 'Assets', 'Succeeded', 'Failed'].map((title) => `<th scope="col">${title}</th>`).join('');
  return `<section><h2>Waves</h2><div class="scroll"><table><thead><tr>${titles}</tr></thead>\n<tbody>${rows.join('')}</tbody></table></div></section>\n`;
}

function decisions({ audit }: Shown): string {
  if (audit.length === 0) return '';
  const rows = audit
    .slice(-DECISIONS_SHOWN)
    .reverse()
    .map(({ at, actor, verified, action, detail }) => {
      const who =
        actor === undefined
          ? ''
          : `${escaped(actor)} <span class="tag ${verified ? 'verified' : 'claimed'}">${verified ? 'verified' : 'claimed'}</span>`;
      return `<tr><td>${utc(at)}</td><td>${who}</td><td>${escaped(action)}</td><td>${escaped(detail ?? '')}</td></tr>\n`;
    });
  const titles = ['At (UTC)', 'Who', 'What', 'Detail'].map((title) => `<th scope="col">${title}</th>`).join('');
  return `<section><h2>Decisions and notes</h2><div class="scroll"><table class="log"><thead><tr>${titles}</tr></thead>\n<tbody>${rows.join('')}</tbody></table></div></section>\n`;
}

function links({ seen: { workflowId, end, view } }: Shown): string {
  const base = `/api/runs/${encodeURIComponent(workflowId)}`;
  const reports =
    end?.kind === 'report' && view
      ? ['html', 'csv', 'json'].map((format) => [`${base}/report.${format}`, `Report (${format.toUpperCase()})`])
      : [];
  const all = [...reports, ...(view ? [[`${base}/assets`, 'Assets (JSON)']] : []), [base, 'This run as JSON']];
  return `<ul>${all.map(([href = '', text = '']) => `<li><a href="${escaped(href)}">${text}</a></li>`).join('')}</ul>\n`;
}

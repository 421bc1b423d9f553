// What is known of a run besides its outcomes: work and forecast, who asked for it and why.
import type { ComponentChildren } from 'preact';
import { isOver } from '../data/decisions.js';
import type { Run } from '../data/types.js';
import { Moment } from '../parts/notes.js';
import { number, utc } from '../text/format.js';
import { plain } from '../text/visible.js';

export function Facts({ run, now }: { run: Run; now: number }) {
  const { script, request, workflow, progress, report } = run;
  const live = isOver(run) ? undefined : progress;
  return (
    <dl class="facts card">
      <Fact name="In flight">{live && number(live.inFlight)}</Fact>
      <Fact name="Calls used">{report ? number(report.apiCalls) : live && number(live.callsUsed)}</Fact>
      <Fact name="Executions">{report && number(report.executions)}</Fact>
      <Fact name="Likely done">{live && !live.paused && live.etaAt && <Moment at={live.etaAt} now={now} />}</Fact>
      <Fact name="Held up by">{live?.blocked && plain(live.blocked)}</Fact>
      <Fact name="Outside the cohort">{report && report.strays > 0 && number(report.strays)}</Fact>
      <Fact name="Script">{script && plain(`${script.title} (${script.id})`)}</Fact>
      <Fact name="Requested by">{request?.requestedBy && plain(request.requestedBy)}</Fact>
      <Fact name="Reason">{request?.reason && plain(request.reason)}</Fact>
      <Fact name="Ticket">{request?.ticket && <Ticket {...request.ticket} />}</Fact>
      <Fact name="Started">{workflow ? utc(workflow.startedAt) : report && utc(report.startedAt)}</Fact>
      <Fact name="Finished">{report && utc(report.finishedAt)}</Fact>
    </dl>
  );
}

/** Left out where there is nothing to say. */
function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  if (children === undefined || children === false || children === '') return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** An address of another kind than the web's could run something: it is no link. */
function Ticket({ system, id, url }: { system: string; id: string; url?: string }) {
  const text = plain(`${system} ${id}`);
  const isWeb = url !== undefined && /^https?:\/\//i.test(url) && URL.canParse(url);
  if (!isWeb) return text;
  return (
    <a href={url} rel="noreferrer">
      {text}
    </a>
  );
}

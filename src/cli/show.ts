import { Command } from '@commander-js/extra-typings';
import { OUTCOMES } from '../domain/outcome.js';
import { pendingText } from '../domain/progress-line.js';
import { doneAssets, phaseWord } from '../domain/run-progress.js';
import type { AuditEntry } from '../ledger/audit.js';
import { EXIT, type Invocation, writeJson, writeLine } from './context.js';
import { type Line, painter } from './paint.js';
import { failureLines, reportLines } from './run-end.js';
import { isKnown, type Observation, observe, unknownRun, withSources } from './sources.js';
import { safeLine } from './terminal-text.js';

export function showCommand(invocation: Invocation) {
  return new Command('show')
    .description('show where a run stands')
    .argument('<id>', 'workflow id')
    .action(async (workflowId) => {
      await withSources(invocation, async (sources) => {
        const seen = await observe(sources, workflowId);
        if (!isKnown(seen)) throw unknownRun(workflowId);
        const audit = (await sources.ledger?.audit.of(workflowId)) ?? [];
        if (invocation.json) return writeJson(invocation.stdout, asJson(seen, audit));
        const paint = painter(invocation.stdout, invocation.env);
        for (const line of [...stateLines(seen), ...audit.map(auditLine)]) await writeLine(invocation.stdout, paint(line));
        if (seen.trouble) await writeLine(invocation.stderr, `Note: ${seen.trouble}`);
      });
      invocation.exitCode = EXIT.done;
    });
}

/** One word: the report's status, the type of the failure, or the phase. */
export function stateWord({ end, progress, workflow }: Observation): string {
  if (end) return end.kind === 'report' ? end.report.status : end.type;
  return progress ? phaseWord(progress) : (workflow?.state ?? 'unknown');
}

function asJson(seen: Observation, audit: readonly AuditEntry[]) {
  const { workflowId, end, progress, view, workflow } = seen;
  return {
    workflowId,
    state: stateWord(seen),
    ...(workflow ? { workflow } : {}),
    ...(view ? { script: view.run.script, cohort: view.run.cohort, request: view.run.request } : {}),
    ...(progress && !end ? { progress } : {}),
    ...(end?.kind === 'report' ? { report: end.report } : {}),
    ...(end?.kind === 'failed' ? { failure: { type: end.type, message: end.message, problems: end.problems } } : {}),
    audit: audit.map(({ at, ...entry }) => ({ at: new Date(at).toISOString(), ...entry })),
  };
}

function stateLines(seen: Observation): Line[] {
  const { workflowId, end, progress, view } = seen;
  if (end) return end.kind === 'report' ? reportLines(end.report) : failureLines(workflowId, end);
  const lines: Line[] = [[{ text: safeLine(workflowId), style: 'strong' }, { text: '  ' }, { text: stateWord(seen), style: 'info' }]];
  const fact = (name: string, text: string): void =>
    void lines.push([{ text: `  ${name.padEnd(12)}`, style: 'soft' }, { text: safeLine(text) }]);
  if (view?.run.script) fact('script', `${view.run.script.title} (${view.run.script.id})`);
  if (view?.run.request.requestedBy) fact('asked by', view.run.request.requestedBy);
  if (view?.run.request.reason) fact('reason', view.run.request.reason);
  if (view) fact('opened', new Date(view.run.createdAt).toISOString());
  if (!progress) return lines;
  const { counts } = progress;
  fact('assets', `${doneAssets(counts)} of ${counts.targeted} done, ${counts.running} running, ${counts.pending} pending`);
  for (const outcome of OUTCOMES) if (counts[outcome] > 0) fact(`  ${outcome}`, String(counts[outcome]));
  fact('in flight', progress.inFlight === 1 ? '1 execution' : `${progress.inFlight} executions`);
  fact('calls', String(progress.callsUsed));
  if (progress.etaAt && progress.etaAt > progress.asOf) fact('likely end', progress.etaAt);
  if (progress.blocked) fact('blocked', progress.blocked);
  if (progress.pending) fact('decide', pendingText(progress.pending));
  return lines;
}

function auditLine({ at, actor, verified, action, detail }: AuditEntry): Line {
  const who = actor === undefined ? '' : ` by ${actor}${verified ? '' : ' (claimed)'}`;
  return [{ text: `  ${new Date(at).toISOString()}  `, style: 'soft' }, { text: safeLine(`${action}${who}${detailText(detail)}`) }];
}

/** Details are JSON objects; `{"reason":"lunch"}` reads `: reason lunch`. */
function detailText(detail: string | undefined): string {
  if (!detail || detail === '{}') return '';
  try {
    const fields: unknown = JSON.parse(detail);
    if (typeof fields !== 'object' || fields === null) return `: ${detail}`;
    const parts = Object.entries(fields).map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`);
    return `: ${parts.join(', ')}`;
  } catch {
    return `: ${detail}`;
  }
}

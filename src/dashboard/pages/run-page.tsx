// One run: where it stands, what it waits for, what can be decided.
import { doneAssets } from '../../domain/run/progress.js';
import { AssetTable } from '../assets/asset-table.js';
import { Failures } from '../assets/failures.js';
import { Refusal } from '../data/client.js';
import { decisionsOf, isOver } from '../data/decisions.js';
import type { Hearing } from '../data/follow.js';
import type { Counts, Decision, Run } from '../data/types.js';
import { useNow } from '../data/use-look.js';
import { useRun } from '../data/use-run.js';
import { dialog } from '../parts/dialogs.js';
import { State, Trouble } from '../parts/notes.js';
import { Outcomes } from '../parts/outcomes.js';
import { percent, plural } from '../text/format.js';
import { plain } from '../text/visible.js';
import { LABELS } from './decision-dialog.js';
import { Facts } from './run-facts.js';
import { AuditTrail, Reports, Waves } from './run-sections.js';

export function RunPage({ id }: { id: string }) {
  const { run, error, hearing, again } = useRun(id);
  const now = useNow();
  return (
    <main>
      <nav aria-label="Breadcrumb">
        <a href="/">All runs</a>
      </nav>
      <div class="heading">
        <h1>{plain(id)}</h1>
        {run ? <State word={run.state} /> : null}
        {run?.kind === undefined || run.kind === 'run' ? null : <span class="kind">{run.kind}</span>}
        {run && !isOver(run) ? <Heard hearing={hearing} /> : null}
      </div>
      <Trouble error={error} />
      {run ? (
        <>
          <Alarms run={run} />
          <Decide run={run} onDone={again} />
          <Standing run={run} />
          <Facts run={run} now={now} />
          <Waves waves={run.waves} />
          <Reports run={run} />
          {run.report && run.report.counts.failed > 0 ? <Failures id={id} failed={run.report.counts.failed} /> : null}
          {hasAssets(run) ? <AssetTable id={id} counts={countsOf(run)} hasWaves={run.kind === 'campaign'} /> : null}
          <AuditTrail entries={run.audit} />
        </>
      ) : error instanceof Refusal && error.status === 404 ? (
        <p class="empty">There is no run with this id.</p>
      ) : error ? null : (
        <p class="soft">Loading…</p>
      )}
    </main>
  );
}

const HEARD: Readonly<Record<Hearing, string>> = {
  connecting: 'Connecting…',
  live: 'Live',
  lost: 'Connection lost. Trying again…',
  ended: 'Not live',
};

function Heard({ hearing }: { hearing: Hearing }) {
  return (
    <span class={`heard ${hearing}`} role="status">
      {HEARD[hearing]}
    </span>
  );
}

function Alarms({ run: { halted, failure, warning, warnings = [] } }: { run: Run }) {
  return (
    <>
      {halted ? (
        <p class="alarm">
          All executions are halted{halted.by === undefined ? '' : ` by ${plain(halted.by)}`}
          {halted.reason === undefined ? '' : `: ${plain(halted.reason)}`}
        </p>
      ) : null}
      {failure ? (
        <p class="alarm">
          <b>{plain(failure.type)}</b> {plain(failure.message)}
        </p>
      ) : null}
      {[...warnings, ...(warning === undefined ? [] : [warning])].map((text) => (
        <p key={text} class="warning">
          {plain(text)}
        </p>
      ))}
    </>
  );
}

function Decide({ run, onDone }: { run: Run; onDone: () => void }) {
  const { question } = run;
  const { asked, besides } = decisionsOf(run);
  const ask = (decision: Decision): void => {
    dialog.value = { kind: 'decide', runId: run.workflowId, decision, digest: question?.digest, onDone };
  };
  const button = (decision: Decision, index: number, isFirst: boolean) => (
    <button key={decision} type="button" class={isFirst && index === 0 ? 'primary' : ''} onClick={() => ask(decision)}>
      {LABELS[decision]}
    </button>
  );
  if (asked.length + besides.length === 0) return null;
  return (
    <section aria-label="Decisions" class={question ? 'question' : 'decisions'}>
      {question ? (
        <div>
          <h2>{plain(question.text)}</h2>
          {question.whom === undefined ? null : <p>{plain(question.whom)}</p>}
          {question.digest === undefined ? null : (
            <p>
              Digest <code>{question.digest}</code>
            </p>
          )}
        </div>
      ) : null}
      <div class="row">
        {asked.map((decision, index) => button(decision, index, true))}
        {besides.map((decision, index) => button(decision, index, false))}
      </div>
    </section>
  );
}

function countsOf({ report, progress }: Run): Counts | undefined {
  return report?.counts ?? progress?.counts;
}

/** Of what no worker has opened the ledger has none. */
function hasAssets(run: Run): boolean {
  return run.kind !== undefined;
}

function Standing({ run }: { run: Run }) {
  const counts = countsOf(run);
  if (!counts || counts.targeted === 0) return null;
  const done = doneAssets({ pending: 0, running: 0, ...counts });
  return (
    <>
      <p class="standing">
        <b>{percent(done, counts.targeted)}%</b> of {plural(counts.targeted, 'asset')} done
      </p>
      <Outcomes counts={counts} />
    </>
  );
}

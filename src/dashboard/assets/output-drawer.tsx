// What a script wrote on an asset, as text, and what decided its outcome.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { getOutput, Refusal } from '../data/client.js';
import type { AssetRow } from '../data/types.js';
import { useLook } from '../data/use-look.js';
import { Dialog } from '../parts/dialog.js';
import { closeDialog } from '../parts/dialogs.js';
import { number, utc } from '../text/format.js';
import { plain, visible } from '../text/visible.js';
import { Outcome } from './asset-line.js';

/** More than this at once would hold up the browser; nobody reads it in one go. */
const SHOWN_FIRST = 200_000;

export function OutputDrawer({ runId, asset }: { runId: string; asset: AssetRow }) {
  const { assetId, name, outcome, reason, status, exitCode, attempt, wave, rule, late, jobId, startedAt, finishedAt } = asset;
  const output = useLook(`${runId} ${assetId}`, (abort) => getOutput(runId, assetId, abort));
  return (
    <Dialog title={plain(name ?? assetId)} kind="drawer" onClose={closeDialog}>
      <dl class="facts">
        <Fact name="Outcome">
          <Outcome word={outcome} />
        </Fact>
        <Fact name="Reason">{reason}</Fact>
        <Fact name="Exit code">{exitCode}</Fact>
        <Fact name="Attempt">{attempt}</Fact>
        <Fact name="Decided by">{rule}</Fact>
        <Fact name="Status at Qualys">{status}</Fact>
        <Fact name="Came late">{late}</Fact>
        <Fact name="Wave">{wave}</Fact>
        <Fact name="Asset">{assetId}</Fact>
        <Fact name="Job">{jobId}</Fact>
        <Fact name="Started">{startedAt && utc(startedAt)}</Fact>
        <Fact name="Finished">{finishedAt && utc(finishedAt)}</Fact>
      </dl>
      <h3>Output</h3>
      {output.value !== undefined ? <Output text={output.value} /> : <WhyNone error={output.error} />}
      <div class="row end">
        <button type="button" onClick={closeDialog}>
          Close
        </button>
      </div>
    </Dialog>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  if (children === undefined || children === '') return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{typeof children === 'string' ? plain(children) : children}</dd>
    </div>
  );
}

function Output({ text }: { text: string }) {
  const [isWhole, setWhole] = useState(text.length <= SHOWN_FIRST);
  if (text === '') return <p class="soft">The script wrote nothing.</p>;
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <section class="output" aria-label="Output" tabIndex={0}>
        <pre>{visible(isWhole ? text : text.slice(0, SHOWN_FIRST))}</pre>
      </section>
      {isWhole ? null : (
        <button type="button" onClick={() => setWhole(true)}>
          Show all {number(text.length)} characters
        </button>
      )}
    </>
  );
}

/** That there is none is no trouble: the server says why. */
function WhyNone({ error }: { error: Error | undefined }) {
  if (!error) return <p class="soft">Loading…</p>;
  return <p class={error instanceof Refusal && error.status === 404 ? 'soft' : 'alarm'}>{plain(error.message)}</p>;
}

// Why assets failed: those that failed in the same way are one group.
import { useState } from 'preact/hooks';
import { getFailures } from '../data/client.js';
import type { FailureGroup } from '../data/types.js';
import { useLook } from '../data/use-look.js';
import { Trouble } from '../parts/notes.js';
import { number, plural } from '../text/format.js';
import { plain, visible } from '../text/visible.js';

/** Read when somebody opens it: the server goes through every output for it. */
export function Failures({ id, failed }: { id: string; failed: number }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <section class="card">
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <h2>Why {plural(failed, 'asset')} failed</h2>
        </summary>
        {isOpen ? <Groups id={id} /> : null}
      </details>
    </section>
  );
}

function Groups({ id }: { id: string }) {
  const { value, error } = useLook(id, (abort) => getFailures(id, abort));
  if (!value) return error ? <Trouble error={error} /> : <p class="soft">Loading…</p>;
  const { groups, rest } = value;
  return (
    <>
      <ol class="failures">
        {groups.map((group, index) => (
          // They do not change: the run has ended.
          <Group key={`${index} ${group.count}`} group={group} />
        ))}
      </ol>
      {rest.groups === 0 ? null : (
        <p class="soft">
          {number(rest.assets)} more in {number(rest.groups)} {rest.isMore ? 'or more ' : ''}smaller groups: the report has every asset.
        </p>
      )}
    </>
  );
}

function Group({ group: { count, reason, exitCode, sample, varies, assets } }: { group: FailureGroup }) {
  const more = count - assets.length;
  return (
    <li>
      <p>
        <b>{plural(count, 'asset')}</b> {plain(reason ?? '')} {exitCode === undefined ? '' : `(exit code ${exitCode})`}
      </p>
      {sample ? <pre>{excerpt(sample)}</pre> : null}
      <p class="soft">
        {assets.map(({ assetId, name }) => plain(name ?? assetId)).join(', ')}
        {more > 0 ? ` and ${number(more)} more` : ''}
        {varies ? '. Outputs differ in names and times only.' : ''}
      </p>
    </li>
  );
}

function excerpt({ first, leftOut, last }: NonNullable<FailureGroup['sample']>): string {
  return [...first, ...(leftOut > 0 ? [`… ${plural(leftOut, 'line')} left out …`] : []), ...last].map(visible).join('\n');
}

// Outcomes as a bar and as numbers. The bar repeats what the numbers say.
import { LIVE_OUTCOMES, OUTCOMES } from '../../domain/run/outcome.js';
import type { Counts } from '../data/types.js';
import { withQuery } from '../place.js';
import { number } from '../text/format.js';

export const ALL_OUTCOMES = [...OUTCOMES, ...[...LIVE_OUTCOMES].reverse()] as const;

/** Those that there are, in the order in which people read them. */
function parts(counts: Counts): [outcome: (typeof ALL_OUTCOMES)[number], count: number][] {
  return ALL_OUTCOMES.map((outcome): [typeof outcome, number] => [outcome, counts[outcome] ?? 0]).filter(([, count]) => count > 0);
}

export function Bar({ counts }: { counts: Counts }) {
  return (
    <div class="bar" aria-hidden="true">
      {parts(counts).map(([outcome, count]) => (
        <i key={outcome} class={outcome} style={{ flexGrow: count }} />
      ))}
    </div>
  );
}

/** Each number filters the table of assets. */
export function Outcomes({ counts }: { counts: Counts }) {
  return (
    <section aria-label="Outcomes" class="card">
      <Bar counts={counts} />
      <ul class="counts">
        {parts(counts).map(([outcome, count]) => (
          <li key={outcome}>
            <a href={`${withQuery({ outcome })}#assets`}>
              <span class={`dot ${outcome}`} aria-hidden="true" />
              <b>{number(count)}</b> {outcome}
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

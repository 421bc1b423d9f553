// When an asset's agent was last seen, where its row tells. Documented are `agent.lastCheckedIn` and `sensorLastUpdatedDate` of GAV, and
// `lastReportedTime` of EDR; asset jobs have `lastCheckedIn`, and rows of CAR assets may grow it (docs/qualys-api.md#last-seen).
import { toldInstant } from '../../domain/clock/instant.js';
import { folded, isRecord } from './values.js';

/** Compared without case and separators, as the services spell them differently. */
const OF_AN_AGENT: ReadonlySet<string> = new Set([
  'lastcheckedin',
  'lastcheckedindate',
  'lastcheckin',
  'lastcheckindate',
  'lastactivity',
  'lastactivitydate',
  'lastseen',
  'lastreportedtime',
  'agentlastcheckedin',
  'agentlastseen',
]);
/** The newest word of any sensor: an agent was not seen later, where it has no word of its own. */
const OF_ANY_SENSOR = 'sensorlastupdateddate';

/** The latest of the agent's own instants, at the top of the row or under `agent`; undefined where the row tells none. */
export function lastSeenOf(row: object): number | undefined {
  if (!isRecord(row)) return undefined;
  const found: Found = { own: undefined, ofAnySensor: undefined };
  for (const field of Object.keys(row)) {
    const value = row[field];
    if (folded(field) !== 'agent') look(found, field, value);
    else if (isRecord(value)) for (const inner of Object.keys(value)) look(found, inner, value[inner]);
  }
  return found.own ?? found.ofAnySensor;
}

interface Found {
  own: number | undefined;
  ofAnySensor: number | undefined;
}

/** -1 and 0 stand for never, which tells nothing of an agent that may be new. */
function look(found: Found, field: string, value: unknown): void {
  const name = folded(field);
  const isOwn = OF_AN_AGENT.has(name);
  if (!isOwn && name !== OF_ANY_SENSOR) return;
  const at = toldInstant(value);
  if (at === undefined) return;
  if (isOwn) found.own = Math.max(found.own ?? at, at);
  else found.ofAnySensor ??= at;
}

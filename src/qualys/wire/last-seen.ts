// When an asset's agent was last seen, where its row tells. Documented are `agent.lastCheckedIn` and `sensorLastUpdatedDate` of GAV, and
// `lastReportedTime` of EDR; asset jobs have `lastCheckedIn`, and rows of CAR assets may grow it (docs/qualys-api.md#last-seen).
import { toldInstant } from '../../domain/clock/instant.js';

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
  const entries = entriesOf(row).flatMap(([field, value]) => (folded(field) === 'agent' ? entriesOf(value) : [[field, value] as const]));
  const own = entries.flatMap(([field, value]) => (OF_AN_AGENT.has(folded(field)) ? instantOf(value) : []));
  if (own.length > 0) return Math.max(...own);
  const [ofAnySensor] = entries.flatMap(([field, value]) => (folded(field) === OF_ANY_SENSOR ? instantOf(value) : []));
  return ofAnySensor;
}

/** -1 and 0 stand for never, which tells nothing of an agent that may be new. */
function instantOf(value: unknown): number[] {
  const at = toldInstant(value);
  return at === undefined ? [] : [at];
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}

function folded(field: string): string {
  return field.toLowerCase().replace(/[_-]/g, '');
}

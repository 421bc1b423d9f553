// A campaign's plan for people: what would be done to whom, in which waves, by whose leave, at what cost and until when.

import { afterText, restartText } from '../../domain/campaign/step-after.js';
import { spanText } from '../../domain/clock/span.js';
import { MOST_IN_FLIGHT } from '../../domain/polling/in-flight.js';
import type { InFlightLimit } from '../../domain/run/command.js';
import { hostsIn, notJoinedText } from '../../domain/targets/join-record.js';
import { hintText } from '../dry-run/hints.js';
import { counted } from '../terminal/count-text.js';
import { hangingLines, type Line, type Style } from '../terminal/paint.js';
import { safeLine } from '../terminal/text.js';
import type { PlanDocument, PlannedWave } from './document.js';
import type { ShownOpening } from './openings.js';

const NOT_JOINED_SHOWN = 20;

/** Lines of at most `room` columns; `file` is named in the command that starts it. */
export function planLines(plan: PlanDocument, { room, file }: { room: number; file: string }): Line[] {
  const say = (facts: readonly Fact[], indent = 0): Line[] => facts.flatMap((fact) => factLines(fact, room, indent));
  return [
    [{ text: safeLine(plan.name), style: 'strong' }],
    ...say([...scriptFacts(plan), ...cohortFacts(plan)]),
    ...plan.waves.flatMap((wave, index) => [
      [
        { text: `wave ${index + 1}  `, style: 'soft' as const },
        { text: safeLine(wave.name), style: 'strong' as const },
      ],
      ...say(waveFacts(wave), 2),
    ]),
    [{ text: 'together', style: 'strong' }],
    ...say([
      ...ruleFacts(plan),
      ...windowFacts(plan),
      ...costFacts(plan),
      ...forecastFacts(plan),
      ...policyFacts(plan),
      ...endFacts(plan, file),
    ]),
    [{ text: 'Nothing was sent or started.' }],
  ];
}

type Fact = readonly [name: string, text: string, style?: Style | undefined];

function factLines([name, text, style]: Fact, room: number, indent: number): Line[] {
  return hangingLines([{ text: ' '.repeat(indent) + name.padEnd(12), style: style ?? 'soft' }], safeLine(text), room);
}

function scriptFacts({ scripts }: PlanDocument): Fact[] {
  return Object.entries(scripts).flatMap(([step, { id, title, platform, status, hints = [] }]): Fact[] => [
    [step, `${title} (${[id, platform, status].filter((word) => word !== '').join(', ')})`],
    ...hints.map((hint): Fact => ['hint', hintText(hint), 'warn']),
  ]);
}

function cohortFacts({ cohort, skipped, notJoined, warnings = [], requestedBy }: PlanDocument): Fact[] {
  const shown = notJoined.assets.slice(0, NOT_JOINED_SHOWN);
  return [
    ...(requestedBy ? [['requester', requestedBy] as const] : []),
    ['cohort', `${counted(cohort.size, 'asset')}, order seed "${cohort.seed}", strategy ${cohort.strategy}`],
    ...Object.entries(skipped).map(([reason, count]): Fact => ['skipped', `${counted(count, 'asset')}: ${reason}`, 'warn']),
    ...(notJoined.count > 0
      ? [['not joined', `${counted(notJoined.count, 'host')} of the query (nothing is sent there)`, 'warn'] as const]
      : []),
    ...shown.map((host): Fact => ['', notJoinedText(host)]),
    ...(notJoined.count > hostsIn(shown) ? [['', `and ${notJoined.count - hostsIn(shown)} more (list all with --json)`] as const] : []),
    ...warnings.map((warning): Fact => ['warning', warning, 'warn']),
  ];
}

function waveFacts(wave: PlannedWave): Fact[] {
  const { size, note, toSend, executions, calls, approval, soakMs, errorBudget, inconclusive } = wave;
  const left = size - toSend;
  return [
    ['assets', `${counted(size, 'asset')}${left > 0 ? `, ${left} of them skipped` : ''}${note ? `; ${note}` : ''}`],
    ...(size === 0
      ? []
      : ([
          ['executions', `${stepsText(wave)}${wave.steps.length > 1 ? `: up to ${executions}` : ''}; ${rangeText(calls)} calls`],
          ['approval', approval?.text ?? 'none'],
          ['budget', errorBudget],
          ['in doubt', inconclusive],
          ...(soakMs > 0 ? [['soak', `${spanText(soakMs)} after its last verdict`] as const] : []),
          ['forecast', waveForecastText(wave)],
        ] satisfies Fact[])),
  ];
}

function stepsText({ steps }: PlannedWave): string {
  return steps
    .map(({ step, executions, byTags, after, restartCodes }) => {
      const waits = after === undefined ? (restartCodes ?? []).length > 0 && restartText(restartCodes ?? []) : afterText(after);
      const more = [byTags === undefined ? [] : `${byTags} by tags`, waits || []].flat();
      return `${step} ${executions}${more.length === 0 ? '' : ` (${more.join(', ')})`}`;
    })
    .join(', ');
}

function waveForecastText({ forecast: { startsAt, endsAt, bottleneck }, soakMs }: PlannedWave): string {
  if (startsAt === undefined || endsAt === undefined) return 'no end: no remaining window is long enough';
  const held = bottleneck === undefined ? '' : `; main bottleneck: ${BOTTLENECKS[bottleneck] ?? bottleneck}`;
  return `${minute(startsAt)} to ${minute(endsAt)} UTC${soakMs > 0 ? ', then the soak' : ''}${held}`;
}

const BOTTLENECKS: Readonly<Record<string, string>> = {
  interval: 'the interval between executions',
  'daily-quota': 'executions per day',
  calls: 'calls per hour',
  concurrency: 'maxInFlight',
  windows: 'its windows',
};

function ruleFacts({ rules }: PlanDocument): Fact[] {
  const breach = {
    pause: 'holds the wave until a person decides',
    abort: 'ends the campaign',
    rollback: 'rolls the wave back and ends the campaign',
  };
  return [
    ['a breach', breach[rules.onBreach as keyof typeof breach] ?? rules.onBreach],
    ['conflicts', rules.conflict === 'skip' ? 'assets busy in another run are skipped' : 'assets busy in another run are waited for'],
    [
      'limits',
      `${inFlightText(rules.maxInFlight)} in flight, deadline ${spanText(rules.deadlineMs)}; retries: ${rules.retry}; unreachable assets watched ${spanText(rules.unreachableWaitMs)} longer`,
    ],
  ];
}

function windowFacts({ windows: { restricted, openings } }: PlanDocument): Fact[] {
  if (!restricted) return [['windows', 'always open']];
  if (openings.length === 0) return [['windows', 'none open within 400 days', 'bad']];
  return openings.map((opening, index): Fact => [index === 0 ? 'openings' : '', openingText(opening)]);
}

/** `Sat 2026-08-22 00:00 to Sat 2026-08-22 06:00 Europe/Berlin (2026-08-21 22:00 to 2026-08-22 04:00 UTC), 6h 00m` */
function openingText({ opensAt, closesAt, timezone, local }: ShownOpening): string {
  if (closesAt === undefined || local.closes === undefined) return `from ${local.opens} ${timezone} (${minute(opensAt)} UTC), open-ended`;
  const isUtc = timezone === 'UTC';
  const utc = isUtc ? '' : ` (${minute(opensAt)} to ${minute(closesAt)} UTC)`;
  return `${local.opens} to ${local.closes} ${timezone}${utc}, ${spanText(Date.parse(closesAt) - Date.parse(opensAt))}`;
}

function costFacts({ executions, calls, budget }: PlanDocument): Fact[] {
  const { left, perWindow, windowMs } = budget.calls;
  const { left: sendable, perDay } = budget.executions;
  const unknown = budget.ledger ? '' : ' (no ledger here yet)';
  const ofDay = `${sendable} of ${perDay} left (rolling 24 h)`;
  const ofWindow = `${Math.floor(left)} of ${perWindow} left (rolling ${spanText(windowMs)})`;
  return [
    ['executions', `up to ${executions}; ${ofDay}${unknown}`, executions > sendable ? 'warn' : undefined],
    [
      'calls',
      `about ${rangeText(calls)}, ${calls.opening} of them to find scripts and assets; ${ofWindow}${unknown}`,
      calls.atLeast > left ? 'warn' : undefined,
    ],
  ];
}

function forecastFacts({ forecast: { startsAt, endsAt, bottleneck, notes } }: PlanDocument): Fact[] {
  const held = bottleneck === undefined ? '' : `; main bottleneck: ${BOTTLENECKS[bottleneck] ?? bottleneck}`;
  return [
    [
      'forecast',
      endsAt === undefined
        ? 'no end'
        : `done at ${minute(endsAt)} UTC if started now, after ${spanText(Date.parse(endsAt) - Date.parse(startsAt))}${held}`,
    ],
    ...notes.map((note): Fact => ['', note]),
  ];
}

function policyFacts({ policy: { aboveAssets, allowedScripts, neverTouch, maxAssets }, waitsFor }: PlanDocument): Fact[] {
  const untouched = neverTouch.assetIds.length + neverTouch.tags.length + neverTouch.hostnames.length;
  const parts = [
    allowedScripts ? `${counted(allowedScripts.length, 'script')} allowed` : 'any approved script',
    ...(aboveAssets === undefined ? [] : [`more than ${counted(aboveAssets, 'asset')} need approval`]),
    ...(untouched > 0 ? [`${counted(untouched, 'never-touch entry', 'never-touch entries')}`] : []),
    ...(maxAssets === undefined ? [] : [`at most ${counted(maxAssets, 'asset')}`]),
  ];
  return [['policy', parts.join('; ')], ...(waitsFor ? [['waits for', `the EASM sync: ${waitsFor.easm}`] as const] : [])];
}

function endFacts({ refused, digest }: PlanDocument, file: string): Fact[] {
  return [
    ...(refused ?? []).map(({ type, message }): Fact => ['refused', `${type}: ${message}`, 'bad']),
    ...(digest === undefined
      ? []
      : ([
          ['digest', digest],
          ['start', `overhaul start ${file} --digest ${digest}`],
        ] satisfies Fact[])),
  ];
}

function rangeText({ atLeast, atMost }: { atLeast: number; atMost: number }): string {
  return atLeast === atMost ? String(atLeast) : `${atLeast} to ${atMost}`;
}

/** `2026-08-22 10:00` */
function minute(instant: string): string {
  return instant.slice(0, 16).replace('T', ' ');
}

function inFlightText(limit: InFlightLimit): string {
  return limit === 'auto' ? `what the call budget can feed, up to ${MOST_IN_FLIGHT},` : `up to ${limit}`;
}

// No result of an activity can come near the 2 MiB that Temporal refuses: it would be run again, effect and all, and would never end.
// Each activity is here by its name and type, so that none can be forgotten; texts and lists are as long as what bounds them lets them be.
import { expect, test } from '@jest/globals';
import { jsonBytes, LIMITS } from '../contracts/text.js';
import { emptyCounts, OUTCOMES, type RunReport } from '../domain/run/outcome.js';
import type { RunSnapshot } from '../domain/run/snapshot.js';
import { WAVES_AT_MOST } from '../ledger/campaigns/retry.js';
import { outgoingResult } from '../worker/outgoing.js';
import type { ActivityDependencies } from './dependencies.js';
import { followUpReport } from './follow-up/report.js';
import { createIdentifyLedger } from './identify-ledger.js';
import { type Activities, createActivities } from './index.js';

type All = Activities & ReturnType<typeof createIdentifyLedger>;
type Largest = { [Name in keyof All]: Awaited<ReturnType<All[Name]>> };

/** In JSON a character of this kind has six bytes; whatever was clipped to a number of characters may consist of it. */
const text = (characters: number): string => '\u0001'.repeat(characters);
/** Temporal's own limit. */
const WORKFLOW_ID = 'w'.repeat(1_000);
/** Of 400 bytes as JSON, which is what lets it in. */
const PERSON = 'é'.repeat(LIMITS.person);
const DIGEST = 'f'.repeat(64);
/** What is not bounded where it came from is clipped on its way out (`src/worker/outgoing.ts`). */
const ANY_TEXT = text(3_000_000);
const MOST = Number.MAX_SAFE_INTEGER;

const counts = Object.fromEntries(Object.keys(emptyCounts()).map((name) => [name, MOST])) as ReturnType<typeof emptyCounts>;
const blocked = { kind: 'unavailable' as const, why: ANY_TEXT };
const issued = { claimed: MOST, permits: MOST, orders: MOST };
const snapshot: Required<RunSnapshot> = {
  ...issued,
  ...{ counts, unsent: MOST, inDoubt: MOST, watched: MOST, slotsTaken: MOST, waiting: MOST, nextDueAt: MOST, outputsOwed: MOST },
  ...{
    accepted: MOST,
    callsUsed: MOST,
    etaMs: MOST,
    at: MOST,
    wakes: MOST,
    breached: true,
    attempted: true,
    paused: true,
    maxInFlight: MOST,
  },
  ...{ held: true, stop: { cause: 'stopped', reason: ANY_TEXT } },
} as Required<RunSnapshot>;
const rule = { quorum: 10, expiresMs: MOST, approvers: Array.from({ length: LIMITS.approvers }, () => PERSON), allowRequester: true };
const script = { id: '9'.repeat(19), title: text(LIMITS.title) };
const cohort = { size: MOST, digest: DIGEST };
const named = { name: text(LIMITS.name), size: MOST };
const step = { wave: MOST, ...named };

/** A million assets are 40,000 schedules, whose titles hold nothing that JSON escapes. */
const schedules = Array.from({ length: 40_000 }, () => ({
  title: '漢'.repeat(128),
  state: 'exists' as const,
  scheduleId: undefined,
  detail: ANY_TEXT,
}));
const report: RunReport = {
  ...{ runId: WORKFLOW_ID, status: 'succeeded', script, counts, strays: MOST, executions: MOST, apiCalls: MOST },
  ...{ startedAt: new Date(0).toISOString(), finishedAt: new Date(0).toISOString() },
  followUp: followUpReport(
    'schedule',
    schedules,
    Array.from({ length: 100 }, () => ANY_TEXT),
  ) as NonNullable<RunReport['followUp']>,
  recheck: { of: WORKFLOW_ID, changes: OUTCOMES.flatMap((before) => OUTCOMES.map((now) => ({ before, now, assets: MOST }))) },
  // As many as the ledger keeps, of its length.
  warnings: Array.from({ length: 20 }, () => text(500)),
};

/** The plan's hundred, whose names share its 10,000 bytes, with ten approvals each; those that were queued again have one. */
const waves = Array.from({ length: WAVES_AT_MOST }, (_, index) => ({
  ...{ name: index < LIMITS.waves ? 'n'.repeat(100) : `retry ${index}`, status: 'rolled-back' as const, counts, rollbackId: WORKFLOW_ID },
  approvedBy: Array.from({ length: index < LIMITS.waves ? LIMITS.quorum : 1 }, () => PERSON),
  ...{ openedAt: new Date(0).toISOString(), closedAt: new Date(0).toISOString(), notRolledBack: MOST },
}));

const LARGEST: Largest = {
  lookAtTickets: {
    found: MOST,
    started: Array.from({ length: 5 }, () => WORKFLOW_ID),
    refused: MOST,
    stopped: Array.from({ length: 5 }, () => WORKFLOW_ID),
    unread: ANY_TEXT,
  },
  identifyLedger: { ledgerId: DIGEST, queue: text(1_000) },
  openRun: { kind: 'opened', script, cohort, digest: DIGEST, approval: rule },
  registerRun: undefined,
  dispatch: { snapshot, blocked },
  dispatchIssued: issued,
  watch: { snapshot, blocked },
  controlRun: { snapshot, assets: MOST, digest: DIGEST, refused: true },
  runSnapshot: snapshot,
  scheduleFollowUp: { blocked },
  abandonRun: undefined,
  closeRun: report,
  openCampaign: { kind: 'opened', digest: DIGEST, cohort, waves: Array.from({ length: LIMITS.waves }, () => named), approval: rule },
  registerCampaign: undefined,
  recheckPlan: { kind: 'blocked', blocked },
  openStep: { kind: 'blocked', blocked },
  setWave: 'awaiting-decision',
  nextWave: step,
  // Each wave's assessment, remedy, verification and rollback.
  openSteps: Array.from({ length: WAVES_AT_MOST * 4 }, () => WORKFLOW_ID),
  pollStep: { kind: 'open', snapshot },
  closeLostStep: { goesOn: true },
  judgeWave: {
    judgement: { verdict: 'breach', why: ANY_TEXT },
    counts,
    found: { spent: MOST, unknown: MOST },
    closedAs: 'awaiting-decision',
  },
  takeOver: undefined,
  closeWave: 'awaiting-decision',
  stopSteps: { atRest: true },
  closeCampaign: { ...report, waves },
} as Largest;

/** Temporal refuses 2 MiB; encryption adds a third, and the report of a campaign is the only result that is large at all. */
const FAR_BELOW = 1_000_000;
/** What `src/worker/outgoing.ts` hands on as it is: beyond it there is no result. */
const INVARIANT = 16 * 1_024;
/** Reports and lists (invariant 19), and what their maxima make of them. */
const LARGE: ReadonlySet<string> = new Set(['closeRun', 'closeCampaign', 'openCampaign', 'openSteps', 'openRun']);

test('every activity is here, with its largest result', () => {
  const dependencies = new Proxy({}, { get: () => ({}) }) as ActivityDependencies;
  const registered = [...Object.keys(createActivities(dependencies)), ...Object.keys(createIdentifyLedger(dependencies))];
  expect(Object.keys(LARGEST).sort()).toEqual(registered.sort());
});

test.each(Object.keys(LARGEST) as (keyof All)[])('%s hands on no result near 2 MiB', (name) => {
  const result = outgoingResult(LARGEST[name], name);
  const bytes = result === undefined ? 0 : jsonBytes(result);
  expect(bytes).toBeLessThan(FAR_BELOW);
  if (!LARGE.has(name)) expect(bytes).toBeLessThan(INVARIANT);
});

test('a list that no such bound keeps short is found out here', () => {
  const unbounded = { ...report, followUp: { ...report.followUp, titles: schedules.map(({ title }) => title) } };
  expect(() => outgoingResult(unbounded, 'closeRun')).toThrow('This is a bug in Overhaul');
});

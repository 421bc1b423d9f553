// What a step waits for at each asset, behind what the step before has found there: a time, or a check-in of the agent after a reboot.
import { spanText } from '../clock/span.js';
import type { CampaignStepName } from './step.js';

/** As a plan says it: milliseconds past the asset's verdict, or a check-in that comes within so many of it. */
export type StepAfter = number | { checkIn: true; within: number };

/** The reason of an asset whose agent did not come back in time: it is never sent to in that step. */
export const NO_CHECK_IN = 'no-check-in';

/** Of a row that waits for its agent: no clock comes this far, so nothing that asks for what is due ever finds it. */
export const NEVER_DUE = 8_640_000_000_000_000;

/**
 * What a verification waits where its plan says nothing and the remedy has told the host to restart: for the agent's check-in, and so long.
 * A restart that began an hour ago is over.
 */
export const RESTART_WITHIN_MS = 3_600_000;

/** A check-in sooner after the end may be one before the restart that has begun. Qualys' clock. */
export const RESTART_BEGINS_MS = 120_000;

/** The longest that a plan may ask for. */
export const LONGEST_AFTER_MS = 30 * 86_400_000;

/** Whose asset jobs tell when an agent has checked in. Every asset of a step that may wait has had this one. */
export const STEP_BEFORE: Record<CampaignStepName, CampaignStepName | undefined> = {
  assess: undefined,
  remediate: 'assess',
  verify: 'remediate',
  rollback: 'remediate',
};

/** What an earlier step of the wave says of one asset. */
export interface StepBefore {
  /** When its last verdict was written, by the ledger's clock; undefined in a ledger that did not note it yet. */
  decidedAt?: number | undefined;
  /** When its last asset job ended by Qualys' own instants, on the host and at the platform. */
  finishedAt?: number | undefined;
  endedAt?: number | undefined;
  /** When its last status was first seen, by Qualys' clock as estimated. */
  statusSince?: number | undefined;
  exitCode?: number | undefined;
}

/** What a step waits for at its assets, by its plan or, where that says nothing, where the remedy ended with one of these codes. */
export interface StepWaits {
  after?: StepAfter | undefined;
  restartCodes?: readonly number[];
}

export function mayWait({ after, restartCodes = [] }: StepWaits): boolean {
  return after !== undefined || restartCodes.length > 0;
}

export type StepWait =
  | { dueAt: number }
  /** Not before a check-in later than `behindAt`, of Qualys' clock, which has until `byAt` of the ledger's. */
  | { behindAt: number | undefined; byAt: number; byDefault?: true };

/** By all earlier steps that had the asset. `now`: the step's opening, which is behind every verdict that it follows. */
export function stepWait({ after, restartCodes = [] }: StepWaits, before: readonly StepBefore[], now: number): StepWait {
  const from = latest(before.map(({ decidedAt }) => decidedAt)) ?? now;
  if (typeof after === 'number') return { dueAt: from + after };
  const behindAt = latest(before.map(lastEnd));
  if (after !== undefined) return { behindAt, byAt: from + after.within };
  const restarts = before.some(({ exitCode }) => exitCode !== undefined && restartCodes.includes(exitCode));
  return restarts ? { behindAt, byAt: from + RESTART_WITHIN_MS, byDefault: true } : { dueAt: 0 };
}

/**
 * The upload of the result is a check-in, too: the later of both instants counts. A job that tells no end had ended when its last status
 * was seen.
 */
function lastEnd({ finishedAt, endedAt, statusSince }: StepBefore): number | undefined {
  return latest([finishedAt, endedAt]) ?? statusSince;
}

function latest(instants: readonly (number | undefined)[]): number | undefined {
  const told = instants.filter((at) => at !== undefined);
  return told.length === 0 ? undefined : Math.max(...told);
}

/** What a row tells of an agent, by Qualys' clock. */
export interface AgentSeen {
  checkedInAt: number;
  /** When its host was started last, where the row tells it. */
  bootedAt?: number | undefined;
}

/**
 * The very instant of the end is no check-in after it. A start of the host that is told must be later, too; where none is, a host that was
 * told to restart has a moment to begin with it.
 */
export function isBack(
  { checkedInAt, bootedAt }: AgentSeen,
  { behindAt, byDefault = false }: { behindAt?: number | undefined; byDefault?: boolean },
): boolean {
  if (behindAt === undefined || checkedInAt <= behindAt) return false;
  return bootedAt === undefined ? !byDefault || checkedInAt > behindAt + RESTART_BEGINS_MS : bootedAt > behindAt;
}

/** The longest that a step may begin after the one before: a forecast counts it, though most agents come back sooner. */
export function longestWaitMs(after: StepAfter | undefined): number {
  return typeof after === 'object' ? after.within : (after ?? 0);
}

/** For people, behind the name of the step. */
export function afterText(after: StepAfter): string {
  return typeof after === 'object' ? `after a check-in within ${spanText(after.within)}` : `after ${spanText(after)}`;
}

/** The same of a step whose plan says nothing. */
export function restartText(codes: readonly number[]): string {
  return `where the code ${codes.join(' or ')} says that a restart has begun: ${afterText({ checkIn: true, within: RESTART_WITHIN_MS })}`;
}

/** An inventory shows a check-in this much later at most, by Qualys' clock. */
export const CHECK_IN_LAG_MS = 5 * 60_000;

/**
 * Who has until `byAt` is given up by a reading that began then or later, by the ledger's clock, and shows no check-in. `rate`: Qualys'
 * milliseconds in one of ours.
 */
export function givenUpAt(byAt: number, rate: number): number {
  return byAt + CHECK_IN_LAG_MS / rate;
}

/** The same, asked of a reading: whose time had to be over by when. */
export function overBefore({ readAt, rate }: { readAt: number; rate: number }): number {
  return readAt - CHECK_IN_LAG_MS / rate;
}

// What a step waits for before it is sent to an asset, where that is a check-in of its agent. Asset jobs tell when an agent has checked in
// last, those of the step before for each asset that is waited for, and one call reads them of 79 executions.

import type { StoredPlan } from '../../contracts/plan.js';
import { batchesOf } from '../../domain/basics/batches.js';
import { type AgentSeen, givenUpAt, overBefore, RESTART_WITHIN_MS } from '../../domain/campaign/step-after.js';
import { spanText } from '../../domain/clock/span.js';
import { ageingDelayMs } from '../../domain/polling/cadence.js';
import type { Blocked } from '../../domain/run/blocked.js';
import type { RunSnapshot } from '../../domain/run/snapshot.js';
import type { CheckInsAwaited } from '../../ledger/campaigns/check-ins.js';
import type { Execution } from '../../ledger/executions/registry.js';
import type { RunRow } from '../../ledger/rows/run.js';
import { isAccessRefused, isTransient, QualysError } from '../../qualys/errors.js';
import type { AssetJobRow } from '../../qualys/types.js';
import type { PollDependencies } from '../dependencies.js';
import { blockedBy, type Wait, waitAfter } from '../failures.js';
import { LARGEST_PAGE, readAssetJobs } from '../polling/asset-jobs.js';
import { watchedOf } from '../polling/jobs.js';

export interface CheckInsPolled {
  /** Assets that may be sent to from now on, and assets that never will be. */
  decided: number;
  /** Why nothing could be read. */
  wait?: Wait | undefined;
}

/** Asks where that is due, and writes down what is seen: it is not asked again by whoever comes after. */
export async function pollCheckIns(dependencies: PollDependencies, run: RunRow): Promise<CheckInsPolled> {
  const { checkIns, database, serverClock, audit } = dependencies.ledger;
  if (!run.campaign || run.stop || run.paused) return { decided: 0 };
  const awaited = await checkIns.awaited(run.id);
  // Before the first read: what was not there yet then may be there when this is decided.
  const readAt = await database.now();
  if (awaited.assets === 0 || awaited.pollAt > readAt) return { decided: 0 };
  const failed = await noteCheckIns(dependencies, run, run.campaign);
  if (failed) {
    await checkIns.setNextPoll(run.id, readAt + failed.waitMs);
    return { decided: 0, wait: failed };
  }
  const { givenUp, untold } = await checkIns.giveUp(run.id, overBefore({ readAt, rate: await serverClock.rate() }));
  if (givenUp > 0) await audit.add(run.id, { action: 'no-check-in', detail: `${givenUp} asset(s) have not checked in within their time` });
  if (untold > 0) {
    const detail = `${untold} asset(s) were told to restart ${spanText(RESTART_WITHIN_MS)} ago; no row tells when their agents have checked in`;
    await audit.add(run.id, { action: 'restart-taken-as-over', detail });
  }
  const left = await checkIns.awaited(run.id);
  await checkIns.setNextPoll(run.id, readAt + (await delayMs(dependencies, { run, left, readAt })));
  return { decided: awaited.assets - left.assets };
}

/** Undefined when it could be read; else how long to wait. A search that Qualys refuses for good shows no check-in, and nobody is back. */
async function noteCheckIns(
  dependencies: PollDependencies,
  run: RunRow,
  campaign: NonNullable<RunRow['campaign']>,
): Promise<Wait | undefined> {
  const { ledger } = dependencies;
  const { id: campaignId, wave, step } = campaign;
  const before = new Map<string, Execution[]>();
  for (const { runId, executionNo } of await ledger.checkIns.executionsBefore(run.id, { campaignId, wave, step })) {
    const execution = await ledger.executions.get(runId, executionNo);
    if (execution) before.set(runId, [...(before.get(runId) ?? []), execution]);
  }
  try {
    for (const [runId, executions] of before) {
      const sender = await ledger.runs.get(runId);
      if (!sender) continue;
      for (const part of batchesOf(executions, LARGEST_PAGE - 1, ({ size }) => size)) {
        const rows = await readAssetJobs(dependencies, run, await watchedOf(ledger, sender, part));
        await ledger.checkIns.note(run.id, agentsIn([...rows.values()].flatMap((of) => of.rows)));
      }
    }
  } catch (error) {
    if (!(error instanceof QualysError)) throw error;
    if (isTransient(error) || isAccessRefused(error)) return { waitMs: waitAfter(error, 3), blocked: blockedBy(error) };
  }
  return undefined;
}

/** By asset, the latest that any row tells of it. */
function agentsIn(rows: readonly AssetJobRow[]): Map<string, AgentSeen> {
  const seen = new Map<string, AgentSeen>();
  for (const { assetId, checkedInAt, bootedAt } of rows) {
    const before = seen.get(assetId);
    if (checkedInAt === undefined) continue;
    seen.set(assetId, {
      checkedInAt: Math.max(checkedInAt, before?.checkedInAt ?? 0),
      bootedAt: bootedAt === undefined ? before?.bootedAt : Math.max(bootedAt, before?.bootedAt ?? 0),
    });
  }
  return seen;
}

/** As a watch polls: the longer nobody has come back, the more rarely; as many calls as are left until the last is given up. */
async function delayMs(
  { ledger }: PollDependencies,
  { run, left, readAt }: { run: RunRow; left: CheckInsAwaited; readAt: number },
): Promise<number> {
  const clockRate = await ledger.serverClock.rate();
  const floorMs = run.request.poll.interval;
  const delay = ageingDelayMs({
    floorMs,
    ageMs: readAt - run.createdAt,
    clockRate,
    budget: { ...(await ledger.calls.left()), ...(await ledger.runs.load()), remainingMs: Math.max(0, left.lastBy - readAt) },
  });
  // The reading that gives up the last of them is not late, and ends the wait.
  return Math.min(delay, Math.max(floorMs, givenUpAt(left.lastBy, clockRate) - readAt));
}

/** What a step waits for by its plan while nothing of it is due; undefined where it waits for something else. */
export async function stepWaitOf(
  ledger: PollDependencies['ledger'],
  { id, campaign }: RunRow,
  { waiting, nextDueAt = 0, at, stop, paused }: RunSnapshot,
): Promise<Blocked | undefined> {
  if (!campaign || waiting === 0 || nextDueAt <= at || stop || paused) return undefined;
  const { assets, lastBy } = await ledger.checkIns.awaited(id);
  if (assets > 0)
    return {
      kind: 'check-in',
      why: `${assets} asset(s) have not checked in since the step before; they are waited for until ${instant(lastBy)} at the latest`,
    };
  const plan = (await ledger.campaigns.get(campaign.id))?.plan as StoredPlan | undefined;
  if (plan?.steps[campaign.step]?.after === undefined) return undefined;
  return { kind: 'after', why: `${waiting} asset(s) wait for their time after the step before; the next is due at ${instant(nextDueAt)}` };
}

function instant(at: number): string {
  return new Date(at).toISOString();
}

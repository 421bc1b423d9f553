// What must be true of a campaign whatever happened to its workers: the same outcomes as without, and no asset executed twice in a step.

import { isDeepStrictEqual } from 'node:util';
import type { CampaignReport } from '../../../src/domain/campaign/status.js';
import type { Ledger } from '../../../src/ledger/index.js';
import type { Simulator } from '../../../src/simulator/index.js';
import { ledgerOf } from '../../support/ledger/inspector.js';
import type { Verdict } from '../verdict.js';

export interface CampaignVerdict extends Verdict {
  /** The most often that one asset got the script in one step. */
  mostInAStep: number;
  /** Assets whose outcome is another than without deaths. */
  different: number;
}

interface Facts {
  simulator: Simulator;
  ledger: Ledger;
  campaignId: string;
}

/** Outcome and reason by asset id. */
export type Outcomes = ReadonlyMap<string, string>;

export async function outcomesOf(ledger: Ledger, campaignId: string): Promise<Outcomes> {
  const rows = await ledgerOf(ledger).columns('attempts', ['assetId', 'outcome', 'reason'], { runId: campaignId, last: 1 });
  return new Map(rows.map(({ assetId, outcome, reason }) => [assetId, reason === null ? outcome : `${outcome}: ${reason}`]));
}

/** `expected`: what the same campaign came to without deaths. */
export async function campaignVerdict(facts: Facts, report: CampaignReport, expected: Outcomes): Promise<CampaignVerdict> {
  const { simulator, ledger, campaignId } = facts;
  const problems: string[] = [];
  const expect = (holds: boolean, sentence: string): void => {
    if (!holds) problems.push(sentence);
  };
  const found = await outcomesOf(ledger, campaignId);
  const different = [...expected].filter(([assetId, outcome]) => found.get(assetId) !== outcome);
  const examples = different.slice(0, 3).map(([assetId, outcome]) => `${assetId} is ${found.get(assetId)} instead of ${outcome}`);
  expect(different.length === 0, `${different.length} outcomes differ: ${examples.join(', ')}`);
  expect(found.size === expected.size, `${found.size} assets have an outcome, not ${expected.size}`);
  addsUp(report, expected.size, expect);

  const perStep = await executionsPerStep(facts);
  const most = Math.max(0, ...perStep.map(({ times }) => times));
  const twice = perStep.filter(({ times, attempts }) => times > attempts);
  expect(twice.length === 0, `${twice.length} times a step sent its script to an asset more often than it made attempts`);

  const runs = await ledgerOf(ledger).runsOf(campaignId);
  const ids = new Set(runs.map(({ id }) => id));
  const attempts = (await ledgerOf(ledger).rows('attempts', { lease: 1 })).filter(({ runId }) => ids.has(runId));
  expect(attempts.length === 0, `${attempts.length} leases are left`);
  const unsettled = await ledgerOf(ledger).rows('executions', { settledAt: null });
  const open = unsettled.filter(({ runId, state }) => ids.has(runId) && ['claimed', 'permitted', 'accepted'].includes(state)).length;
  expect(open === 0, `${open} executions are left open`);
  const unfinished = runs.filter(({ finishedAt }) => finishedAt === null).length;
  expect(unfinished === 0, `${unfinished} runs have no report`);
  expect(isDeepStrictEqual((await ledger.runs.get(campaignId))?.report, report), 'the report of the workflow is not the one of the ledger');
  const executes = simulator.state.executions.filter(({ user }) => user === 'demo').length;
  expect(report.executions === executes, `${executes} jobs are ours, ${report.executions} are reported`);
  return { executes, twice: twice.length, mostInAStep: most, different: different.length, counts: report.counts, problems };
}

function addsUp({ counts, waves }: CampaignReport, size: number, expect: (holds: boolean, sentence: string) => void): void {
  const sumOf = ({ targeted: _targeted, ...outcomes }: CampaignReport['counts']): number =>
    Object.values(outcomes).reduce((total, count) => total + count, 0);
  expect(counts.targeted === size && sumOf(counts) === size, `the outcomes add up to ${sumOf(counts)} of ${size}`);
  const inWaves = waves.reduce((total, wave) => total + sumOf(wave.counts), 0);
  expect(inWaves === size, `the outcomes of the waves add up to ${inWaves} of ${size}`);
}

/**
 * How often each asset got the script of each step, and how many attempts the step made on it. A job that no step knows is one too many.
 */
async function executionsPerStep({ simulator, ledger }: Facts): Promise<{ times: number; attempts: number }[]> {
  const owners = new Map(
    (await ledgerOf(ledger).columns('executions', ['correlationUuid', 'runId'])).map(({ correlationUuid: uuid, runId }) => [uuid, runId]),
  );
  const attempts = new Map<string, number>();
  for (const { runId, assetId, executionNo } of await ledgerOf(ledger).rows('attempts')) {
    const key = `${runId} ${assetId}`;
    if (executionNo !== null) attempts.set(key, (attempts.get(key) ?? 0) + 1);
  }
  const times = new Map<string, number>();
  for (const { user, correlationUuid, assetIds } of simulator.state.executions) {
    if (user !== 'demo') continue;
    for (const assetId of assetIds) {
      const key = `${owners.get(correlationUuid) ?? 'nobody'} ${assetId}`;
      times.set(key, (times.get(key) ?? 0) + 1);
    }
  }
  return [...times].map(([key, n]) => ({ times: n, attempts: attempts.get(key) ?? 0 }));
}

// What must be true of a campaign whatever happened to its workers: the same outcomes as without, and no asset executed twice in a step.
import { isDeepStrictEqual } from 'node:util';
import type { CampaignReport } from '../../../src/domain/campaign/status.js';
import type { Ledger } from '../../../src/ledger/index.js';
import type { Simulator } from '../../../src/simulator/index.js';
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
  const rows = await ledger.database.all<{ asset_id: string; outcome: string; reason: string | null }>(
    'SELECT asset_id, outcome, reason FROM attempts WHERE run_id = ? AND last = 1',
    [campaignId],
  );
  return new Map(rows.map(({ asset_id: assetId, outcome, reason }) => [assetId, reason === null ? outcome : `${outcome}: ${reason}`]));
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

  const ids = `(SELECT id FROM runs WHERE id = ? OR campaign_id = ?)`;
  const count = async (sql: string): Promise<number> => (await ledger.database.first<{ n: number }>(sql, [campaignId, campaignId]))?.n ?? 0;
  const leases = await count(`SELECT count(*) AS n FROM attempts WHERE lease = 1 AND run_id IN ${ids}`);
  expect(leases === 0, `${leases} leases are left`);
  const open = await count(
    `SELECT count(*) AS n FROM executions WHERE state IN ('claimed', 'permitted', 'accepted') AND settled_at IS NULL AND run_id IN ${ids}`,
  );
  expect(open === 0, `${open} executions are left open`);
  const unfinished = await count(`SELECT count(*) AS n FROM runs WHERE finished_at IS NULL AND id IN ${ids}`);
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
    (await ledger.database.all<{ uuid: string; run_id: string }>('SELECT correlation_uuid AS uuid, run_id FROM executions')).map(
      ({ uuid, run_id: runId }) => [uuid, runId],
    ),
  );
  const attempts = new Map(
    (
      await ledger.database.all<{ key: string; n: number }>(
        `SELECT run_id || ' ' || asset_id AS key, count(*) AS n FROM attempts WHERE execution_no IS NOT NULL GROUP BY 1`,
      )
    ).map(({ key, n }) => [key, n]),
  );
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

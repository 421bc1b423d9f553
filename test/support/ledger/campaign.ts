// A campaign in a real ledger without its workflows: its steps find what a test says.

import { type CampaignPlanInput, parsePlan } from '../../../src/contracts/plan.js';
import { parseRequest } from '../../../src/contracts/request.js';
import type { AssetLine, StepOutcome } from '../../../src/domain/campaign/asset-steps.js';
import type { CampaignStepName } from '../../../src/domain/campaign/step.js';
import type { CopyState } from '../../../src/domain/execution/may-still-run.js';
import type { FinalOutcome, Outcome } from '../../../src/domain/run/outcome.js';
import type { Ledger } from '../../../src/ledger/index.js';

/** What a step found; without `copy`, what such an outcome mostly means. */
type Found = StepOutcome & { copy?: CopyState };

const USUAL_COPY: Record<FinalOutcome, CopyState> = {
  ...{ succeeded: 'over', failed: 'over', unverified: 'over' },
  ...{ unreachable: 'open', missing: 'unseen', skipped: 'none' },
};

/** How an asset stands: its line in the campaign, and what a step has of it; without `found` the step is not for it. */
export interface StoodCase {
  line: AssetLine;
  found?: { outcome: Outcome; reason?: string | undefined; copy: CopyState };
}

export interface TestCampaign {
  id: string;
  /** Begins a step of a wave with nobody in it. Returns its run. */
  openStep(wave: number, step: CampaignStepName): Promise<string>;
  /** Runs a step of a wave, from 1. Returns its cohort, in the order of the places. `open`: it waits for late verdicts. */
  step(wave: number, step: CampaignStepName, found: Readonly<Record<string, Found>>, state?: { open?: boolean }): Promise<string[]>;
  /** Begins a step of a wave; the assets of the wave stand as these cases say, in the order of their ids from 1, possible or not. */
  stand(wave: number, step: CampaignStepName, cases: readonly StoodCase[]): Promise<void>;
  /** What a step found later. */
  verdict(wave: number, step: CampaignStepName, found: Readonly<Record<string, Found>>): Promise<void>;
  /** The campaign's own rows, in the order of their places. */
  rows(): Promise<{ assetId: string; wave: number; outcome: string; reason?: string }[]>;
}

/** One list of assets for each wave. Every wave is begun. */
export async function openCampaign(
  ledger: Ledger,
  waves: readonly (readonly string[])[],
  { id = 'campaign', names = waves.map((_, index) => `wave ${index + 1}`) }: { id?: string; names?: readonly string[] } = {},
): Promise<TestCampaign> {
  const { database, runs, campaigns, cohort } = ledger;
  const open = { firstExecutionId: `first-${id}`, namespace: 'default', request: requestOf() };
  await runs.open({ ...open, id, kind: 'campaign' });
  await campaigns.register(id, planOf({}));
  await cohort.add(
    id,
    waves.flat().map((assetId) => ({ assetId })),
  );
  await cohort.freeze(id);
  const seqs = new Map<string, number>();
  for await (const page of campaigns.places(id)) for (const { seq, assetId } of page) seqs.set(assetId, seq);
  const frozen = waves.map((assets, index) => ({ name: names[index] ?? '', size: assets.length }));
  await campaigns.assignWaves(
    id,
    waves.map((assets) => assets.map((assetId) => seqs.get(assetId) ?? 0)),
  );
  await campaigns.freeze(id, { frozen: {}, digest: 'digest', waves: frozen });
  for (const [index] of waves.entries()) await campaigns.setWave(id, index + 1, { status: 'running', begins: true });
  await runs.setPhase(id, 'running');
  const idOf = (wave: number, step: CampaignStepName): string => `${id}/${wave}/${step}`;
  const campaign: TestCampaign = {
    id,
    async openStep(wave, step) {
      const stepId = idOf(wave, step);
      await runs.open({ ...open, id: stepId, kind: 'step', campaign: { id, wave, step } });
      return stepId;
    },
    async step(wave, step, found, { open: isOpen = false } = {}) {
      const stepId = await campaign.openStep(wave, step);
      await campaigns.setWave(id, wave, { status: 'running', begins: true });
      await campaigns.fillStep(stepId, { campaignId: id, wave, step });
      await cohort.freeze(stepId);
      // Two steps are never opened in the same moment.
      await database.run('UPDATE runs SET created_at = (SELECT max(created_at) + 1 FROM runs) WHERE id = ?', [stepId]);
      await campaign.verdict(wave, step, found);
      if (!isOpen) await database.run('UPDATE runs SET finished_at = 1 WHERE id = ?', [stepId]);
      const rows = await database.all<{ asset_id: string }>('SELECT asset_id FROM attempts WHERE run_id = ? ORDER BY seq', [stepId]);
      return rows.map(({ asset_id: assetId }) => assetId);
    },
    async stand(wave, step, cases) {
      const stepId = await campaign.openStep(wave, step);
      await database.transaction(async (sql) => {
        for (const [index, { line, found }] of cases.entries()) {
          const assetId = String(index + 1);
          await sql.run('UPDATE attempts SET outcome = ?, reason = ?, correlation_uuid = ? WHERE run_id = ? AND asset_id = ?', [
            ...[line.outcome, line.reason, line.sent ? 'uuid' : undefined],
            ...[id, assetId],
          ]);
          if (!found) continue;
          await sql.run(
            `INSERT INTO attempts (run_id, seq, attempt, asset_id, outcome, reason, copy)
             SELECT ?, seq, 1, asset_id, ?, ?, ? FROM attempts WHERE run_id = ? AND asset_id = ?`,
            [stepId, found.outcome, found.reason, found.copy, id, assetId],
          );
        }
      });
    },
    async verdict(wave, step, found) {
      for (const [assetId, { outcome, reason, copy = USUAL_COPY[outcome] }] of Object.entries(found)) {
        const sent = outcome === 'skipped' ? null : 1;
        await database.run(
          'UPDATE attempts SET outcome = ?, reason = ?, copy = ?, execution_no = ?, correlation_uuid = ? WHERE run_id = ? AND asset_id = ?',
          [outcome, reason, copy, sent, sent && `uuid of ${step}`, idOf(wave, step), assetId],
        );
      }
    },
    async rows() {
      const rows = await database.all<{ asset_id: string; wave: number; outcome: string; reason: string | null }>(
        'SELECT asset_id, wave, outcome, reason FROM attempts WHERE run_id = ? AND attempt = 1 ORDER BY seq',
        [id],
      );
      return rows.map(({ asset_id: assetId, reason, ...row }) => ({ assetId, ...row, ...(reason === null ? {} : { reason }) }));
    },
  };
  return campaign;
}

function planOf(more: Partial<CampaignPlanInput>): unknown {
  const parsed = parsePlan({ name: 'patch', targets: { assetIds: [1] }, steps: { remediate: 7 }, ...more });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { targets: _cohort, ...plan } = parsed.value;
  return plan;
}

function requestOf() {
  const parsed = parseRequest({ script: 7, targets: { assetIds: [1] } });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { targets: _cohort, ...request } = parsed.value;
  return request;
}

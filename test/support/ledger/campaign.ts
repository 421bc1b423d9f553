// A campaign in a real ledger without its workflows: its steps find what a test says.

import { type CampaignPlanInput, parsePlan } from '../../../src/contracts/plan.js';
import { parseRequest } from '../../../src/contracts/request.js';
import type { AssetLine, StepOutcome } from '../../../src/domain/campaign/asset-steps.js';
import type { CampaignStepName } from '../../../src/domain/campaign/step.js';
import type { CopyState } from '../../../src/domain/execution/may-still-run.js';
import type { FinalOutcome, Outcome } from '../../../src/domain/run/outcome.js';
import type { Ledger } from '../../../src/ledger/index.js';
import { add, together } from './damage.js';
import { ledgerOf } from './inspector.js';
import { find, finish, openLast } from './scenario.js';

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
  const { runs, campaigns, cohort } = ledger;
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
      await openLast(ledger, stepId);
      await campaign.verdict(wave, step, found);
      if (!isOpen) await finish(ledger, { id: stepId });
      const rows = await ledgerOf(ledger).columns('attempts', ['assetId'], { runId: stepId });
      return rows.map(({ assetId }) => assetId);
    },
    async stand(wave, step, cases) {
      const stepId = await campaign.openStep(wave, step);
      const places = new Map((await ledgerOf(ledger).rows('attempts', { runId: id })).map(({ assetId, seq }) => [assetId, seq]));
      await together(ledger, async (within) => {
        for (const [index, { line, found }] of cases.entries()) {
          const assetId = String(index + 1);
          const { outcome, reason, sent } = line;
          await find(within, { outcome, reason, correlationUuid: sent ? 'uuid' : null }, { runId: id, assetId });
          if (!found) continue;
          const place = { runId: stepId, seq: places.get(assetId) ?? 0, attempt: 1, assetId };
          await add(within, 'attempts', { ...place, ...found, reason: found.reason ?? null });
        }
      });
    },
    async verdict(wave, step, found) {
      for (const [assetId, { outcome, reason, copy = USUAL_COPY[outcome] }] of Object.entries(found)) {
        const sent = outcome === 'skipped' ? null : 1;
        await find(
          ledger,
          { outcome, reason, copy, executionNo: sent, correlationUuid: sent && `uuid of ${step}` },
          { runId: idOf(wave, step), assetId },
        );
      }
    },
    async rows() {
      const rows = await ledgerOf(ledger).columns('attempts', ['assetId', 'wave', 'outcome', 'reason'], { runId: id, attempt: 1 });
      return rows.map(({ assetId, wave, outcome, reason }) => ({
        assetId,
        wave: Number(wave),
        outcome,
        ...(reason === null ? {} : { reason }),
      }));
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

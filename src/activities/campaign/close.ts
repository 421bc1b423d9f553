import type { CampaignReport, WaveReport } from '../../domain/campaign/status.js';
import { waveStatus } from '../../domain/campaign/status.js';
import type { LiveCounts } from '../../domain/run/outcome.js';
import type { Issued } from '../../domain/run/snapshot.js';
import type { StoredWave } from '../../ledger/rows/wave.js';
import type { ActivityDependencies } from '../dependencies.js';
import { createCloseRun, reporting } from '../run/close.js';

export interface CloseCampaignInput {
  runId: string;
  /** Why assets without a final outcome have none. */
  reason: string;
  /** What the workflow knows to have been issued, over all steps; a ledger that knows less cannot say what was never sent. */
  issued?: Issued | undefined;
  /** The ledger is known to lack something that was sent. */
  staleLedger?: boolean | undefined;
  /** The report that the workflow has given already: the ledger that does not have it is an older one. */
  report?: CampaignReport | undefined;
}

/** Gives every asset of a campaign its last word, every wave its status, and writes the report, once. */
export function createCloseCampaign({ ledger }: Pick<ActivityDependencies, 'ledger'>) {
  return {
    async closeCampaign(input: CloseCampaignInput): Promise<CampaignReport> {
      const { runId, reason } = input;
      const known = (await ledger.runs.get(runId))?.report;
      if (known) return known as CampaignReport;
      // From here on no word is taken but by this close.
      const closing = await ledger.runs.beginClosing(runId);
      const isOlder = await ledger.staleness.isStale(runId, input.issued);
      const staleLedger = input.staleLedger === true || input.report !== undefined || isOlder;
      if (staleLedger && !isOlder) await ledger.staleness.note(runId, `it has no report of ${runId}, or lacks a step that has sent`);
      // A step that could not end by itself, as when it does not answer to a cancel: what it has sent is `unverified`, not `skipped`.
      for (const step of await ledger.campaigns.openSteps(runId)) await createCloseRun({ ledger }).closeRun({ runId: step, reason });
      await ledger.campaigns.mergeAll(runId, { closing });
      await ledger.campaigns.takeBackUnsent(runId, { closing });
      await ledger.verdicts.closeOpen(runId, reason, { staleLedger });
      const plan = (await ledger.campaigns.get(runId))?.plan as { steps?: { verify?: unknown } } | undefined;
      if (plan?.steps?.verify !== undefined) await ledger.campaigns.withdrawUnverified(runId, { closing });
      const waves = await closedWaves({ ledger }, runId, closing);
      const spent = await ledger.campaigns.spent(runId);
      const reportOf = await reporting(ledger, runId);
      const report = await ledger.runs.close(runId, (facts) => input.report ?? { ...reportOf({ ...facts, ...spent }), waves });
      return report as CampaignReport;
    },
  };
}

async function closedWaves({ ledger }: Pick<ActivityDependencies, 'ledger'>, runId: string, closing: number): Promise<WaveReport[]> {
  const stopped = (await ledger.runs.get(runId))?.stop?.cause;
  const steps = await ledger.campaigns.steps(runId);
  const reports: WaveReport[] = [];
  for (const wave of await ledger.campaigns.waves(runId)) {
    const { counts, compliant, notRolledBack } = await ledger.campaigns.waveCounts(runId, wave.waveNo);
    const rollback = steps.find((step) => step.wave === wave.waveNo && step.step === 'rollback');
    const { pending: _pending, running: _running, ...final } = counts;
    const status = isEnded(wave)
      ? wave.status === 'rolled-back' || isLeftEmpty(wave, counts)
        ? wave.status
        : waveStatus({ phase: 'closed', counts, compliant, begun: true })
      : waveStatus({ phase: 'closed', counts, compliant, begun: wave.openedAt !== undefined, rolledBack: rollback !== undefined, stopped });
    await ledger.campaigns.setWave(runId, wave.waveNo, { status, why: wave.why, ends: wave.openedAt !== undefined, closing });
    reports.push({
      name: wave.name,
      status,
      counts: final,
      approvedBy: wave.approvedBy,
      ...(wave.openedAt === undefined ? {} : { openedAt: new Date(wave.openedAt).toISOString() }),
      ...(wave.openedAt === undefined ? {} : { closedAt: new Date(wave.closedAt ?? (await ledger.database.now())).toISOString() }),
      ...(rollback ? { rollbackId: rollback.id, notRolledBack } : {}),
    });
  }
  return reports;
}

/** All of its assets were queued again in a later wave: what it had come to stands. */
function isLeftEmpty({ size }: StoredWave, { targeted }: LiveCounts): boolean {
  return size > 0 && targeted === 0;
}

/** Ended before the campaign did: what stopped the campaign later did not stop the wave. */
function isEnded({ closedAt }: StoredWave): boolean {
  return closedAt !== undefined;
}

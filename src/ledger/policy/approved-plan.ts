// What an approval is bound to, as the ledger has it: read in the transaction of whatever depends on it, so that nothing starts under
// another digest than the one that was approved.
import { createHash } from 'node:crypto';
import { adjustedLimits, type FrozenPlan, frozenRun, overridesOf, planDigest, planDrift } from '../../domain/run/plan-digest.js';
import { type RunRow, readRun } from '../rows/run.js';
import type { Sql } from '../sql/database.js';

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The digest of what would start now; undefined of a step, and of what is not frozen yet. */
export async function digestOf(sql: Sql, runId: string): Promise<string | undefined> {
  const run = await readRun(sql, runId);
  if (run?.kind === 'campaign')
    return (await sql.first<{ digest: string | null }>('SELECT digest FROM campaigns WHERE id = ?', [runId]))?.digest ?? undefined;
  const frozen = run?.kind === 'run' ? frozenOf(run) : undefined;
  return frozen && planDigest(frozen, sha256);
}

function frozenOf({ request, script, followUpScript, cohort: { size, digest }, ...limits }: RunRow): FrozenPlan | undefined {
  if (!script || digest === undefined) return undefined;
  const overrides = overridesOf(limits);
  return frozenRun({ request, script, followUpScript, cohort: { size, digest }, overrides, adjusted: adjustedLimits(request, limits) });
}

/** This very digest was approved: a campaign goes on under it. */
export async function noteApproved(sql: Sql, runId: string, digest: string): Promise<void> {
  await sql.run('UPDATE campaigns SET approved = ? WHERE id = ?', [digest, runId]);
}

/** The limits of a campaign were adjusted, which makes it another plan. Where nobody is asked about it, it is as good as approved. */
export async function noteAdjusted(sql: Sql, runId: string): Promise<void> {
  const run = await readRun(sql, runId);
  if (run?.kind !== 'campaign') return;
  const { request, phase, ...limits } = run;
  if ((await digestOf(sql, runId)) === undefined) return;
  const { was, now } = await refreeze(sql, runId, (frozen) => ({ ...frozen, adjusted: adjustedLimits(request, limits) }));
  if (phase !== 'awaiting-approval') await sql.run('UPDATE campaigns SET approved = ? WHERE id = ? AND approved = ?', [now, runId, was]);
}

/** Its scripts as they are now. Returns whether that is what was approved, and where it differs from what was there before. */
export async function noteScripts(
  sql: Sql,
  runId: string,
  scripts: FrozenPlan['scripts'],
): Promise<{ digest: string; isApproved: boolean; drift: string[] }> {
  const { now, drift } = await refreeze(sql, runId, (frozen) => ({ ...frozen, scripts }));
  const row = await sql.first<{ approved: string | null }>('SELECT approved FROM campaigns WHERE id = ?', [runId]);
  return { digest: now, isApproved: row?.approved === now, drift };
}

async function refreeze(
  sql: Sql,
  campaignId: string,
  change: (frozen: FrozenPlan) => FrozenPlan,
): Promise<{ was: string; now: string; drift: string[] }> {
  const row = await sql.first<{ frozen: string | null; digest: string | null }>('SELECT frozen, digest FROM campaigns WHERE id = ?', [
    campaignId,
  ]);
  if (!row?.frozen || row.digest === null) throw new Error(`The ledger has no frozen plan of ${campaignId}.`);
  const before = JSON.parse(row.frozen) as FrozenPlan;
  const after = change(before);
  const now = planDigest(after, sha256);
  if (now === row.digest) return { was: now, now, drift: [] };
  await sql.run('UPDATE campaigns SET frozen = ?, digest = ? WHERE id = ?', [JSON.stringify(after), now, campaignId]);
  return { was: row.digest, now, drift: planDrift(before, after) };
}

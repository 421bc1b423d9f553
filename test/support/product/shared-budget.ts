// Runs and campaigns that want the same executions, and a clock that can be turned forward.

import { parseRequest } from '../../../src/contracts/request.js';
import type { PermitAnswer } from '../../../src/ledger/executions/registry.js';
import type { Ledger } from '../../../src/ledger/index.js';
import { assetIds, openRun, readScript, TERMS } from '../ledger/ledger.js';

export interface Player {
  /** The run that sends: a ticket's own, or a step of a campaign. */
  runId: string;
  fence: number;
}

let places = 0;

/** A ticket's run of script 7 with so many executions to send. */
export async function ticket(ledger: Ledger, id: string, executions: number): Promise<Player> {
  places += 10_000;
  return { runId: id, fence: await openRun(ledger, id, assetIds(executions * 25, places)) };
}

/** A campaign with one step of script 7 under way. */
export async function campaign(ledger: Ledger, id: string, executions: number): Promise<Player> {
  const parsed = parseRequest({ script: 7, targets: { assetIds: [1] }, maxInFlight: 100 });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { targets: _cohort, ...request } = parsed.value;
  const common = { namespace: 'default', request } as const;
  await ledger.runs.open({ ...common, id, firstExecutionId: id, kind: 'campaign' });
  await ledger.runs.setPhase(id, 'running');
  const runId = `${id}/all/remediate`;
  await ledger.runs.open({ ...common, id: runId, firstExecutionId: runId, kind: 'step', campaign: { id, wave: 1, step: 'remediate' } });
  await ledger.runs.setScript(runId, { id: '7', title: 'Patch' });
  places += 10_000;
  await ledger.cohort.add(
    runId,
    assetIds(executions * 25, places).map((assetId) => ({ assetId })),
  );
  await ledger.cohort.freeze(runId);
  await ledger.runs.setPhase(runId, 'running');
  return { runId, fence: await ledger.runs.takeFence(runId) };
}

/** Asks for the next permit; an accepted execution makes the script wait for `intervalMs`. Undefined when nothing is left to send. */
export async function ask(
  ledger: Ledger,
  { runId, fence }: Player,
  { intervalMs = 0, executionsPerDay = 1_000 }: { intervalMs?: number; executionsPerDay?: number } = {},
): Promise<PermitAnswer | undefined> {
  const [claimed] = await ledger.executions.inState(runId, ['claimed']);
  const execution = claimed ?? (await ledger.executions.claim(runId, fence));
  if (!execution) return undefined;
  const askPermit = () => ledger.executions.permit(runId, execution.executionNo, { fence, terms: { ...TERMS, executionsPerDay } });
  let answer = await askPermit();
  if (answer.kind === 'refused' && answer.why === 'script') {
    await readScript(ledger, runId);
    answer = await askPermit();
  }
  if (answer.kind === 'granted') {
    const { serverAt } = TERMS;
    const correlationUuid = `uuid-${runId}-${execution.executionNo}`;
    await ledger.executions.accept(runId, execution.executionNo, {
      permit: answer.permit,
      correlationUuid,
      serverAt,
      configuredIntervalMs: intervalMs,
    });
  }
  return answer;
}

export { ageBudget as pass } from '../ledger/scenario.js';

// What is left of the subscription's budget, and how fast scripts go, by the ledger that the campaign would run in.
import { existsSync } from 'node:fs';
import type { Policy } from '../../contracts/policy.js';
import type { Invocation } from '../invocation/context.js';
import { settingsOf } from '../invocation/settings.js';

export interface BudgetLeft {
  /** HTTP calls, by the tighter one of cap and announced window. */
  calls: { left: number; perWindow: number; windowMs: number };
  /** `spent`: over all runs, within the last 24 hours. */
  executions: { left: number; spent: number; perDay: number };
  /** False where there is no ledger yet: then nothing is spent, and nothing is known of any script. */
  ledger: boolean;
  /** By script id. */
  pace: Record<string, ScriptPace>;
}

export interface ScriptPace {
  durationsMs: number[];
  intervalMs?: number | undefined;
}

const HOUR_MS = 3_600_000;

/** Reads only: a ledger that is not there is not created. */
export async function budgetLeft(invocation: Invocation, { caps }: Policy, scriptIds: readonly string[]): Promise<BudgetLeft> {
  const { path } = settingsOf(invocation).ledger;
  const perDay = Math.max(1, Math.floor(caps.executionsPerDay));
  if (!existsSync(path)) {
    const calls = { left: caps.callsPerHour, perWindow: caps.callsPerHour, windowMs: HOUR_MS };
    return { calls, executions: { left: perDay, spent: 0, perDay }, ledger: false, pace: {} };
  }
  const { openLedger } = await import('../../ledger/index.js');
  const ledger = await openLedger({ url: `sqlite:${path}`, create: false, caps });
  try {
    const spent = await ledger.reader.executionsInDay();
    const pace: Record<string, ScriptPace> = {};
    for (const scriptId of scriptIds) pace[scriptId] = await ledger.reader.pace(scriptId);
    return { calls: await ledger.calls.left(), executions: { left: Math.max(0, perDay - spent), spent, perDay }, ledger: true, pace };
  } finally {
    await ledger.close();
  }
}

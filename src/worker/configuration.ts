// Everything the worker must know before it contacts anything, with every problem of every source at once.

import { loadWorkerEnvironment, type WorkerSettings } from '../contracts/config/environment.js';
import { type Config, configFileOf, loadConfigFile } from '../contracts/config/file.js';
import { noProxyProblems } from '../contracts/config/no-proxy.js';
import type { Environment } from '../contracts/config/secret-ref.js';
import { SettledFile } from '../contracts/config/settled-file.js';
import type { Parsed, Problem } from '../contracts/request.js';
import { type Ledger, openLedger } from '../ledger/index.js';
import { LedgerUnusable } from '../ledger/sql/database.js';
import { temporalProblem } from '../temporal/connection.js';

export interface WorkerConfiguration {
  settings: WorkerSettings;
  config: Config;
  /** The configuration file, as it was no later than `config` was read: what changed since is seen. */
  configFile: SettledFile;
  ledger: Ledger;
  env: Environment;
}

export async function loadWorkerConfiguration(env: Environment): Promise<Parsed<WorkerConfiguration>> {
  const settings = loadWorkerEnvironment(env);
  const configFile = new SettledFile(configFileOf(env).file);
  const config = loadConfigFile(undefined, env);
  const problems: Problem[] = [settings, config].flatMap((part) => (part.ok ? [] : part.problems));
  problems.push(...noProxyProblems(env));
  const problem = temporalProblem(env);
  if (problem !== undefined) problems.push({ path: 'TEMPORAL_*', problem });
  if (!settings.ok || !config.ok || problems.length > 0) return { ok: false, problems };
  try {
    const url = `sqlite:${settings.value.ledger.path}`;
    const ledger = await openLedger({ url, create: true, caps: config.value.policy.caps });
    return { ok: true, value: { settings: settings.value, config: config.value, configFile, ledger, env } };
  } catch (error) {
    if (!(error instanceof LedgerUnusable)) throw error;
    return { ok: false, problems: [{ path: 'OVERHAUL_DATABASE_URL', problem: error.message }] };
  }
}

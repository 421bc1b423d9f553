// Everything that the server must know before it contacts anything, with every problem of every source at once.

import { loadEnvironment, type Settings } from '../contracts/config/environment.js';
import { type Config, configFileOf, loadConfigFile } from '../contracts/config/file.js';
import { noProxyProblems } from '../contracts/config/no-proxy.js';
import type { Environment } from '../contracts/config/secret-ref.js';
import { SettledFile } from '../contracts/config/settled-file.js';
import { type Parsed, type Problem, problemLines } from '../contracts/problems.js';
import { LedgerUnusable } from '../ledger/sql/database.js';
import { hookSecretProblems } from '../tickets/hook-keys.js';
import { tokenProblems } from './access/tokens.js';
import { tlsProblems } from './guard/tls.js';
import { type LedgerLink, linkLedger } from './ledger-link.js';
import { listenProblem } from './loopback.js';
import { type TemporalLink, temporalLink } from './temporal-link.js';

export interface ServerConfiguration {
  settings: Settings;
  config: Config;
  /** The configuration file, as it was no later than `config` was read: what changed since is seen. */
  configFile: SettledFile;
  /** Not connected yet; to be closed. */
  temporal: TemporalLink;
  /** To be closed. */
  ledger: LedgerLink;
}

export async function loadServerConfiguration(env: Environment): Promise<Parsed<ServerConfiguration>> {
  const settings = loadEnvironment(env);
  const configFile = new SettledFile(configFileOf(env).file);
  const config = loadConfigFile(undefined, env);
  const temporal = temporalLink(env, settings.ok ? settings.value.encryptionKeys : undefined);
  const problems: Problem[] = [settings, config, temporal].flatMap((part) => (part.ok ? [] : part.problems));
  problems.push(...noProxyProblems(env));
  if (config.ok) problems.push(...(await servingProblems(config.value, settings.ok ? settings.value.http.host : undefined, env)));
  if (!settings.ok || !config.ok || !temporal.ok || problems.length > 0) {
    if (temporal.ok) await temporal.value.close();
    return { ok: false, problems };
  }
  try {
    // Last, so that a configuration that is refused anyway leaves no ledger behind.
    const ledger = await linkLedger(settings.value.ledger.path);
    return { ok: true, value: { settings: settings.value, config: config.value, configFile, temporal: temporal.value, ledger } };
  } catch (error) {
    await temporal.value.close();
    if (!(error instanceof LedgerUnusable)) throw error;
    return { ok: false, problems: [{ path: 'OVERHAUL_DATABASE_URL', problem: error.message }] };
  }
}

/**
 * Why the server cannot serve this configuration, well-formed as it is: secrets that are not there, an address that it would have to leave.
 */
export async function servingProblems(config: Config, host: string | undefined, env: Environment): Promise<Problem[]> {
  const secrets = [...(await hookSecretProblems(config.hooks, env)), ...(await tokenProblems(config.access.tokens, env))];
  const problems = [...secrets, ...tlsProblems(config)];
  const problem = host === undefined ? undefined : listenProblem(host, config.access);
  return problem ? [...problems, { path: 'OVERHAUL_HTTP_HOST', problem }] : problems;
}

/** For stderr, one line a problem. */
export function describeConfigurationProblems(problems: readonly Problem[]): string {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return [`The server cannot start: its configuration has ${count}.`, ...problemLines(problems), ''].join('\n');
}

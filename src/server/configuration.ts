// Everything that the server must know before it contacts anything, with every problem of every source at once.

import { loadEnvironment, type Settings } from '../schema/config.js';
import { type Config, loadConfigFile } from '../schema/config-file.js';
import type { Parsed, Problem } from '../schema/request.js';
import type { Environment } from '../schema/secret-ref.js';
import { hookSecretProblems } from '../tickets/hook-keys.js';
import { listenProblem } from './loopback.js';
import { type TemporalLink, temporalLink } from './temporal-link.js';

export interface ServerConfiguration {
  settings: Settings;
  config: Config;
  /** Not connected yet; to be closed. */
  temporal: TemporalLink;
}

export async function loadServerConfiguration(env: Environment): Promise<Parsed<ServerConfiguration>> {
  const settings = loadEnvironment(env);
  const config = loadConfigFile(undefined, env);
  const temporal = temporalLink(env, settings.ok ? settings.value.encryptionKeys : undefined);
  const problems: Problem[] = [settings, config, temporal].flatMap((part) => (part.ok ? [] : part.problems));
  if (config.ok) problems.push(...(await hookSecretProblems(config.value.hooks, env)));
  if (config.ok && settings.ok) {
    const problem = listenProblem(settings.value.http.host, config.value.access);
    if (problem) problems.push({ path: 'OVERHAUL_HTTP_HOST', problem });
  }
  if (!settings.ok || !config.ok || !temporal.ok || problems.length > 0) {
    if (temporal.ok) await temporal.value.close();
    return { ok: false, problems };
  }
  return { ok: true, value: { settings: settings.value, config: config.value, temporal: temporal.value } };
}

/** For stderr, one line a problem. */
export function describeConfigurationProblems(problems: readonly Problem[]): string {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  const lines = problems.map(({ path, problem }) => `  ${path ? `${path}: ` : ''}${problem}`);
  return [`The server cannot start: its configuration has ${count}.`, ...lines, ''].join('\n');
}

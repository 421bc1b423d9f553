// What can be checked on this machine.
import { existsSync } from 'node:fs';
import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Settings } from '../../contracts/config/environment.js';
import { loadConfigFile } from '../../contracts/config/file.js';
import type { Environment } from '../../contracts/config/secret-ref.js';
import type { Parsed } from '../../contracts/request.js';
import { findLedger } from '../data/ledger-access.js';
import type { Invocation } from '../invocation/context.js';
import { haltText } from '../views/kill-switch.js';
import type { Check } from './checks.js';
import { policyChecks } from './policy-in-force.js';

const LEAST_NODE = [20, 20] as const;
/** An intent that cannot be written stops every run. */
const LEAST_FREE_BYTES = 1024 ** 3;

export function nodeCheck(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isRecent = major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1]);
  if (isRecent) return { name: 'Node', state: 'ok', detail: version };
  return {
    name: 'Node',
    state: 'wrong',
    detail: `${version} is older than ${LEAST_NODE.join('.')}`,
    fix: 'Install a newer version of Node.',
  };
}

export function* environmentChecks(environment: Parsed<Settings>): Generator<Check> {
  if (environment.ok) return yield { name: 'environment', state: 'ok', detail: `task queue ${environment.value.taskQueue}` };
  for (const { path, problem } of environment.problems) {
    yield { name: 'environment', state: 'wrong', detail: `${path} ${problem}`, fix: 'See docs/configuration.md.' };
  }
}

export function* configFileChecks(env: Environment): Generator<Check> {
  const file = env.OVERHAUL_CONFIG?.trim() || 'overhaul.yaml';
  const config = loadConfigFile(undefined, env);
  if (!config.ok) {
    for (const { path, problem } of config.problems)
      yield { name: 'configuration', state: 'wrong', detail: path ? `${path}: ${problem}` : problem };
    return;
  }
  const { playbooks, hooks, policy } = config.value;
  const detail = existsSync(file)
    ? `${file}: ${counted(Object.keys(playbooks).length, 'playbook')}, ${counted(Object.keys(hooks).length, 'hook')}`
    : `no ${file}: defaults apply`;
  yield { name: 'configuration', state: 'ok', detail: `${detail}, at most ${policy.caps.callsPerHour} calls an hour` };
}

/** Undefined where no ledger can be opened. */
export async function ledgerId(invocation: Invocation): Promise<string | undefined> {
  const { ledger } = await findLedger(invocation);
  await ledger?.close();
  return ledger?.id;
}

export async function* ledgerChecks(invocation: Invocation, path: string): AsyncGenerator<Check> {
  if (!existsSync(path)) {
    yield {
      name: 'ledger',
      state: 'note',
      detail: `no ledger at ${path} yet`,
      fix: 'Nothing to do: the worker creates it at its first start.',
    };
    return;
  }
  const access = await findLedger(invocation);
  if (access.ledger) {
    const { runs, killSwitch, policies } = access.ledger;
    const [live, halted, holds, holders] = await Promise.all([
      runs.unfinished(),
      killSwitch.state(),
      policies.newest(),
      policies.holders(),
    ]).finally(() => access.ledger.close());
    yield { name: 'ledger', state: 'ok', detail: `${path}, ${counted(live.length, 'live run')}` };
    if (halted) yield { name: 'ledger', state: 'note', detail: haltText(halted), fix: 'To allow executions again: overhaul unhalt' };
    const own = loadConfigFile(undefined, invocation.env);
    if (holds) yield* policyChecks(holds, { holders, own: own.ok ? own.value.policy : undefined });
  } else yield { name: 'ledger', state: 'wrong', detail: access.problem };
  const mode = (await stat(path)).mode & 0o077;
  if (mode !== 0 && process.platform !== 'win32') {
    yield {
      name: 'ledger',
      state: 'note',
      detail: 'other users of this machine can read it, script output included',
      fix: `chmod 600 ${path}`,
    };
  }
  const { bavail, bsize } = await statfs(dirname(path));
  const free = bavail * bsize;
  if (free < LEAST_FREE_BYTES) {
    yield {
      name: 'disk',
      state: 'wrong',
      detail: `${Math.floor(free / 1024 ** 2)} MiB free for the ledger`,
      fix: 'Free disk space. If the ledger cannot be written, every run stops.',
    };
  } else yield { name: 'disk', state: 'ok', detail: `${Math.floor(free / 1024 ** 3)} GiB free for the ledger` };
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

import type { Config, Hook } from '../contracts/config/file.js';
import { type Environment, readSecret, secretPlace } from '../contracts/config/secret-ref.js';
import type { Problem } from '../contracts/request.js';
import { SENDERS } from './senders/index.js';
import { keyOf } from './senders/signature.js';

export interface HookKeys {
  keys: Uint8Array[];
  /** Secrets that cannot be used just now, each a sentence that names its place. */
  unusable: { at: number; problem: string }[];
}

/** The keys of a hook's secrets, read again so that a rotated file counts at once. */
export async function hookKeys(hook: Pick<Hook, 'system' | 'secrets'>, env: Environment): Promise<HookKeys> {
  const found: HookKeys = { keys: [], unusable: [] };
  for (const [at, ref] of hook.secrets.entries()) {
    try {
      const read = keyOf(SENDERS[hook.system].scheme, await readSecret(ref, env));
      if ('key' in read) found.keys.push(read.key);
      else found.unusable.push({ at, problem: `${secretPlace(ref)} ${read.problem}` });
    } catch (error) {
      found.unusable.push({ at, problem: error instanceof Error ? error.message : String(error) });
    }
  }
  return found;
}

/** Before the server starts, every secret must be usable: a hook that could verify nothing would refuse all tickets. */
export async function hookSecretProblems(hooks: Config['hooks'], env: Environment): Promise<Problem[]> {
  const problems = await Promise.all(
    Object.entries(hooks).map(async ([name, hook]) =>
      (await hookKeys(hook, env)).unusable.map(({ at, problem }) => ({ path: `hooks.${name}.secrets[${at}]`, problem })),
    ),
  );
  return problems.flat();
}

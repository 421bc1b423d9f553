import type { Config, Hook } from '../contracts/config/file.js';
import { type Environment, readSecret, secretPlace } from '../contracts/config/secret-ref.js';
import type { Problem } from '../contracts/request.js';
import { standardKey } from './standard-signature.js';

export interface HookKeys {
  keys: Uint8Array[];
  /** Secrets that cannot be used just now, each a sentence that names its place. */
  unusable: { at: number; problem: string }[];
}

/** The keys of a hook's secrets, read again so that a rotated file counts at once. */
export async function hookKeys(hook: Pick<Hook, 'secrets'>, env: Environment): Promise<HookKeys> {
  const found: HookKeys = { keys: [], unusable: [] };
  for (const [at, ref] of hook.secrets.entries()) {
    try {
      const key = standardKey(await readSecret(ref, env));
      if (key) found.keys.push(key);
      else found.unusable.push({ at, problem: `${secretPlace(ref)} is not a Standard Webhooks secret: use whsec_… or plain base64` });
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

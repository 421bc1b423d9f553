// `access.tokens`: opaque bearer tokens by name. They are read at each request, so that a rotated file counts at once.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Config } from '../../contracts/config/file.js';
import { type Environment, readSecret, secretPlace } from '../../contracts/config/secret-ref.js';
import type { Problem } from '../../contracts/problems.js';
import type { Principal } from './principal.js';

type Tokens = NonNullable<Config['access']['tokens']>;

export interface TokenMatch {
  principal?: Principal | undefined;
  /** Tokens that cannot be read just now, each a sentence that names its place. */
  unreadable: string[];
}

/** Every token is compared, whichever matches: how long it takes says nothing about any of them. */
export async function matchToken(tokens: Tokens, given: string, env: Environment): Promise<TokenMatch> {
  const found: TokenMatch = { unreadable: [] };
  const wanted = digest(given);
  for (const { token, name, role } of tokens) {
    try {
      const matches = timingSafeEqual(digest(await readSecret(token, env)), wanted);
      if (matches) found.principal ??= { name, role, authenticated: true };
    } catch (error) {
      found.unreadable.push(error instanceof Error ? error.message : String(error));
    }
  }
  return found;
}

/** Before the server starts: a token that cannot be read lets nobody in, and one that two names share says not who it is. */
export async function tokenProblems(tokens: Tokens = [], env: Environment): Promise<Problem[]> {
  const problems: Problem[] = [];
  const seen = new Map<string, { at: number; name: string; role: string }>();
  for (const [at, { name, role, token }] of tokens.entries()) {
    const path = `access.tokens[${at}].token`;
    try {
      const secret = await readSecret(token, env);
      if (!/^[\x21-\x7e]+$/.test(secret))
        problems.push({ path, problem: `${secretPlace(token)} must contain visible ASCII without blanks: no header can carry it` });
      const key = digest(secret).toString('hex');
      const first = seen.get(key);
      if (first && (first.name !== name || first.role !== role))
        problems.push({ path, problem: `is the same token as that of access.tokens[${first.at}]: each name needs its own` });
      seen.set(key, first ?? { at, name, role });
    } catch (error) {
      problems.push({ path, problem: error instanceof Error ? error.message : String(error) });
    }
  }
  return problems;
}

/** Of equal length, whatever the token is. */
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

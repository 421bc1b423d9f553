import { randomBytes, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { SimulatorSettings } from '../options.js';
import type { SimulatedClock } from '../world/clock.js';

export interface Tokens {
  issue(username: string): Promise<string>;
  /** Whose token it is, or why it is refused. */
  check(authorization: string | undefined): { username: string } | { refused: 'JWT expired' | 'Not authenticated' };
  /** Every token issued so far becomes invalid. */
  revokeAll(): void;
  readonly issued: number;
}

export function createTokens(settings: SimulatorSettings, clock: SimulatedClock): Tokens {
  const key = randomBytes(32);
  const live = new Map<string, { username: string; expiresAt: number }>();
  let issued = 0;
  return {
    get issued() {
      return issued;
    },
    async issue(username) {
      const issuedAt = Math.floor(clock.now() / 1_000);
      const expiry = issuedAt + Math.ceil(settings.tokenLifeSec);
      const token = await new SignJWT({ jti: randomUUID() })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setSubject(username)
        .setIssuer('auth-service')
        .setIssuedAt(issuedAt)
        .setExpirationTime(expiry)
        .sign(key);
      live.set(token, { username, expiresAt: expiry * 1_000 });
      issued += 1;
      return token;
    },
    check(authorization) {
      const token = live.get(authorization?.startsWith('Bearer ') ? authorization.slice(7) : '');
      if (!token) return { refused: 'Not authenticated' };
      return clock.now() < token.expiresAt ? { username: token.username } : { refused: 'JWT expired' };
    },
    revokeAll: () => live.clear(),
  };
}

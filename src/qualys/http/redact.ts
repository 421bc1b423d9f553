// Secrets never reach logs or error messages (docs/qualys-api.md#secrets): every text from outside passes here first.

import { withoutSecrets } from '../../contracts/config/known-secrets.js';

const JWT = /\bey[\w-]{5,}\.[\w-]+\.[\w-]*/g;
const BEARER = /\b(bearer|basic)\s+[\w.~+/=-]+/gi;
const NAMED =
  /(["']?\b(?:password|passwd|token|access_token|authorization|secret|scriptResult|content)\b["']?\s*[:=]\s*)("[^"]*"?|'[^']*'?|[^\s&,;}]+)/gi;
const USER_INFO = /(\w+:\/\/)[^\s/@]+@/g;

/** One line without credentials, script content or output, at most `limit` characters. `secrets` are taken out literally. */
export function redacted(text: string, limit = 300, secrets: readonly string[] = []): string {
  return secrets
    .filter((secret) => secret !== '')
    .reduce((clean, secret) => clean.replaceAll(secret, '[redacted]'), withoutSecrets(text.slice(0, 4_096)))
    .replace(JWT, '[token]')
    .replace(BEARER, '$1 [redacted]')
    .replace(NAMED, '$1[redacted]')
    .replace(USER_INFO, '$1[redacted]@')
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, limit);
}

// Tokens, and what a refusal says of itself (E01, E-02, E-03).
import { z } from 'zod';
import { Envelope, text } from './common.js';

/** `errorCode` and the text of an answer, whichever shape the gateway chose (2.3, E-03). */
export function refusalOf(json: unknown): { errorCode?: string | undefined; message?: string | undefined } {
  const parsed = Envelope.safeParse(json);
  if (!parsed.success) return {};
  const exceptions = parsed.data.authentication_exceptions;
  const message =
    exceptions === undefined ? (parsed.data.message ?? parsed.data.error) : `authentication_exceptions ${JSON.stringify(exceptions)}`;
  return { errorCode: parsed.data.errorCode, message };
}

const Token = z.looseObject({ token: text, access_token: text });

/** The JWT of an `/auth` answer: plain text, or a JSON object with `token` or `access_token` (E01). */
export function tokenOf(body: string): string | undefined {
  const trimmed = body.trim().replace(/^"(.*)"$/s, '$1');
  if (!trimmed.startsWith('{')) return isJwt(trimmed) ? trimmed : undefined;
  try {
    const parsed = Token.safeParse(JSON.parse(trimmed));
    const token = parsed.success ? (parsed.data.token ?? parsed.data.access_token)?.trim() : undefined;
    return token !== undefined && isJwt(token) ? token : undefined;
  } catch {
    return undefined;
  }
}

/** Three parts. Not all gateways keep to the alphabet of base64url, so padding and the other base64 are taken as well. */
function isJwt(candidate: string): boolean {
  return /^[\w+/=~-]+\.[\w+/=~-]+\.[\w+/=~-]*$/.test(candidate);
}

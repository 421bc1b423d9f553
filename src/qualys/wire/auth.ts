// Tokens, and what a refusal says of itself (docs/qualys-api.md#authentication).
import { z } from 'zod';
import { Envelope, text, wholeNumber } from './common.js';

/** `errorCode` and the text of an answer, whichever shape the gateway chose (docs/qualys-api.md#error-bodies). */
export function refusalOf(json: unknown): { errorCode?: string | undefined; message?: string | undefined } {
  const parsed = Envelope.safeParse(json);
  if (!parsed.success) return {};
  const exceptions = parsed.data.authentication_exceptions;
  const message =
    exceptions === undefined ? (parsed.data.message ?? parsed.data.error) : `authentication_exceptions ${JSON.stringify(exceptions)}`;
  return { errorCode: parsed.data.errorCode, message };
}

const said = text.pipe(z.string().trim().min(1));
const code = said.refine((value) => !/^0+$/.test(value));
const OfTheApi = z.union([
  z.looseObject({ errorCode: code, message: said }),
  z.looseObject({ responseCode: code, responseMessage: said }),
  z.looseObject({ authentication_exceptions: z.array(z.unknown()).min(1) }),
]);
/**
 * Load balancers and other services answer with `message`, `error` or `fault` alone: without all three, and its own status, it may be
 * anybody's.
 */
const OfTheGateway = z.looseObject({ status: wholeNumber, error: said, message: said });

/** Whether a refusal is in the words of the API or of its gateway (docs/qualys-api.md#error-bodies); undefined for anything else's. */
export function whoseRefusal(json: unknown, httpStatus: number): 'api' | 'gateway' | undefined {
  if (OfTheApi.safeParse(json).success) return 'api';
  const parsed = OfTheGateway.safeParse(json);
  return parsed.success && parsed.data.status === httpStatus ? 'gateway' : undefined;
}

const Token = z.looseObject({ token: text, access_token: text });

/** The JWT of an `/auth` answer: plain text, or a JSON object with `token` or `access_token` (docs/qualys-api.md#authentication). */
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

// Lets a request in as somebody, or says why not. A refusal tells a stranger nothing: the log has the reason.
import type { FastifyRequest } from 'fastify';
import type { Config } from '../../contracts/config/file.js';
import type { Environment } from '../../contracts/config/secret-ref.js';
import { servesLoopbackOnly } from '../loopback.js';
import type { OidcAnswer, OidcVerifier } from './oidc.js';
import { type Admission, LOCAL } from './principal.js';
import { matchToken } from './tokens.js';

export interface Doorkeeper {
  access: () => Config['access'];
  env: Environment;
  oidc?: Pick<OidcVerifier, 'verify'> | undefined;
}

const UNKNOWN: Admission = { refused: { status: 401, detail: 'send a valid token: Authorization: Bearer …' } };
const SAFE_METHODS: readonly string[] = ['GET', 'HEAD'];
/** A token of an identity provider with many groups has some kilobytes. */
const LONGEST_CREDENTIAL = 16_384;

export async function admit({ access: current, env, oidc }: Doorkeeper, request: FastifyRequest): Promise<Admission> {
  const access = current();
  if (servesLoopbackOnly(access)) return { principal: LOCAL };
  const credential = credentialOf(request);
  if (credential === undefined) return UNKNOWN;
  const { principal, unreadable } = await matchToken(access.tokens ?? [], credential, env);
  if (principal) return { principal };
  if (oidc && access.oidc && /^[\w-]+\.[\w-]+\.[\w-]*$/.test(credential))
    return ofProvider(await oidc.verify(access.oidc, credential), request);
  request.log.warn({ unreadable }, 'a request had no valid token');
  // The token that cannot be read may be the one: whoever has it is not told that it is wrong.
  return unreadable.length > 0 ? { refused: { status: 503, detail: 'a token of this server cannot be read at the moment' } } : UNKNOWN;
}

function ofProvider(answer: OidcAnswer, request: FastifyRequest): Admission {
  if ('principal' in answer) return answer;
  request.log.warn({ why: answer.why }, 'a request had no valid token of the identity provider');
  switch (answer.kind) {
    case 'refused':
      return UNKNOWN;
    case 'nobody':
      return { refused: { status: 403, detail: 'the token gives no role here: see access.oidc' } };
    case 'away':
      return { refused: { status: 503, detail: 'the identity provider cannot be asked at the moment' } };
  }
}

/**
 * A bearer token, or for reading the password of HTTP Basic: what a browser can ask people for. A browser sends that along by itself, also
 * from other sites, so it never decides anything.
 */
function credentialOf({ raw, method }: FastifyRequest): string | undefined {
  const given = raw.rawHeaders.filter((_value, at) => at % 2 === 1 && raw.rawHeaders[at - 1]?.toLowerCase() === 'authorization');
  const [header] = given;
  if (given.length !== 1 || header === undefined || header.length > LONGEST_CREDENTIAL) return undefined;
  const [, scheme = '', value = ''] = /^(\w+) +(\S+)\s*$/.exec(header) ?? [];
  if (/^bearer$/i.test(scheme)) return value;
  if (!/^basic$/i.test(scheme) || !SAFE_METHODS.includes(method)) return undefined;
  const [, password] = /^[^:]*:([\s\S]+)$/.exec(Buffer.from(value, 'base64').toString('utf8')) ?? [];
  return password;
}

// `access.oidc`: people whom an identity provider knows. A token is a JWT that it signed for us; a claim of it says what its owner may do.
import { errors, type JWTPayload, jwtVerify } from 'jose';
import type { Config } from '../../contracts/config/file.js';
import { personName } from '../../contracts/text.js';
import { highestRole, ROLES, type Role } from '../../domain/access/permissions.js';
import { createTicketHttp } from '../../tickets/http/client.js';
import { IssuerAway, IssuerKeys, type ReadJson } from './issuer-keys.js';
import type { Principal } from './principal.js';

export type Oidc = NonNullable<Config['access']['oidc']>;

/** `refused`: the log's reason; a stranger is not told. `nobody`: a valid token, of somebody who may do nothing here. */
export type OidcAnswer = { principal: Principal } | { kind: 'refused' | 'nobody' | 'away'; why: string };

/** Named, and all of them with public keys: no `none`, and no HMAC, for which a public key would be the secret. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];
/** Tokens for other uses, such as a log-out, are signed by the same keys. */
const TYPES = ['jwt', 'at+jwt', 'application/at+jwt', 'application/jwt'];
const CLOCK_TOLERANCE_S = 60;
const Name = personName();

interface Options {
  now: () => Date;
  /** What could not be read of the provider. */
  onTrouble: (problem: string) => void;
  read: ReadJson;
  /** Milliseconds that only go forward. */
  elapsed?: (() => number) | undefined;
}

export class OidcVerifier {
  readonly #options: Options;
  /** Of the issuer that was asked for last: the configuration has one. */
  #keys: { issuer: string; keys: IssuerKeys } | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  async verify(oidc: Oidc, token: string): Promise<OidcAnswer> {
    try {
      const { payload, protectedHeader } = await jwtVerify(token, this.#keysOf(oidc.issuer).find, {
        issuer: oidc.issuer,
        audience: oidc.audience,
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_TOLERANCE_S,
        requiredClaims: ['exp', 'sub'],
        currentDate: this.#options.now(),
      });
      if (protectedHeader.typ !== undefined && !TYPES.includes(protectedHeader.typ.toLowerCase()))
        return { kind: 'refused', why: `a token of the type ${protectedHeader.typ.slice(0, 40)}` };
      return principalOf(oidc, payload);
    } catch (error) {
      if (error instanceof IssuerAway) return { kind: 'away', why: error.message };
      // Whatever else goes wrong with a token or a key, a key too short among it, lets nobody in.
      return {
        kind: 'refused',
        why: error instanceof errors.JOSEError ? error.code : error instanceof Error ? error.message : 'unreadable',
      };
    }
  }

  #keysOf(issuer: string): IssuerKeys {
    if (this.#keys?.issuer !== issuer) {
      const { read, onTrouble, elapsed = () => performance.now() } = this.#options;
      this.#keys = { issuer, keys: new IssuerKeys(issuer, { read, onTrouble, now: elapsed }) };
    }
    return this.#keys.keys;
  }
}

function principalOf({ name: claim = 'sub', roles, map }: Oidc, payload: JWTPayload): OidcAnswer {
  const name = Name.safeParse(payload[claim]);
  if (!name.success) return { kind: 'nobody', why: `its claim ${claim} is no name` };
  const role = highestRole(namesIn(claimAt(payload, roles)).flatMap((word) => roleOf(word, map) ?? []));
  if (!role) return { kind: 'nobody', why: `its claim ${roles} names no role` };
  return { principal: { name: name.data, role, authenticated: true } };
}

/** With a map it alone says what a name means: a group of the same name elsewhere gives nobody anything. */
function roleOf(word: string, map: Oidc['map']): Role | undefined {
  if (map) return Object.hasOwn(map, word) ? map[word] : undefined;
  return ROLES.find((role) => role === word);
}

/** The claim of that name, else the way into objects that its points mean: `realm_access.roles`. */
function claimAt(payload: JWTPayload, path: string): unknown {
  if (Object.hasOwn(payload, path)) return payload[path];
  return path
    .split('.')
    .reduce<unknown>(
      (at, key) => (typeof at === 'object' && at !== null && Object.hasOwn(at, key) ? (at as Record<string, unknown>)[key] : undefined),
      payload,
    );
}

/** A list, or one text with blanks between, as `scope` is. */
function namesIn(value: unknown): string[] {
  if (typeof value === 'string') return value.split(' ');
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

const TIMEOUT_MS = 5_000;
const MOST_BYTES = 1_000_000;

/**
 * Over https (without it only to this machine), by the proxy of the machine where it has one, without redirects. The provider is the
 * operator's own choice, and may be in a private network.
 */
export function providerReader(): { read: ReadJson; close: () => Promise<void> } {
  const http = createTicketHttp({ allow: () => ['0.0.0.0/0', '::/0'], timeoutMs: TIMEOUT_MS, maxAnswerBytes: MOST_BYTES });
  return {
    async read(url) {
      const { status, body } = await http.send({ method: 'GET', url, headers: {} });
      if (status !== 200 || body === undefined)
        throw new Error(`${url.host} answered ${status}${body === undefined ? ', and no JSON' : ''}`);
      return body;
    },
    close: () => http.close(),
  };
}

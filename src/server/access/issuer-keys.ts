// The public keys of an identity provider: found by its discovery document, kept while it is away, read again when a token names a key
// that is not among them.
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';

/** Reads a JSON document; rejects where it cannot be had. */
export type ReadJson = (url: URL) => Promise<unknown>;

/** A provider that is away must not keep people out who were let in before: a key that it has withdrawn is known this long at most. */
const KEPT_MS = 24 * 3_600_000;
const FRESH_MS = 10 * 60_000;
/** Anybody can name a key that there is not. */
const COOL_DOWN_MS = 30_000;

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });
const Keys = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(200) });

/** The provider cannot be asked, and no keys of it are known. The message names what happened, and nothing that was answered. */
export class IssuerAway extends Error {
  override readonly name = 'IssuerAway';
}

export class IssuerKeys {
  readonly #issuer: string;
  readonly #read: ReadJson;
  readonly #now: () => number;
  readonly #onTrouble: (problem: string) => void;
  #find: JWTVerifyGetKey | undefined;
  #readAt = Number.NEGATIVE_INFINITY;
  #triedAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  /** `now`: milliseconds that only go forward. */
  constructor(issuer: string, { read, now, onTrouble }: { read: ReadJson; now: () => number; onTrouble: (problem: string) => void }) {
    this.#issuer = issuer;
    this.#read = read;
    this.#now = now;
    this.#onTrouble = onTrouble;
  }

  /** The key of a token. Throws `IssuerAway`, or jose's error for a key that there is not. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const age = this.#now() - this.#readAt;
    if (!this.#find || age > KEPT_MS) await this.#readOnce();
    // What is known serves meanwhile.
    else if (age > FRESH_MS && this.#mayTry()) void this.#readOnce().catch(() => undefined);
    try {
      return await this.#known()(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !this.#mayTry()) throw error;
      await this.#readOnce().catch(() => undefined);
      return this.#known()(header, token);
    }
  };

  #known(): JWTVerifyGetKey {
    if (!this.#find || this.#now() - this.#readAt > KEPT_MS) throw new IssuerAway('the identity provider has not told its keys');
    return this.#find;
  }

  #mayTry(): boolean {
    return this.#reading !== undefined || this.#now() - this.#triedAt > COOL_DOWN_MS;
  }

  /** One at a time, for all who wait. */
  #readOnce(): Promise<void> {
    if (!this.#mayTry()) return Promise.resolve();
    this.#reading ??= this.#readKeys().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readKeys(): Promise<void> {
    this.#triedAt = this.#now();
    try {
      const found = Discovery.parse(await this.#read(new URL(`${this.#issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)));
      if (found.issuer !== this.#issuer)
        throw new Error(`it calls itself ${JSON.stringify(found.issuer.slice(0, 200))}: access.oidc.issuer must be exactly that`);
      const { keys } = Keys.parse(await this.#read(new URL(found.jwks_uri)));
      // A shared secret among public keys would let whoever reads them sign.
      const usable = keys.filter(({ kty, use }) => kty !== 'oct' && (use === undefined || use === 'sig'));
      this.#find = createLocalJWKSet({ keys: usable } as JSONWebKeySet);
      this.#readAt = this.#now();
    } catch (error) {
      const problem =
        error instanceof z.ZodError ? 'its documents are not what OpenID Connect says' : error instanceof Error ? error.message : '';
      this.#onTrouble(problem);
      throw new IssuerAway(problem);
    }
  }
}

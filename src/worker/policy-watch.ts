// The configuration file, read again while the worker runs: a changed policy holds within 10 s, for runs under way, too.
import { hostname } from 'node:os';
import { type Config, type Policy, parseConfig } from '../contracts/config/file.js';
import { LOOK_EVERY_MS, type SeenFile, type SettledFile } from '../contracts/config/settled-file.js';
import { policyDigest } from '../contracts/policy-digest.js';
import type { Problem } from '../contracts/request.js';
import type { Ledger } from '../ledger/index.js';
import type { Logger } from '../temporal/logger.js';

/** Whoever has not been seen for a minute is taken for gone. */
const ANNOUNCE_EVERY_MS = 15_000;

export interface PolicyWatching {
  ledger: Pick<Ledger, 'policies' | 'database'>;
  /** As it was when `policy` was read, or before. */
  file: SettledFile;
  /** As the process found it at its start, and could use it. */
  policy: Policy;
  logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Told of every changed file that can be used. */
  onConfig?: ((config: Config) => void) | undefined;
  everyMs?: number;
}

/** Offers what the file says to the ledger, and goes on doing so. The function it returns ends that. */
export async function watchPolicy(watching: PolicyWatching): Promise<() => Promise<void>> {
  const watch = new PolicyWatch(watching);
  await watch.begin();
  let checking: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    checking = checking.then(() => watch.check());
  }, watching.everyMs ?? LOOK_EVERY_MS);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await checking;
    await watch.end();
  };
}

class PolicyWatch {
  readonly #watching: PolicyWatching;
  readonly #file: SettledFile;
  /** Of this process: two on one machine are two. */
  readonly #holder = `${process.pid}@${hostname()}`;
  #digest: string;
  #problem: string | undefined;
  #readAt = 0;
  #announcedAt = Number.NEGATIVE_INFINITY;

  constructor(watching: PolicyWatching) {
    this.#watching = watching;
    this.#file = watching.file;
    this.#digest = policyDigest(watching.policy);
  }

  async begin(): Promise<void> {
    const { ledger, policy, logger } = this.#watching;
    const { text, changedAt } = this.#file.known;
    const source = text === undefined ? undefined : this.#file.path;
    const { kind, holds } = await ledger.policies.offer({ policy, source, changedAt, isChange: false });
    const facts = { version: holds.version, digest: holds.digest, file: holds.source };
    if (kind === 'older')
      logger.error(
        { ...facts, own: this.#digest },
        `the policy of ${this.#file.path} is not in force: the ledger has a newer one. Save the file again to put it in force`,
      );
    else logger.info(facts, 'using the policy of the ledger');
    this.#readAt = await ledger.database.now();
    await this.#announce();
  }

  /** Never throws: the next look may do better. */
  async check(): Promise<void> {
    try {
      const changed = this.#file.check();
      if (changed) await this.#take(changed);
      if (performance.now() - this.#announcedAt > ANNOUNCE_EVERY_MS) await this.#announce();
    } catch (error) {
      this.#watching.logger.warn({ err: error }, 'cannot check the policy; trying again');
    }
  }

  async end(): Promise<void> {
    await this.#watching.ledger.policies.leave(this.#holder);
  }

  async #take(now: SeenFile): Promise<void> {
    const { ledger, logger } = this.#watching;
    const parsed = this.#parse(now);
    if ('problems' in parsed) {
      this.#problem = parsed.problems.map(({ path, problem }) => (path ? `${path}: ${problem}` : problem)).join('; ');
      logger.error(
        { file: this.#file.path, why: this.#problem },
        'the changed configuration file is invalid; the previous configuration stays in force',
      );
    } else {
      const { kind, holds } = await ledger.policies.offer({
        policy: parsed.config.policy,
        source: this.#file.path,
        changedAt: now.changedAt,
        isChange: true,
      });
      this.#problem = undefined;
      this.#digest = policyDigest(parsed.config.policy);
      this.#watching.onConfig?.(parsed.config);
      if (kind === 'stored')
        logger.info({ version: holds.version, digest: holds.digest, file: this.#file.path }, 'the policy has changed and is in force');
    }
    this.#file.taken(now);
    this.#readAt = await ledger.database.now();
    await this.#announce();
  }

  #parse({ text, error }: SeenFile): { config: Config } | { problems: Problem[] } {
    // A file that is gone says nothing: least of all that everything may be touched.
    if (text === undefined)
      return { problems: [{ path: '', problem: `cannot read ${this.#file.path} (${error}); it was readable before` }] };
    const parsed = parseConfig(text, this.#file.path);
    return parsed.ok ? { config: parsed.value } : { problems: parsed.problems };
  }

  async #announce(): Promise<void> {
    const source = this.#file.known.text === undefined ? undefined : this.#file.path;
    const { ledger } = this.#watching;
    await ledger.policies.announce(this.#holder, { digest: this.#digest, source, problem: this.#problem, readAt: this.#readAt });
    this.#announcedAt = performance.now();
  }
}

// The configuration file, read again while the server runs. A changed file holds as a whole or not at all: whoever serves a request asks
// once which configuration that is, and goes by it to the end.
import { type Config, parseConfig } from '../contracts/config/file.js';
import type { Environment } from '../contracts/config/secret-ref.js';
import { digestOf, LOOK_EVERY_MS, type SeenFile, type SettledFile } from '../contracts/config/settled-file.js';
import type { Problem } from '../contracts/request.js';
import type { Logger } from '../temporal/logger.js';
import { servingProblems } from './configuration.js';

/** As `/healthz` shows it, to whoever asks: no path, and nothing of what the file says. */
export interface ConfigurationHealth {
  /** Of the file that holds: `doctor` compares. */
  digest: string;
  readAt: string;
  /** Why the file as it is now does not hold. */
  problem?: string;
}

export interface LiveConfiguration {
  /**
   * What holds. Undefined for the moments in which the file was changed and is not read again yet: nothing may start by what held before.
   */
  settled(): Config | undefined;
  /** What holds, changed file or not: for what starts nothing. */
  current(): Config;
  health(): ConfigurationHealth;
}

interface Watching {
  env: Environment;
  /** As it was when `config` was read, or before. */
  file: SettledFile;
  config: Config;
  /** The address that the server listens at. */
  host: string;
  logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  now?: () => Date;
  everyMs?: number;
}

/** Begins with what the process found at its start; the function beside it ends the watch. */
export function watchConfiguration(watching: Watching): { live: LiveConfiguration; stop: () => Promise<void> } {
  const watch = new ConfigurationWatch(watching);
  let checking: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    checking = checking.then(() => watch.check());
  }, watching.everyMs ?? LOOK_EVERY_MS);
  timer.unref();
  return {
    live: watch,
    stop: async () => {
      clearInterval(timer);
      await checking;
    },
  };
}

class ConfigurationWatch implements LiveConfiguration {
  readonly #watching: Watching;
  readonly #file: SettledFile;
  #config: Config;
  #holds: SeenFile;
  #readAt: Date;
  #problem: string | undefined;

  constructor(watching: Watching) {
    this.#watching = watching;
    this.#file = watching.file;
    this.#config = watching.config;
    this.#holds = this.#file.known;
    this.#readAt = this.#now();
  }

  settled(): Config | undefined {
    return this.#file.saysWhatIsKnown() ? this.#config : undefined;
  }

  current(): Config {
    return this.#config;
  }

  health(): ConfigurationHealth {
    const problem = this.#problem === undefined ? {} : { problem: this.#problem };
    return { digest: digestOf(this.#holds.text), readAt: this.#readAt.toISOString(), ...problem };
  }

  /** Never throws: the next look may do better. */
  async check(): Promise<void> {
    try {
      const changed = this.#file.check();
      if (changed) await this.#take(changed);
    } catch (error) {
      this.#watching.logger.warn({ err: error }, 'cannot check the configuration file; trying again');
    }
  }

  async #take(now: SeenFile): Promise<void> {
    const { logger } = this.#watching;
    const file = this.#file.path;
    const read = await this.#read(now);
    if ('problems' in read) {
      const why = read.problems.map(({ path, problem }) => (path ? `${path}: ${problem}` : problem)).join('; ');
      const count = read.problems.length === 1 ? '1 problem' : `${read.problems.length} problems`;
      this.#problem = `the changed configuration file has ${count} (see the server log); the previous configuration stays in force`;
      logger.error({ file, why }, 'the changed configuration file is invalid; the previous configuration stays in force');
    } else {
      const isOther = now.text !== this.#holds.text;
      this.#config = read.config;
      this.#holds = now;
      this.#problem = undefined;
      this.#readAt = this.#now();
      const { playbooks, hooks } = read.config;
      const counts = { playbooks: Object.keys(playbooks).length, hooks: Object.keys(hooks).length };
      if (isOther) logger.info({ file, ...counts }, 'loaded the changed configuration file');
    }
    this.#file.taken(now);
  }

  async #read({ text, error }: SeenFile): Promise<{ config: Config } | { problems: Problem[] }> {
    const file = this.#file.path;
    // A file that is gone says nothing: least of all that nobody has to approve anything.
    if (text === undefined) return { problems: [{ path: '', problem: `cannot read ${file} (${error}); it was readable before` }] };
    const parsed = parseConfig(text, file);
    if (!parsed.ok) return { problems: parsed.problems };
    const problems = await servingProblems(parsed.value, this.#watching.host, this.#watching.env);
    return problems.length > 0 ? { problems } : { config: parsed.value };
  }

  #now(): Date {
    return this.#watching.now?.() ?? new Date();
  }
}

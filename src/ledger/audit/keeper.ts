// Signs what the audit log ends with, soon after it has changed, whoever has changed it. It reads one row; the checkpoint is written beside
// the ledger, and to the log, which usually leaves the machine.
import type { Secret } from '../../contracts/config/secret.js';
import type { Database } from '../sql/database.js';
import { headOf } from './chain.js';
import { type Checkpoint, parseCheckpoints, signCheckpoint } from './checkpoint.js';
import { appendCheckpoint, auditFilesOf, auditKeyOf, lastCheckpointLine } from './files.js';

/** What was added since the last one can be taken off again unseen: so long, at most, while a worker or server runs. */
const SIGN_EVERY_MS = 2_000;

interface Kept {
  /** As it is now: a server opens another one that was put in its place. */
  ledger: () => Promise<{ readonly id: string; readonly database: Database }>;
  path: string;
  /** `OVERHAUL_AUDIT_KEY`; without it the key lies beside the ledger. */
  key: Secret | undefined;
  logger: { info(fields: object, text: string): void; error(fields: object, text: string): void };
  everyMs?: number;
}

/** The function returned signs once more, and ends it. */
export function keepCheckpoints(kept: Kept): () => Promise<void> {
  const keeper = new Keeper(kept);
  let signing = keeper.sign();
  const timer = setInterval(() => {
    signing = signing.then(() => keeper.sign());
  }, kept.everyMs ?? SIGN_EVERY_MS);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await signing;
    await keeper.sign();
  };
}

class Keeper {
  readonly #kept: Kept;
  #signed: string | undefined;
  #failure: string | undefined;

  constructor(kept: Kept) {
    this.#kept = kept;
  }

  /** Never throws: the next look may do better. */
  async sign(): Promise<void> {
    const { logger } = this.#kept;
    try {
      const ledger = await this.#kept.ledger();
      if (!ledger.database.isInPlace()) return;
      const { id: entry, hash } = await headOf(ledger.database);
      if (this.#signed !== hash) await this.#write({ ledger: ledger.id, entry, hash });
      this.#signed = hash;
      this.#failure = undefined;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      // Once, and not every two seconds.
      if (why !== this.#failure) logger.error({ why }, 'the audit log cannot be signed; trying again');
      this.#failure = why;
    }
  }

  async #write(head: { ledger: string; entry: number; hash: string }): Promise<void> {
    const { path, key, logger } = this.#kept;
    const { checkpoints } = auditFilesOf(path);
    const [last] = parseCheckpoints(`${(await lastCheckpointLine(checkpoints)) ?? ''}\n`).checkpoints;
    if (last?.hash === head.hash && last.ledger === head.ledger) return;
    const checkpoint: Checkpoint = signCheckpoint({ ...head, at: new Date().toISOString() }, auditKeyOf(key, path));
    await appendCheckpoint(checkpoints, checkpoint);
    logger.info({ checkpoint }, 'the audit log is signed');
  }
}

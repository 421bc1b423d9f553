// A file that people change while it is read: what it says counts when it was seen twice alike.
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { fileErrorCode } from './secret-ref.js';

/** Looks this far apart: an editor that writes in two steps must not empty a policy for a moment. */
export const LOOK_EVERY_MS = 2_000;

export interface SeenFile {
  /** Undefined where there is no file. */
  text: string | undefined;
  /** By the file's own date. */
  changedAt?: number | undefined;
  error?: string | undefined;
}

export class SettledFile {
  readonly path: string;
  /** What was taken in, or found wrong. */
  #known: SeenFile;
  /** What is different since, and was seen once. */
  #fresh: SeenFile | undefined;

  constructor(path: string) {
    this.path = path;
    this.#known = seenFile(path);
  }

  get known(): SeenFile {
    return this.#known;
  }

  /** What is different from what is known, seen for the second time: to be `taken`, else it comes again. */
  check(): SeenFile | undefined {
    const now = seenFile(this.path);
    if (isSame(now, this.#known)) this.#fresh = undefined;
    else if (this.#fresh && isSame(now, this.#fresh)) return now;
    else this.#fresh = now;
    return undefined;
  }

  taken(now: SeenFile): void {
    this.#known = now;
    this.#fresh = undefined;
  }

  /** Whether it says at this moment what is known of it. Its date alone says nothing. */
  saysWhatIsKnown(): boolean {
    const now = seenFile(this.path);
    return now.text === this.#known.text && now.error === this.#known.error;
  }
}

function seenFile(path: string): SeenFile {
  try {
    const text = readFileSync(path, 'utf8');
    return { text, changedAt: Math.floor(statSync(path).mtimeMs) };
  } catch (error) {
    return { text: undefined, error: fileErrorCode(error) };
  }
}

function isSame(one: SeenFile, other: SeenFile): boolean {
  return one.text === other.text && one.error === other.error && one.changedAt === other.changedAt;
}

/** Of a configuration file's text, and of no file: its secrets are references, so that this tells nothing of them. */
export function digestOf(text: string | undefined): string {
  return createHash('sha256')
    .update(text ?? '')
    .digest('hex')
    .slice(0, 12);
}

// A secret of the environment: the value of `X`, or the content of the file that `X_FILE` names, as it is now.
import { readFileSync, statSync } from 'node:fs';
import { rememberSecret } from './known-secrets.js';
import { fileErrorCode } from './secret-ref.js';

/**
 * Hand this on instead of the text, and call `get` at each use: a rotated secret then needs no restart, and nothing prints it by accident.
 */
export class Secret {
  readonly #read: () => string;

  private constructor(
    /** Where it comes from, fit for messages. */
    readonly place: string,
    read: () => string,
  ) {
    this.#read = read;
  }

  static ofText(name: string, text: string): Secret {
    rememberSecret(text);
    return new Secret(`environment variable ${name}`, () => text);
  }

  /** Throws a sentence when the file cannot be read or is empty. */
  static ofFile(name: string, path: string): Secret {
    const secret = new Secret(`file ${path}, named by ${name}`, rereading(path));
    secret.get();
    return secret;
  }

  get(): string {
    return rememberSecret(this.#read());
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[secret]';
  }
}

/**
 * Reads again when the file is another, or has changed. While it is gone or empty, in the middle of a rotation, the last content serves.
 */
function rereading(path: string): () => string {
  let known: { version: string; text: string } | undefined;
  return () => {
    try {
      const { ino, size, mtimeMs } = statSync(path);
      const version = `${ino}/${size}/${mtimeMs}`;
      if (version === known?.version) return known.text;
      const text = readFileSync(path, 'utf8').trim();
      if (text) known = { version, text };
    } catch (error) {
      if (!known) throw new Error(`cannot be read from file ${path} (${fileErrorCode(error)}): check path and permissions`);
    }
    if (!known) throw new Error(`cannot be read from file ${path}: it is empty`);
    return known.text;
  };
}

// Where a secret is to be found. Files of configuration hold references only: a value pasted in by mistake is refused, and never repeated.
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { rememberSecret } from './known-secrets.js';

const where = z.string().trim().min(1);

/** `{env: NAME}` or `{file: path}`. The message does not show what was given: it may be the secret itself. */
export const SecretRefSchema = z.union([z.strictObject({ env: where }), z.strictObject({ file: where })], {
  error: 'must be a reference, {env: NAME} or {file: path}, not the secret itself',
});
export type SecretRef = z.output<typeof SecretRefSchema>;

export type Environment = Readonly<Record<string, string | undefined>>;

/** A secret that cannot be had; the message names the place, never the value. */
export class SecretUnreadable extends Error {
  override readonly name = 'SecretUnreadable';
}

/** The secret, without surrounding white space. Files are read at each use, so that a rotated secret needs no restart. */
export async function readSecret(ref: SecretRef, env: Environment): Promise<string> {
  return rememberSecret(await readReference(ref, env));
}

/** The same for what is kept beside a secret and is none, such as the name of an account: it may be part of any ordinary text. */
export async function readReference(ref: SecretRef, env: Environment): Promise<string> {
  const text = 'env' in ref ? env[ref.env] : await contentOf(ref.file);
  const secret = text?.trim();
  if (!secret) throw new SecretUnreadable(`${secretPlace(ref)} is ${text === undefined ? 'not set' : 'empty'}: it must contain the secret`);
  return secret;
}

export function secretPlace(ref: SecretRef): string {
  return 'env' in ref ? `environment variable ${ref.env}` : `file ${ref.file}`;
}

async function contentOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new SecretUnreadable(`cannot read file ${file} (${fileErrorCode(error)}): check path and permissions`);
  }
}

/** Such as `ENOENT`; the message of a file error is left out, it adds nothing. */
export function fileErrorCode(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'error';
}

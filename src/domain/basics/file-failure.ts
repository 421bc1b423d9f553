// Why a file that a person named cannot be read or written, in words: Node's own name a system call, and repeat the path.

const REASONS: Readonly<Record<string, string>> = {
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is a file, not a folder',
  EACCES: 'you have no permission',
  EPERM: 'you have no permission',
  EROFS: 'its disk is read-only',
  ENOSPC: 'its disk is full',
  ENAMETOOLONG: 'its name is too long',
};

/** What follows "cannot read FILE: ". */
export function whyNotRead(error: unknown): string {
  return reasonOf(error, 'there is no such file');
}

/** What follows "cannot write FILE: ". */
export function whyNotWritten(error: unknown): string {
  return reasonOf(error, 'there is no such folder');
}

function reasonOf(error: unknown, missing: string): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (code === 'ENOENT') return missing;
  return REASONS[String(code)] ?? String(message ?? error);
}

// Importing scripts (docs/qualys-api.md#import-and-clone): a file, streamed as one multipart part. Not idempotent, but titles conflict, so
// a lost answer can be looked up.
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { whyNotRead } from '../../domain/basics/file-failure.js';
import { operations } from '../catalog.js';
import { redacted } from '../http/redact.js';
import type { Call, OutgoingBody, Wire } from '../http/send.js';
import type { TokenSource } from '../http/token.js';
import type { ImportAnswer, ImportRequest } from '../operations.js';
import { importedIdsOf } from '../wire/effects.js';
import { sendEffect } from './effect.js';

export async function importScripts(wire: Wire & { tokens: TokenSource }, { file, runId }: ImportRequest): Promise<ImportAnswer> {
  const looked = await lookedAt(file);
  if (typeof looked !== 'number') return { kind: 'rejected', message: looked.problem };
  const fate = await sendEffect(wire, importCall(file, looked, runId));
  return fate.kind === 'created' ? { kind: 'created', scriptIds: fate.payload as string[] } : fate;
}

function importCall(file: string, fileBytes: number, runId: string | undefined): Call {
  return {
    endpoint: 'scripts/import',
    kind: 'import',
    method: operations.importScripts.method,
    path: operations.importScripts.path,
    body: () => multipart(file, fileBytes),
    payloadOf: importedIdsOf,
    runId,
    mayStart: () => true,
  };
}

/**
 * One part named `file`. The boundary is drawn here and stands in the content type: set by hand it would be missing
 * (docs/qualys-api.md#import-and-clone).
 */
function multipart(file: string, fileBytes: number): OutgoingBody {
  const boundary = `overhaul-${randomUUID()}`;
  const name = basename(file)
    .replace(/["\\\r\n]/g, '_')
    .replace(/(\.json)?$/i, '.json');
  const head = Buffer.from(
    `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${name}"\r\ncontent-type: application/json\r\n\r\n`,
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  return {
    type: `multipart/form-data; boundary=${boundary}`,
    // A file that grew since it was checked is cut, one that shrank ends the request: both come out as broken JSON, never as half an
    // import.
    content: Readable.from(parts(head, file, fileBytes, tail), { objectMode: false }),
    bytes: head.length + fileBytes + tail.length,
  };
}

async function* parts(head: Buffer, file: string, fileBytes: number, tail: Buffer): AsyncGenerator<Buffer> {
  yield head;
  for await (const chunk of createReadStream(file, { end: fileBytes - 1 }) as AsyncIterable<Buffer>) yield chunk;
  yield tail;
}

/** Its size in bytes, when it is a file that begins like a JSON array: an export of one script is an array, too. */
async function lookedAt(file: string): Promise<number | { problem: string }> {
  try {
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(64), 0, 64, 0);
      if (/^\uFEFF?\s*\[/.test(buffer.subarray(0, bytesRead).toString('utf8'))) return size;
      return { problem: `${file} is not a script export: it must be a JSON file with an array of scripts` };
    } finally {
      await handle.close();
    }
  } catch (error) {
    return { problem: `${file} cannot be read: ${redacted(whyNotRead(error))}` };
  }
}

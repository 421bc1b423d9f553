import { randomUUID } from 'node:crypto';
import type { ReportFile } from './writer.js';

type Part = { name: string; text: string } | { name: string; file: ReportFile };

/** A form with a file of text. Names are ours: letters, digits, dots and hyphens. */
export function multipart(parts: readonly Part[]): { body: string; headers: Record<string, string> } {
  // Another one for each form, so that no text of a file can hold it.
  const boundary = `overhaul-${randomUUID()}`;
  const rendered = parts.map((part) =>
    'file' in part
      ? `--${boundary}\r\ncontent-disposition: form-data; name="${part.name}"; filename="${part.file.name}"\r\ncontent-type: text/csv; charset=utf-8\r\n\r\n${part.file.text}\r\n`
      : `--${boundary}\r\ncontent-disposition: form-data; name="${part.name}"\r\ncontent-type: text/plain; charset=utf-8\r\n\r\n${part.text}\r\n`,
  );
  return { body: `${rendered.join('')}--${boundary}--\r\n`, headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } };
}

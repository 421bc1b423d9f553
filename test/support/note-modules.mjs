// Imported before a program (`node --import`), writes the address of each module that it loads to the file MODULES_FILE, one a line.
import { appendFileSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import { pathToFileURL } from 'node:url';
import { isMainThread } from 'node:worker_threads';

const FILE = process.env['MODULES_FILE'];

// This file is its own hook, on the thread that Node keeps for hooks.
if (isMainThread) {
  register(import.meta.url);
  const { cache } = createRequire(import.meta.url);
  // What CommonJS loads by itself passes no hook.
  process.once('exit', () =>
    appendFileSync(
      FILE,
      Object.keys(cache)
        .map((path) => `${pathToFileURL(path).href}\n`)
        .join(''),
    ),
  );
}

export async function load(url, context, next) {
  appendFileSync(FILE, `${url}\n`);
  return next(url, context);
}

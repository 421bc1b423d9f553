// The sources as plain JavaScript, compiled once a test run: a process that compiles them itself as it starts takes two seconds longer.
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { transform } from '@swc/core';

const FOLDERS = ['src', 'test'];
/** What the sources read beside themselves. */
const BESIDE = ['package.json', 'scripts', '.cache'];

/** Compiles `src` and `test` of `root` into `out`, a folder below `root`, which is gone with this process. Returns `out`. */
export async function compileSources(root, out) {
  const { transform: rules } = JSON.parse(readFileSync(join(root, 'jest.config.json'), 'utf8'));
  const [[, options]] = Object.values(rules);
  process.once('exit', () => rmSync(out, { recursive: true, force: true }));
  mkdirSync(out, { recursive: true });
  for (const name of BESIDE) symlinkSync(join(root, name), join(out, name));
  const files = FOLDERS.flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((file) => join(folder, file)));
  const sources = files.filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
  await Promise.all(
    sources.map(async (file) => {
      const { code } = await transform(readFileSync(join(root, file), 'utf8'), { ...options, filename: file, swcrc: false });
      const target = join(out, file.replace(/\.ts$/, '.js'));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, code);
    }),
  );
  return out;
}

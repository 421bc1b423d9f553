// The vendor's public library of CAR scripts as a folder with a `scripts.yaml`. It is cloned where it can be, and never kept; without it
// there are as many made-up scripts, whose titles contain one another as the library's do.

import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { ended } from './ended.js';

const REPOSITORY = 'https://github.com/Qualys/Custom-Assessment-and-Remediation-Script-Library';
const PLATFORMS: Readonly<Record<string, string>> = {
  '.ps1': 'WINDOWS',
  '.vbs': 'WINDOWS',
  '.sh': 'LINUX',
  '.py': 'LINUX',
  '.pl': 'LINUX',
  '.lua': 'LINUX',
};
const MADE_UP = 140;

export interface ScriptFolder {
  source: string;
  folder: string;
  count: number;
  scripts: { file: string; title: string; platform: string }[];
}

export async function libraryIn(work: string): Promise<ScriptFolder> {
  const folder = join(work, 'library');
  await mkdir(folder, { recursive: true });
  const clone = join(work, 'clone');
  const from = process.env['PEERS_LIBRARY'] ?? REPOSITORY;
  const { code } = await ended('git', ['clone', '--quiet', '--depth', '1', from, clone], { ...process.env, GIT_TERMINAL_PROMPT: '0' });
  const source = code === 0 ? clone : await folderOf(process.env['PEERS_LIBRARY']);
  if (source === undefined) process.stderr.write(`${from} cannot be cloned: ${MADE_UP} made-up scripts stand in for it\n`);
  const scripts = source === undefined ? await madeUp(folder) : await copied(source, folder);
  const yaml = { defaults: { severity: 3, timeout: 300 }, scripts };
  await writeFile(join(folder, 'scripts.yaml'), JSON.stringify(yaml, null, 2));
  const hashes = new Set<string>();
  for (const { file } of scripts)
    hashes.add(
      createHash('sha256')
        .update(await readFile(join(folder, file)))
        .digest('hex'),
    );
  process.stderr.write(`${scripts.length} scripts, ${hashes.size} of them different\n`);
  return { source: source === undefined ? 'made-up library' : 'CAR script library', folder, count: scripts.length, scripts };
}

async function folderOf(path: string | undefined): Promise<string | undefined> {
  return path !== undefined && (await stat(path).catch(() => undefined))?.isDirectory() ? path : undefined;
}

async function copied(source: string, folder: string): Promise<ScriptFolder['scripts']> {
  const files = (await readdir(source, { recursive: true })).filter((file) => extname(file).toLowerCase() in PLATFORMS).sort();
  const titles = new Set<string>();
  const scripts: ScriptFolder['scripts'] = [];
  for (const file of files) {
    const name = basename(file, extname(file));
    const title = [name, `${basename(dirname(file))} ${name}`, file].find((one) => !titles.has(one.trim()))?.trim() ?? file;
    titles.add(title);
    await mkdir(join(folder, dirname(file)), { recursive: true });
    await copyFile(join(source, file), join(folder, file));
    scripts.push({ file, title, platform: PLATFORMS[extname(file).toLowerCase()] ?? 'LINUX' });
  }
  return scripts;
}

async function madeUp(folder: string): Promise<ScriptFolder['scripts']> {
  const scripts = Array.from({ length: MADE_UP }, (_, index) => ({
    file: `check-${index + 1}.sh`,
    title: `Check ${index + 1}`,
    platform: 'LINUX',
  }));
  for (const [index, { file, title }] of scripts.entries())
    await writeFile(join(folder, file), `#!/bin/sh\n# ${title}\nexit ${index % 2}\n`);
  return scripts;
}

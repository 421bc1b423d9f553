// The built dashboard (scripts/dashboard-bundle.mjs), read once: a few files of some kilobytes, each named by its content.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

export interface DashboardFile {
  type: string;
  bytes: Buffer;
  gzipped: Buffer;
}

export interface Dashboard {
  script: string;
  style: string;
  icon: string;
  /** By name. */
  files: ReadonlyMap<string, DashboardFile>;
}

/** Beside the compiled server. */
const BUILT = fileURLToPath(new URL('../../dashboard', import.meta.url));

const TYPES = {
  script: 'text/javascript; charset=utf-8',
  style: 'text/css; charset=utf-8',
  icon: 'image/svg+xml',
} as const;

/** Undefined where nothing is built: the server then serves pages without scripts. */
export async function loadDashboard(folder = BUILT): Promise<Dashboard | undefined> {
  const manifest = await readFile(`${folder}/manifest.json`, 'utf8').catch(() => undefined);
  if (manifest === undefined) return undefined;
  const names = JSON.parse(manifest) as Record<keyof typeof TYPES, string>;
  const files = new Map<string, DashboardFile>();
  for (const part of ['script', 'style', 'icon'] as const) {
    const bytes = await readFile(`${folder}/${names[part]}`);
    files.set(names[part], { type: TYPES[part], bytes, gzipped: gzipSync(bytes, { level: 9 }) });
  }
  return { ...names, files };
}

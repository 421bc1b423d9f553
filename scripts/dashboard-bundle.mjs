// The dashboard as files that a browser loads: one script, one style, one icon, each named by its content.
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { ROOT } from './setup.mjs';

const SOURCES = join(ROOT, 'src', 'dashboard');

/** Writes the files and `manifest.json`, which says what they are called, into `outDir`. */
export async function bundleDashboard(outDir) {
  const { metafile } = await build({
    entryPoints: { app: join(SOURCES, 'main.tsx'), style: join(SOURCES, 'style', 'index.css'), icon: join(SOURCES, 'style', 'icon.svg') },
    outdir: outDir,
    entryNames: '[name]-[hash]',
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['es2022', 'chrome111', 'firefox113', 'safari16.4'],
    loader: { '.svg': 'copy' },
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  const files = Object.keys(metafile.outputs).map((path) => basename(path));
  const named = (ending) => files.find((file) => file.endsWith(ending));
  writeFileSync(join(outDir, 'manifest.json'), JSON.stringify({ script: named('.js'), style: named('.css'), icon: named('.svg') }));
}

// dist/: the compiled program, its workflows as one bundle that every worker loads, and the dashboard as a browser loads it.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './child-process.mjs';
import { bundleDashboard } from './dashboard-bundle.mjs';
import { ROOT } from './setup.mjs';
import { bundle } from './workflow-bundle.mjs';

const DIST = join(ROOT, 'dist');

rmSync(DIST, { recursive: true, force: true });
const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
const { code } = await run(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: ROOT, inherit: true });
process.exitCode = code;
if (code === 0) {
  await bundle(join(DIST, 'workflows', 'index.js'), join(DIST, 'workflow-bundle.js'));
  await bundleDashboard(join(DIST, 'dashboard'));
  process.stdout.write('Built dist/: cli.js (overhaul), worker.js and server.js.\n');
}

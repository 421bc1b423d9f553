// Makes a fresh clone ready: Node version, packages, build. Only what Node brings, because it runs before `npm ci`.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './child-process.mjs';
import { isAtLeast } from './temporal.mjs';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const NODE_AT_LEAST = [20, 20];

/** Throws with a sentence that says what to do when this machine cannot be made ready. */
export async function setUp(say = console.log) {
  await setUpPackages(say);
  say('set-up: building dist/ …');
  const { code } = await run(process.execPath, ['scripts/build.mjs'], { cwd: ROOT, inherit: true });
  if (code !== 0) throw new Error('The build failed: the lines above say where.');
}

/** The same without the build. */
export async function setUpPackages(say = console.log) {
  checkNode();
  if (packagesAreCurrent()) say('set-up: the packages are those of package-lock.json.');
  else await installPackages(say);
}

function checkNode() {
  if (isAtLeast(process.versions.node.split('.').map(Number), NODE_AT_LEAST)) return;
  throw new Error(
    `This is Node ${process.versions.node}, and Overhaul needs ${NODE_AT_LEAST.join('.')} or later: install a newer Node and try again.`,
  );
}

/**
 * npm leaves its own record of what it installed, which is missing after an installation that broke off. Optional packages are other
 * systems'.
 */
function packagesAreCurrent() {
  const installed = join(ROOT, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return false;
  const have = JSON.parse(readFileSync(installed, 'utf8')).packages;
  const want = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(want).every(
    ([path, { version, optional, devOptional }]) => path === '' || optional || devOptional || have[path]?.version === version,
  );
}

async function installPackages(say) {
  say('set-up: node_modules is missing or is not what package-lock.json says: npm ci …');
  const [command, args] = process.env.npm_execpath ? [process.execPath, [process.env.npm_execpath]] : ['npm', []];
  const { code } = await run(command, [...args, 'ci', '--no-audit', '--no-fund'], { cwd: ROOT, inherit: true });
  if (code !== 0)
    throw new Error(`npm ci ended with code ${code}: its last lines say why. A registry that cannot be reached is the usual cause.`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  setUp().catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}

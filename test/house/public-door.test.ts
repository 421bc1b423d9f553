// What a program outside sees: the built package, packed as npm packs it, type-checked and run against the simulator.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Simulator, startSimulator } from '../../src/simulator/index.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);
let folder: string;
let simulator: Simulator;

beforeAll(async () => {
  await buildHasEnded();
  folder = await mkdtemp(join(tmpdir(), 'consumer-'));
  simulator = await startSimulator({});
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: ROOT });
  const installed = join(folder, 'node_modules', 'overhaul');
  await mkdir(installed, { recursive: true });
  await run('tar', ['-xzf', 'overhaul-0.1.0.tgz', '-C', installed, '--strip-components=1'], { cwd: folder });
  // Its dependencies are those of this tree; a package registry is not asked.
  await symlink(join(ROOT, 'node_modules'), join(installed, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
}, 600_000);

/** Which goes on beside the tests (scripts/test.mjs). Where Jest is started by itself, dist/ is as it was left. */
async function buildHasEnded(): Promise<void> {
  const ended = process.env['TEST_BUILD_ENDED'];
  while (ended && !existsSync(ended)) await new Promise((resolve) => setTimeout(resolve, 100));
}

afterAll(async () => {
  await simulator.close();
  await rm(folder, { recursive: true });
});

/** The program of docs/qualys-client.md. */
const CONSUMER = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(ROOT, 'docs', 'qualys-client.md'), 'utf8'))?.[1] ?? '';

/** The compiler's words; empty where it has none. */
async function compiled(source: string): Promise<string> {
  await writeFile(join(folder, 'consumer.ts'), source);
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const types = join(ROOT, 'node_modules', '@types');
  const options = ['--strict', '--module', 'nodenext', '--target', 'es2023', '--skipLibCheck', '--typeRoots', types, '--types', 'node'];
  const { stdout } = await run(process.execPath, [compiler, ...options, 'consumer.ts'], { cwd: folder }).catch(
    (error: { stdout: string }) => error,
  );
  return stdout;
}

test('the program of the documents type-checks and runs', async () => {
  expect(await compiled(CONSUMER)).toBe('');
  const env = { ...process.env, QUALYS_URL: simulator.url, QUALYS_USERNAME: 'demo', QUALYS_PASSWORD: 'demo' };
  const { stdout } = await run(process.execPath, ['consumer.js'], { cwd: folder, env });
  expect(stdout).toBe("[ '72650 Disable SMBv1' ]\nnot-found\n");
}, 600_000);

test('the types are those of the client, and no any', async () => {
  const wrong = `${CONSUMER}
const count: string = await qualys.count('scripts');
const kind: 'created' = (await qualys.importScripts({ file: 'a.json' })).kind;
await qualys.execute({ scriptId: '1', assetIds: [1], mayStart: () => true });
`;
  const lines = (await compiled(wrong)).match(/error TS\d+/g);
  expect(lines).toEqual(['error TS2322', 'error TS2322', 'error TS2322']);
}, 600_000);

test('nothing else of the package can be imported', async () => {
  await writeFile(join(folder, 'inside.mjs'), "await import('overhaul/dist/ledger/index.js').catch(({ code }) => console.log(code));");
  const { stdout } = await run(process.execPath, ['inside.mjs'], { cwd: folder });
  expect(stdout).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED\n');
});

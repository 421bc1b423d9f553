// Three public clients, pinned, in a virtual environment of their own.
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ended } from './ended.js';
import type { PeerResult } from './peers.js';
import { type Gateway, withSimulator } from './simulated.js';

const PINNED = ['qualysdk==0.4.0', 'qualys-cli==0.2.0', 'qualys-mcp==0.2.9'];
/** What the newest of them needs. */
const PYTHON = [3, 12] as const;
const FLEET = { assets: 250, windowsEvery: 10 };

/** What a client does that no document allows. */
const KNOWN: PeerResult[] = [
  {
    ...{ peer: 'qualysdk', operation: 'http', result: 'known' },
    detail: 'rewrites every address to https, also on loopback: taken back here',
  },
];

export async function runClients(folder: string): Promise<PeerResult[]> {
  const bin = await installed();
  if (typeof bin !== 'string') return [{ peer: PINNED.join(', '), operation: 'install', result: 'FAILED', detail: bin.problem }];
  return withSimulator(folder, FLEET, async (gateway) => [
    ...(await python(bin, 'qualysdk', gateway)),
    ...KNOWN,
    ...(await commandLine(bin, gateway)),
    ...(await python(bin, 'qualys-mcp', gateway)),
  ]);
}

/** The folder of the environment's programs; installed once, into the user's cache. */
async function installed(): Promise<string | { problem: string }> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'overhaul-peers');
  const bin = join(cache, process.platform === 'win32' ? 'Scripts' : 'bin');
  const stamp = join(cache, 'installed.txt');
  if (existsSync(stamp)) return bin;
  const interpreter = await pythonOf();
  if (interpreter === undefined) return { problem: `needs Python ${PYTHON.join('.')} or later: name one with PEERS_PYTHON` };
  await mkdir(cache, { recursive: true });
  process.stderr.write(`Installing ${PINNED.join(', ')} into ${cache}\n`);
  const steps: [string, string[]][] = [
    [interpreter, ['-m', 'venv', cache]],
    [join(bin, 'python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PINNED]],
  ];
  for (const [command, argv] of steps) {
    const { code, stderr } = await ended(command, argv);
    if (code !== 0) return { problem: `${argv.slice(1, 3).join(' ')}: ${stderr.trim().split('\n').at(-1) ?? `exit ${code}`}` };
  }
  await writeFile(stamp, `${PINNED.join('\n')}\n`);
  return bin;
}

async function pythonOf(): Promise<string | undefined> {
  const named = process.env['PEERS_PYTHON'];
  const isNewEnough = `import sys; sys.exit(0 if sys.version_info >= (${PYTHON.join(', ')}) else 1)`;
  for (const candidate of named === undefined ? ['python3', 'python3.14', 'python3.13', 'python3.12', 'python'] : [named])
    if ((await ended(candidate, ['-c', isNewEnough])).code === 0) return candidate;
  return undefined;
}

/** A script of ours that calls the client's own functions, and prints a line of JSON for each. */
async function python(bin: string, peer: 'qualysdk' | 'qualys-mcp', { env, url }: Gateway): Promise<PeerResult[]> {
  const script = join(import.meta.dirname, `call-${peer}.py`);
  const own = { ...env, QUALYS_BASE_URL: url, QUALYS_GATEWAY_URL: url };
  const { code, stdout, stderr } = await ended(join(bin, 'python'), [script], own);
  const rows = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => ({ peer, ...(JSON.parse(line) as Omit<PeerResult, 'peer'>) }));
  return code === 0 ? rows : [...rows, { peer, operation: 'the script', result: 'FAILED', detail: stderr.trim().split('\n').at(-1) ?? '' }];
}

type Answer = Record<string, unknown> & { assetListData?: { asset: Record<string, unknown>[] } };

async function commandLine(bin: string, { env, url }: Gateway): Promise<PeerResult[]> {
  const own = { ...env, QUALYS_GATEWAY_URL: url, QUALYS_NO_FLAIR: '1' };
  const rows: PeerResult[] = [];
  const expect = async (operation: string, argv: string[], read: (answer: Answer) => unknown, wanted: unknown): Promise<void> => {
    const { code, stdout, stderr } = await ended(join(bin, 'qualys-cli'), ['csam', 'asset', ...argv, '--format', 'json'], own);
    const [found, problem] = answerOf(stdout, read);
    const isRight = code === 0 && JSON.stringify(found) === JSON.stringify(wanted);
    const detail = isRight
      ? JSON.stringify(found)
      : `${problem ?? JSON.stringify(found)} for ${JSON.stringify(wanted)}. ${stderr.trim().slice(-160)}`;
    rows.push({ peer: 'qualys-cli', operation, result: isRight ? 'ok' : 'FAILED', detail });
  };
  const names = ({ assetListData }: Answer) => assetListData?.asset.map(({ assetName }) => assetName);
  await expect('auth and count {}', ['count'], ({ count }) => count, 250);
  await expect('count asset.truRisk GREATER', ['count', '--filter', 'asset.truRisk=GREATER=700'], ({ count }) => count, 73);
  await expect('list', ['list', '--limit', '100'], (answer) => names(answer)?.length, 100);
  await expect('search interfaces.address', ['list', '--filter', 'interfaces.address=EQUALS=10.0.0.5'], names, ['host-000006.example.com']);
  await expect('get', ['get', '20452611'], names, ['host-000002.example.com']);
  return rows;
}

/** The program paints its wait into the same stream: the document begins at the first brace. */
function answerOf(stdout: string, read: (answer: Answer) => unknown): [unknown, string | undefined] {
  try {
    return [read(JSON.parse(stdout.slice(stdout.indexOf('{'))) as Answer), undefined];
  } catch {
    return [undefined, `no JSON: ${JSON.stringify(stdout.slice(-120))}`];
  }
}

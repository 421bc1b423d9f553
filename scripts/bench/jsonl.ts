// `npm run build && npm run bench:jsonl`: what `overhaul qualys asset-jobs --all --jsonl` gives a second, beside undici, JSON.parse and a
// write of the same rows. Each is a process of its own, its start among what is measured, and writes into a pipe.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from '../../src/domain/polling/cadence.js';
import { startWalkGateway } from './walk-gateway.js';
import { paths } from './walk-server.js';

const ROWS = Number(process.env['ROWS'] ?? 1_000_000);
const ROUNDS = Number(process.env['ROUNDS'] ?? 3);
/** Milliseconds that an answer is late: 0 shows the work alone, 20 what a network leaves of it. */
const LATENCIES = (process.env['LATENCY_MS'] ?? '0,20').split(',').map(Number);
const ENDED_WITHOUT_LINES = /^\s*(\d+)/;

/** Milliseconds until the last of its rows is through the pipe. */
async function timed(argv: readonly string[], env: Record<string, string>): Promise<number> {
  const startedAt = performance.now();
  const writer = spawn(process.execPath, argv, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  const counter = spawn('wc', ['-l'], { stdio: [writer.stdout, 'pipe', 'inherit'] });
  const [lines] = await Promise.all([textOf(counter), ended(writer)]);
  const tookMs = performance.now() - startedAt;
  const rows = Number(ENDED_WITHOUT_LINES.exec(lines)?.[1]);
  if (rows !== ROWS) throw new Error(`${argv.join(' ')} wrote ${rows} rows of ${ROWS}`);
  return tookMs;
}

async function textOf(child: ChildProcess): Promise<string> {
  let text = '';
  for await (const chunk of child.stdout ?? []) text += String(chunk);
  return text;
}

async function ended(child: ChildProcess): Promise<void> {
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`A process ended with ${String(code)}`);
}

const rate = (tookMs: number): string => Math.round((ROWS * 1_000) / tookMs).toLocaleString('en');

async function compare(latencyMs: number, folder: string): Promise<void> {
  const { url, server } = await startWalkGateway(ROWS, latencyMs);
  const env = {
    QUALYS_URL: url,
    QUALYS_USERNAME: 'bench',
    QUALYS_PASSWORD: 'bench',
    OVERHAUL_DATABASE_URL: `sqlite:${join(folder, 'none.db')}`,
    OVERHAUL_CONFIG: join(folder, 'overhaul.yaml'),
  };
  const ours = ['dist/cli.js', 'qualys', 'asset-jobs', '--all', '--jsonl', '--page-size', '1000'];
  const kinds = { ours, peer: ['scripts/bench/jsonl-peer.mjs', url, paths.search] };
  const took = { ours: [] as number[], peer: [] as number[] };
  try {
    for (let round = 1; round <= ROUNDS; round += 1) {
      const names = round % 2 === 0 ? (['peer', 'ours'] as const) : (['ours', 'peer'] as const);
      for (const name of names) took[name].push(await timed(kinds[name], env));
      console.log(
        `round ${round}, ${latencyMs} ms late: ours ${rate(took.ours.at(-1) ?? 0)}, peer ${rate(took.peer.at(-1) ?? 0)} rows a second`,
      );
    }
  } finally {
    server.kill();
  }
  const ratios = took.peer.map((peerMs, round) => peerMs / (took.ours[round] ?? Number.NaN));
  const [lowest, middle, highest] = [Math.min(...ratios), median(ratios) ?? Number.NaN, Math.max(...ratios)].map((ratio) =>
    ratio.toFixed(2),
  );
  console.log(`answers ${latencyMs} ms late: ${middle} × the peer's rows a second (at least 0.9), ${lowest} to ${highest} a round\n`);
}

const folder = await mkdtemp(join(tmpdir(), 'overhaul-jsonl-'));
// Far above what the walks here take: limits are another bench.
await writeFile(join(folder, 'overhaul.yaml'), 'policy: { caps: { callsPerHour: 1000000, concurrency: 2 } }\n');
try {
  for (const latencyMs of LATENCIES) await compare(latencyMs, folder);
} finally {
  await rm(folder, { recursive: true, force: true });
}

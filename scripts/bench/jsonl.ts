// `npm run build && npm run bench:jsonl`: what `overhaul qualys asset-jobs --all --jsonl` gives a second, beside undici, JSON.parse and a
// write of the same rows. Each is a process of its own, its start among what is measured, and writes into a pipe.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { median } from '../../src/domain/polling/cadence.js';
import { startWalkGateway } from './walk-gateway.js';
import { paths } from './walk-server.js';

const ROWS = Number(process.env['ROWS'] ?? 1_000_000);
const ROUNDS = Number(process.env['ROUNDS'] ?? 3);
/** Milliseconds that an answer is late: 0 shows the work alone, 20 what a network leaves of it. */
const LATENCIES = (process.env['LATENCY_MS'] ?? '0,20').split(',').map(Number);
const ENDED_WITHOUT_LINES = /^\s*(\d+)/;

interface Took {
  /** Until the last of its rows is through the pipe. */
  clockMs: number;
  processorMs: number;
  peakMiB: number;
}

async function measured(argv: readonly string[], env: Record<string, string>): Promise<Took> {
  const startedAt = performance.now();
  const writer = spawn(process.execPath, ['--import', './scripts/bench/jsonl-usage.mjs', ...argv], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  });
  const counter = spawn('wc', ['-l'], { stdio: [writer.stdout, 'pipe', 'inherit'] });
  const [lines, usage] = await Promise.all([textOf(counter.stdout as Readable), textOf(writer.stdio[3] as Readable), ended(writer)]);
  const clockMs = performance.now() - startedAt;
  const rows = Number(ENDED_WITHOUT_LINES.exec(lines)?.[1]);
  if (rows !== ROWS) throw new Error(`${argv.join(' ')} wrote ${rows} rows of ${ROWS}`);
  return { clockMs, ...(JSON.parse(usage) as Omit<Took, 'clockMs'>) };
}

async function textOf(stream: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

async function ended(child: ChildProcess): Promise<void> {
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`A process ended with ${String(code)}`);
}

const perSecond = (ms: number): string => Math.round((ROWS * 1_000) / ms).toLocaleString('en');

async function compare(latencyMs: number, folder: string): Promise<void> {
  const { url, server } = await startWalkGateway(ROWS, latencyMs);
  const env = {
    QUALYS_URL: url,
    QUALYS_USERNAME: 'bench',
    QUALYS_PASSWORD: 'bench',
    OVERHAUL_DATABASE_URL: `sqlite:${join(folder, 'none.db')}`,
    OVERHAUL_CONFIG: join(folder, 'overhaul.yaml'),
  };
  const command = ['dist/cli.js', 'qualys', 'asset-jobs', '--all', '--jsonl', '--page-size', '1000'];
  const kinds = { ours: command, peer: ['scripts/bench/jsonl-peer.mjs', url, paths.search] };
  const took = { ours: [] as Took[], peer: [] as Took[] };
  const told = ({ clockMs, processorMs, peakMiB }: Took): string =>
    `${perSecond(clockMs)} rows a second, ${perSecond(processorMs)} a second of processor, ${Math.round(peakMiB)} MiB`;
  try {
    for (let round = 1; round <= ROUNDS; round += 1) {
      const names = round % 2 === 0 ? (['peer', 'ours'] as const) : (['ours', 'peer'] as const);
      for (const name of names) {
        const now = await measured(kinds[name], env);
        took[name].push(now);
        console.log(`round ${round}, ${latencyMs} ms late: ${name} ${told(now)}`);
      }
    }
  } finally {
    server.kill();
  }
  const ratio = (of: keyof Took): string => {
    const ratios = took.peer.map((peer, round) => peer[of] / (took.ours[round]?.[of] ?? Number.NaN));
    const [lowest, middle, highest] = [Math.min(...ratios), median(ratios) ?? Number.NaN, Math.max(...ratios)];
    return `${middle.toFixed(2)} × (${lowest.toFixed(2)} to ${highest.toFixed(2)} a round)`;
  };
  const peak = Math.max(...took.ours.map(({ peakMiB }) => peakMiB)) / Math.max(...took.peer.map(({ peakMiB }) => peakMiB));
  console.log(`answers ${latencyMs} ms late, the peer's rows a second (at least 0.9 ×): ${ratio('clockMs')} by the clock,`);
  console.log(`${ratio('processorMs')} by processor time; ${peak.toFixed(2)} × its memory\n`);
}

const folder = await mkdtemp(join(tmpdir(), 'overhaul-jsonl-'));
// Far above what the walks here take: limits are another bench.
await writeFile(join(folder, 'overhaul.yaml'), 'policy: { caps: { callsPerHour: 1000000, concurrency: 2 } }\n');
try {
  for (const latencyMs of LATENCIES) await compare(latencyMs, folder);
} finally {
  await rm(folder, { recursive: true, force: true });
}

// `npm run build && npm run bench:cli`: how long a person waits for the command line to begin, beside Node by itself, in turn.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from '../../src/domain/polling/cadence.js';

const ROUNDS = Number(process.env['ROUNDS'] ?? 25);
const PEER = 'node -e 0';
/** None of them waits for anybody: what remains is what Node reads and compiles. */
const COMMANDS: [name: string, argv: string[]][] = [
  [PEER, ['-e', '0']],
  ['overhaul --help', ['dist/cli.js', '--help']],
  ['overhaul list --help', ['dist/cli.js', 'list', '--help']],
  ['overhaul show, no ledger, Temporal misconfigured', ['dist/cli.js', 'show', 'run-1']],
];

const folder = mkdtempSync(join(tmpdir(), 'overhaul-cli-'));
const env = { ...process.env, OVERHAUL_DATABASE_URL: `sqlite:${join(folder, 'none.db')}`, TEMPORAL_PROFILE: 'none', OVERHAUL_CONFIG: '' };
const took = new Map<string, number[]>(COMMANDS.map(([name]) => [name, []]));
for (let round = 0; round < ROUNDS; round += 1) {
  for (const [name, argv] of round % 2 === 0 ? COMMANDS : [...COMMANDS].reverse()) {
    const startedAt = performance.now();
    const { error } = spawnSync(process.execPath, argv, { env, stdio: 'ignore' });
    if (error) throw error;
    took.get(name)?.push(performance.now() - startedAt);
  }
}
rmSync(folder, { recursive: true });
const peers = took.get(PEER) ?? [];
for (const [name, times] of took) {
  const ratios = times.map((ms, round) => ms / (peers[round] ?? Number.NaN));
  const asked = name === 'overhaul --help' ? ' (at most 3)' : '';
  console.log(`${name}: ${median(times)?.toFixed(0)} ms, ${median(ratios)?.toFixed(2)} × ${PEER}${asked}`);
}

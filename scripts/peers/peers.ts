// Public clients of the same gateway against the simulator, and the vendor's public library of scripts through import, push and diff: what
// somebody else's code expects of the API, and what a library of real scripts does to ours. Outside the test suite, since it installs
// packages. PEERS_PYTHON names a Python of 3.12 or later, PEERS_LIBRARY a copy of the library where it cannot be cloned.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runClients } from './clients.js';
import { runLibrary } from './library-runs.js';

export interface PeerResult {
  peer: string;
  operation: string;
  /** `known`: it differs, and the documents say that the peer is wrong. */
  result: 'ok' | 'FAILED' | 'known';
  detail: string;
}

function printTable(rows: readonly PeerResult[]): void {
  const columns = (['peer', 'operation', 'result', 'detail'] as const).map((name) => ({
    name,
    width: Math.max(name.length, ...rows.map((row) => row[name].length)),
  }));
  const line = (cells: Record<(typeof columns)[number]['name'], string>): string =>
    columns
      .map(({ name, width }) => cells[name].padEnd(width))
      .join('  ')
      .trimEnd();
  const head = { peer: 'PEER', operation: 'OPERATION', result: 'RESULT', detail: 'DETAIL' };
  process.stdout.write(`${[line(head), ...rows.map(line)].join('\n')}\n`);
}

const folder = await mkdtemp(join(tmpdir(), 'overhaul-peers-'));
try {
  const rows = [...(await runClients(folder)), ...(await runLibrary(folder))];
  printTable(rows);
  const failed = rows.filter(({ result }) => result === 'FAILED').length;
  process.stdout.write(`\n${rows.length - failed} of ${rows.length} as the documents say\n`);
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}

// The built worker in a process of its own: what it costs is read from the kernel. Needs `npm run build`.
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const WORKER = fileURLToPath(new URL('../../dist/worker.js', import.meta.url));

export interface BuiltWorker {
  /** Where its `overhaul.yaml` goes. */
  folder: string;
  /** The Qualys gateway. */
  url: string;
  temporalAddress: string;
  taskQueue: string;
  /** The file of its ledger. */
  database: string;
}

/** Starts it with caps that no bench reaches. WORKER_FLAGS are node's. */
export async function spawnBuiltWorker({ folder, url, temporalAddress, taskQueue, database }: BuiltWorker): Promise<ChildProcess> {
  const config = join(folder, 'overhaul.yaml');
  await writeFile(config, 'policy: { caps: { callsPerHour: 100000000, executionsPerDay: 100000000, concurrency: 16 } }\n');
  return spawn(process.execPath, [...(process.env['WORKER_FLAGS']?.split(' ') ?? []), WORKER], {
    env: {
      ...process.env,
      QUALYS_URL: url,
      QUALYS_USERNAME: 'demo',
      QUALYS_PASSWORD: 'demo',
      TEMPORAL_ADDRESS: temporalAddress,
      OVERHAUL_DATABASE_URL: `sqlite:${database}`,
      OVERHAUL_CONFIG: config,
      OVERHAUL_TASK_QUEUE: taskQueue,
      OVERHAUL_LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

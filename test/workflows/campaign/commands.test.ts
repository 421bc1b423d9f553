// A campaign as its operator has it: every command in this process, over real Temporal, a ledger and the simulated gateway.

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { temporalRuns } from '../../../src/cli/data/temporal-client.js';
import type { PlanDocument } from '../../../src/cli/plan/document.js';
import type { AssetRow } from '../../../src/domain/run/outcome.js';
import type { TemporalRuns } from '../../../src/temporal/runs/temporal-runs.js';
import { overhaul, type Ran, type World } from '../../support/command-line.js';
import { urlOf } from '../../support/ledger/sqlite.js';
import { CAPS_OFF } from '../../support/product/harness.js';
import { assetIds, eventually } from '../product-harness.js';
import { type CampaignHarness, ids, openCampaignHarness } from './harness.js';

/** Places in the fleet, of eight assets each: of a campaign that is decided about, and of one that has ended. */
const [LIVE, ENDED] = [0, 100] as const;

/** Of the one that has ended: which assets fail at first, and the wave that each asset falls into by the order of its seed. */
const FAILED = ['20452711', '20452714', '20452716'];
const WAVES = [
  ['20452710', 'rest'],
  ['20452711', 'canary'],
  ['20452712', 'canary'],
  ['20452713', 'rest'],
  ['20452714', 'rest'],
  ['20452715', 'rest'],
  ['20452716', 'rest'],
  ['20452717', 'rest'],
];

let harness: CampaignHarness;
let temporal: TemporalRuns;
let folder: string;
let env: Record<string, string>;

beforeAll(async () => {
  const failAssets = FAILED.map(Number);
  harness = await openCampaignHarness('commands', { simulator: { failAssets, failAttempts: 1, outputBytes: { min: 100, max: 100 } } });
  const { client, connection, address, namespace } = harness.env;
  temporal = { ...temporalRuns({ client, connection, address, namespace }), close: async () => undefined };
  folder = await mkdtemp(join(tmpdir(), 'campaign-commands-'));
  env = {
    QUALYS_URL: harness.product.simulator.url,
    QUALYS_USERNAME: 'demo',
    QUALYS_PASSWORD: 'demo',
    OVERHAUL_TASK_QUEUE: harness.taskQueue,
    OVERHAUL_DATABASE_URL: await urlOf(harness.product.ledger),
    OVERHAUL_CONFIG: join(folder, 'overhaul.yaml'),
  };
  await writeFile(env['OVERHAUL_CONFIG'] ?? '', JSON.stringify({ policy: { caps: CAPS_OFF } }));
}, 600_000);

afterAll(async () => {
  // What a failed test left behind would keep the worker.
  const runs = (await harness?.product.ledger.reader.runs(100, { steps: true })) ?? [];
  for (const { run } of runs.filter(({ run: { finishedAt } }) => finishedAt === undefined)) {
    const handle = harness.env.client.workflow.getHandle(run.id);
    await handle.terminate('the test is over').catch(() => undefined);
  }
  await harness?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

const command = (argv: readonly string[], world: World = {}): Promise<Ran> => overhaul(argv, { env, temporal, ...world });

async function json<T>(...argv: string[]): Promise<T> {
  const { stdout, stderr } = await command([...argv, '--json']);
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as T;
}

/** Two assets at once, and the six others when Ann or Bob has agreed; by windows that are open at any hour of the test. */
async function planFile(name: string, first: number): Promise<string> {
  const file = join(folder, `${name}.yaml`);
  await writeFile(
    file,
    `name: ${name}
targets: { assetIds: [${assetIds(first, 8).join(', ')}] }
steps: { remediate: 72648 }
waves:
  - { name: canary, size: 2 }
  - { name: rest, approval: { approvers: [ann, bob] } }
windows: [{ days: [MON, TUE, WED, THU, FRI, SAT, SUN], from: "00:00", to: "24:00", timezone: Europe/Berlin }]
poll: { interval: 1s }
deadline: 1m
`,
  );
  return file;
}

const newId = (name: string): string => `${name}-${randomUUID()}`;

function asks(id: string) {
  return eventually(
    async () => (await temporal.progress(id)).pending,
    (pending) => pending !== undefined,
  );
}

/** Watches until the end; `act` runs between the first poll and the second. */
function watch(id: string, act: () => Promise<unknown>): Promise<Ran> {
  let hasActed = false;
  return command(['watch', id], {
    async onPause() {
      if (hasActed) return sleep(100);
      hasActed = true;
      return act();
    },
  });
}

describe('a campaign on the command line', () => {
  test('is planned without a word to its assets, started by its digest, asked about, approved and watched to its end', async () => {
    const file = await planFile('live', LIVE);
    const id = newId('live');
    const plan = await json<PlanDocument>('plan', file);
    expect(plan).toMatchObject({
      name: 'live',
      requestedBy: 'kim',
      cohort: { size: 8 },
      waves: [
        { name: 'canary', size: 2, executions: 1 },
        { name: 'rest', size: 6, executions: 1, approval: { quorum: 1, text: '1 approval by ann, bob, not by the requester' } },
      ],
      executions: 2,
      windows: {
        restricted: true,
        openings: [{ opensAt: '2026-08-22T10:00:00.000Z', timezone: 'Europe/Berlin', local: { opens: 'Sat 2026-08-22 12:00' } }],
      },
    });
    const { digest = '' } = plan;
    expect(digest).toMatch(/^[0-9a-f]{64}$/);

    const other = await command(['start', file, '--id', id, '--digest', 'f'.repeat(64)]);
    expect([other.exitCode, other.stdout]).toEqual([1, '']);
    expect(other.stderr).toContain(`its digest is ${digest}. Nothing was started.`);
    expect(await temporal.find(id)).toBeUndefined();
    expect(harness.product.simulator.state.executions).toEqual([]);

    const started = await command(['start', file, '--id', id, '--digest', digest]);
    expect([started.exitCode, started.stdout]).toEqual([0, `${id}\n`]);
    expect(await asks(id)).toEqual({ kind: 'wave', wave: 'rest', digest, approvals: 0 });

    const shown = await json<Record<string, unknown>>('show', id);
    expect(shown).toMatchObject({
      state: 'awaiting approval',
      waves: [
        { number: 1, name: 'canary', counts: { targeted: 2 }, closedAt: expect.any(String) },
        { number: 2, name: 'rest', status: 'awaiting-approval', counts: { targeted: 6, pending: 6 } },
      ],
      question: {
        text: 'Wave rest waits for approval.',
        digest,
        answers: [{ command: `overhaul approve ${id}`, means: 'starts the wave' }, { command: `overhaul reject ${id}` }],
      },
    });
    const { stdout: text } = await command(['show', id]);
    expect(text).toMatch(
      /^ {2}waves {7}canary {2}succeeded {10}2\/2, 2 succeeded; opened \S+; closed \S+Z\n {14}rest {4}awaiting-approval {2}0\/6$/m,
    );
    expect(text).toContain('  decide      Wave rest waits for approval.\n');
    expect(text).toContain('  asked       1 approval by ann, bob, not by the requester; 0 approvals so far\n');
    expect(text).toContain(`  overhaul approve ${id} --digest ${digest}   starts the wave\n`);

    const mine = await command(['approve', id]);
    expect([mine.exitCode, mine.stderr]).toEqual([1, expect.stringContaining('kim')]);
    const watched = await watch(id, async () => {
      const approved = await command(['approve', id, '--by', 'ann', '--digest', digest]);
      expect([approved.exitCode, approved.stderr]).toEqual([0, `${id}: Approved.\n`]);
    });
    expect(watched.exitCode).toBe(0);
    expect(watched.stderr).toContain(`${id}: Wave rest waits for approval.`);
    expect(watched.stderr).toContain(`overhaul approve ${id} --digest ${digest}   (starts the wave)\n`);
    expect(watched.stdout).toContain(`${id}  succeeded\n`);
    expect(watched.stdout).toMatch(/^ {2}waves {7}canary {6}succeeded {2}2 succeeded\n {14}rest {8}succeeded {2}6 succeeded$/m);
    expect((await command(['show', id])).stdout).toContain('approved by ann');
    const executed = harness.product.simulator.state.executionsPerAsset();
    expect(ids(LIVE, 8).map((assetId) => executed.get(assetId))).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
  });

  describe('that has ended', () => {
    const id = newId('ended');

    beforeAll(async () => {
      expect((await command(['start', await planFile('ended', ENDED), '--id', id])).exitCode).toBe(0);
      await asks(id);
      expect((await watch(id, () => command(['approve', id, '--by', 'bob']))).exitCode).toBe(1);
    }, 60_000);

    test('is reported with its waves, in every format', async () => {
      const report = async (format: string) => (await command(['report', id, '--format', format])).stdout;
      expect(JSON.parse(await report('json'))).toMatchObject({
        report: {
          ...{ runId: id, status: 'partial', executions: 2, counts: { targeted: 8, succeeded: 5, failed: 3 } },
          waves: [
            { name: 'canary', status: 'partial', counts: { targeted: 2, succeeded: 1, failed: 1 }, approvedBy: [] },
            { name: 'rest', status: 'partial', counts: { targeted: 6, succeeded: 4, failed: 2 }, approvedBy: ['bob'] },
          ],
        },
        assets: WAVES.map(([assetId, wave]) => ({ assetId, wave })),
      });
      const [header = '', ...lines] = (await report('csv')).trimEnd().split('\n');
      const [asset, wave] = ['assetId', 'wave'].map((column) => header.split(',').indexOf(column));
      expect(lines.map((line) => [asset, wave].map((column) => line.split(',')[column ?? -1]))).toEqual(WAVES);
      const html = await report('html');
      expect(html).toContain(
        '<tr><td>rest</td><td><span class="tag partial">partial</span></td><td>6: 4 succeeded, 2 failed</td><td>bob</td>',
      );
      const failures = html.split('<h2 id="failed">')[1]?.split('</section>')[0]?.split('<tr class="wave">').slice(1) ?? [];
      expect(failures.map((text) => [...text.matchAll(/>(Wave \w+) |<td>(\d{8})</g)].map(([, name, assetId]) => name ?? assetId))).toEqual([
        ['Wave canary', '20452711'],
        ['Wave rest', '20452714', '20452716'],
      ]);
    });

    test('lists each asset once with its wave, and finds its output under the step that has it', async () => {
      expect((await json<AssetRow[]>('assets', id)).map(({ assetId, wave }) => [assetId, wave])).toEqual(WAVES);
      expect((await json<AssetRow[]>('assets', id, '--outcome', 'failed')).map(({ assetId }) => assetId)).toEqual(FAILED);
      const found = await command(['output', id, '20452711']);
      expect([found.exitCode, found.stdout]).toEqual([0, expect.stringContaining('host-000102.example.com')]);
      expect((await command(['output', `${id}/canary/remediate`, '20452711'])).stdout).toBe(found.stdout);
      const elsewhere = await command(['output', `${id}/rest/remediate`, '20452711']);
      expect([elsewhere.exitCode, elsewhere.stdout]).toEqual([2, '']);
    });

    test('stands alone in the list, unless its steps are asked for', async () => {
      const listed = async (...options: string[]) => {
        const runs = await json<{ workflowId: string; kind: string; done: number }[]>('list', ...options);
        return runs.filter(({ workflowId }) => workflowId.startsWith(id)).map(({ workflowId, kind, done }) => [workflowId, kind, done]);
      };
      expect(await listed()).toEqual([[id, 'campaign', 8]]);
      expect(await listed('--steps')).toEqual([
        [`${id}/rest/remediate`, 'step', 6],
        [`${id}/canary/remediate`, 'step', 2],
        [id, 'campaign', 8],
      ]);
    });

    test('is retried once, over what failed, by a campaign that says what it found otherwise', async () => {
      const step = await command(['retry', `${id}/rest/remediate`]);
      expect([step.exitCode, step.stderr]).toEqual([2, expect.stringContaining(`overhaul retry ${id}\n`)]);
      const retried = await command(['retry', id, '--reason', 'the mirror is back']);
      const retryId = `${id}/retry-1`;
      expect([retried.exitCode, retried.stdout]).toEqual([0, `${retryId}\n`]);
      expect((await command(['retry', id])).exitCode).toBe(2);

      expect(await asks(retryId)).toMatchObject({ kind: 'wave', wave: 'retry' });
      expect(await json('show', retryId)).toMatchObject({ request: { reason: `retry of ${id}: the mirror is back` } });
      const { exitCode, stdout } = await watch(retryId, () => command(['approve', retryId, '--by', 'bob']));
      expect([exitCode, stdout]).toEqual([0, expect.stringContaining(`  recheck     of ${id}: 3 failed → succeeded\n`)]);
      expect(await json('report', retryId)).toMatchObject({
        report: {
          ...{ status: 'succeeded', executions: 1, counts: { targeted: 3, succeeded: 3 } },
          recheck: { of: id, changes: [{ before: 'failed', now: 'succeeded', assets: 3 }] },
          waves: [{ name: 'retry', approvedBy: ['bob'] }],
        },
      });
      const executed = harness.product.simulator.state.executionsPerAsset();
      expect(ids(ENDED, 8).map((assetId) => executed.get(assetId))).toEqual([1, 2, 1, 1, 2, 1, 2, 1]);
      expect(await json('report', id)).toMatchObject({ report: { status: 'partial', counts: { failed: 3 } } });
    });
  });
});

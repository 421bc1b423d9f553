import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WorkflowIdReusePolicy } from '@temporalio/common';
import type { Problem } from '../../../src/contracts/request.js';
import {
  assetIds,
  eventually,
  FIRST_ASSET,
  failureOf,
  openProductHarness,
  outcomes,
  type ProductHarness,
  type RunHandle,
  requestFor,
} from '../product-harness.js';

const CONTENT = '#!/bin/sh\nyum -y update openssl\n';
const EMPTY_TAG = 7099;

describe('what a run is asked for', () => {
  let harness: ProductHarness;

  beforeAll(async () => {
    harness = await openProductHarness('input', {
      simulator: {
        assets: 400,
        assetNames: { [FIRST_ASSET + 20]: 'twin.example.com', [FIRST_ASSET + 21]: 'TWIN.example.com' },
        scripts: [
          { id: 72648, title: 'Patch OpenSSL', content: CONTENT },
          { id: 72651, title: 'Patch OpenSSL (old)', status: 'DEPRECATED' },
          { id: 72649, title: 'Restart agent' },
        ],
        tags: [
          { id: 7004, name: 'Web', modulo: 100, remainder: 3 },
          { id: EMPTY_TAG, name: 'Nothing', modulo: 1_000_000, remainder: 999_999 },
        ],
      },
      policy: {
        scripts: { allow: ['72648', '72651'] },
        neverTouch: { assetIds: [String(FIRST_ASSET + 40)], tags: [], hostnames: ['HOST-000042.example.com'] },
      },
    });
  }, 600_000);

  afterAll(() => harness?.close());

  describe('targets', () => {
    test('names, tags, a query and ids make one cohort, each asset once, without those excluded', async () => {
      const request = {
        ...requestFor([FIRST_ASSET]),
        targets: {
          assetIds: [FIRST_ASSET, String(FIRST_ASSET + 3)],
          hostnames: ['HOST-000002.Example.COM'],
          assetTagIds: [7004],
          query: { source: 'car' as const, filter: 'name:"host-000005.example.com"' },
          excludedAssetIds: [FIRST_ASSET + 103],
        },
      };
      const handle = await harness.start(request);
      expect(await handle.result()).toMatchObject({ status: 'succeeded', counts: { targeted: 6, succeeded: 6 } });
      expect((await harness.rows(handle.workflowId)).map(({ assetId }) => Number(assetId) - FIRST_ASSET).sort((a, b) => a - b)).toEqual([
        0, 1, 3, 4, 203, 303,
      ]);
    });

    test('every name that is unknown or ambiguous is listed', async () => {
      const handle = await harness.start({
        ...requestFor([]),
        targets: { hostnames: ['host-000001.example.com', 'nobody.example.com', 'twin.example.com'] },
      });
      const { type, details } = await failureOf(handle);
      expect([type, details[0]]).toEqual([
        'InvalidRequest',
        [
          { path: 'targets.hostnames[1]', problem: 'nobody.example.com is unknown to Qualys CAR' },
          {
            path: 'targets.hostnames[2]',
            problem: 'twin.example.com is ambiguous (assets 20452630, 20452631): use the asset id',
          },
        ],
      ]);
    });

    test.each([
      ['a tag that nobody has', { assetTagIds: [EMPTY_TAG] }],
      ['a filter that matches nothing', { query: { source: 'car' as const, filter: 'name:"no-such-host"' } }],
      ['ids that are all excluded', { assetIds: [FIRST_ASSET], excludedAssetIds: [FIRST_ASSET] }],
    ])('%s is NoTargets', async (_name, targets) => {
      expect((await failureOf(await harness.start({ ...requestFor([]), targets }))).type).toBe('NoTargets');
    });

    test('what policy never touches stays in the cohort, skipped, and is not sent', async () => {
      const handle = await harness.start(requestFor(assetIds(40, 3)));
      expect(await handle.result()).toMatchObject({ status: 'partial', counts: { targeted: 3, succeeded: 1, skipped: 2 } });
      expect(outcomes(await harness.rows(handle.workflowId))).toEqual({
        20452650: 'skipped: never-touch',
        20452651: 'skipped: never-touch',
        20452652: 'succeeded',
      });
      const hits = harness.product.simulator.state.executionsPerAsset();
      expect(assetIds(40, 3).map((asset) => hits.get(String(asset)) ?? 0)).toEqual([0, 0, 1]);
    });

    test('a cohort above maxAssets is PolicyViolation', async () => {
      const { type, message } = await failureOf(await harness.start(requestFor(assetIds(50, 3), { maxAssets: 2 })));
      expect([type, message]).toEqual(['PolicyViolation', 'The cohort has 3 assets, more than maxAssets (2). Nothing was sent.']);
    });
  });

  describe('script', () => {
    const ids = assetIds(60, 1);
    const sha256 = createHash('sha256').update(CONTENT).digest('hex');

    test('its exact title and the hash of its content are accepted', async () => {
      const report = await harness.run(requestFor(ids, { script: 'Patch OpenSSL', scriptSha256: sha256.toUpperCase() }));
      expect([report.status, report.script]).toEqual(['succeeded', { id: '72648', title: 'Patch OpenSSL' }]);
    });

    test.each([
      ['an id that is unknown', { script: 99 }, 'ScriptNotFound'],
      ['a title that is unknown', { script: 'No such script' }, 'ScriptNotFound'],
      ['a script that is not approved', { script: 72651 }, 'ScriptNotRunnable'],
      ['a script whose content was changed', { scriptSha256: 'a'.repeat(64) }, 'ScriptNotRunnable'],
      ['a script that policy does not allow', { script: 72649 }, 'PolicyViolation'],
    ])('%s is refused and nothing is sent', async (_name, more, type) => {
      const before = harness.product.simulator.state.executions.length;
      expect((await failureOf(await harness.start(requestFor(ids, more)))).type).toBe(type);
      expect(harness.product.simulator.state.executions.length).toBe(before);
    });
  });

  describe('shape', () => {
    test.each<[string, unknown, Problem[]]>([
      [
        'unknown keys',
        { script: 1, targets: { assetIds: [1], hosts: ['a'] }, urgent: true },
        [
          { path: 'targets.hosts', problem: 'unknown key' },
          { path: 'urgent', problem: 'unknown key' },
        ],
      ],
      [
        'ids that are no ids',
        { script: 1, targets: { assetIds: [1, 'x', -5] } },
        [
          { path: 'targets.assetIds[1]', problem: '"x" is not an id: use a positive whole number or a string of digits' },
          { path: 'targets.assetIds[2]', problem: '-5 is not an id: use a positive whole number or a string of digits' },
        ],
      ],
      [
        'a duration that is none',
        { script: 1, targets: { assetIds: [1] }, deadline: '5 fortnights' },
        [{ path: 'deadline', problem: '"5 fortnights" is not a duration: write a number and a unit, such as 90s, 15m, 4h or 7d' }],
      ],
      [
        '10,001 ids',
        { script: 1, targets: { assetIds: Array.from({ length: 10_001 }, (_, index) => index + 1) } },
        [
          {
            path: 'targets.assetIds',
            problem: '10001 assets and hostnames exceed the limit of 10000: select a larger cohort by tag or query',
          },
        ],
      ],
    ])('%s is InvalidRequest with its path', async (_name, input, problems) => {
      const { type, details } = await failureOf(await harness.start(input));
      expect([type, details[0]]).toEqual(['InvalidRequest', problems]);
    });

    test('of many problems the first 200 are listed, and their number is in the message', async () => {
      const input = { script: 1, targets: { assetIds: Array.from({ length: 300 }, () => 'x') } };
      const { details, message } = await failureOf(await harness.start(input));
      expect([(details[0] as unknown[]).length, message]).toEqual([
        200,
        expect.stringMatching(/^The request has 300 problems: targets\.assetIds\[0\]: /),
      ]);
    });

    test.each([
      ['nothing', []],
      ['null', [null]],
      ['a text', ['72648']],
    ])('%s is InvalidRequest', async (_name, args) => {
      const handle = await harness.env.client.workflow.start('remediationRun', {
        ...{ workflowId: `shape-${_name}-${harness.taskQueue}`, taskQueue: harness.taskQueue, args },
      });
      expect((await failureOf(handle as RunHandle)).type).toBe('InvalidRequest');
    });
  });

  describe('started by the Temporal command line', () => {
    const runCommand = promisify(execFile);

    async function temporal(workflowId: string, ...input: string[]): Promise<RunHandle> {
      const { executable, address, client } = harness.env;
      const args = ['workflow', 'start', '--address', address, '--task-queue', harness.taskQueue, '--type', 'remediationRun'];
      await runCommand(executable, [...args, '--workflow-id', workflowId, ...input.flatMap((json) => ['--input', json])]);
      return client.workflow.getHandle(workflowId) as unknown as RunHandle;
    }

    test('plain JSON as in the contract runs', async () => {
      const handle = await temporal(
        `cli-${harness.taskQueue}`,
        '{"script": 72648, "targets": {"assetIds": [20452680, 20452681]}, "poll": {"interval": "1s"}}',
      );
      expect(await handle.result()).toMatchObject({ status: 'succeeded', counts: { targeted: 2, succeeded: 2 } });
    });

    test('a wrong input ends with InvalidRequest and every problem', async () => {
      const { type, details } = await failureOf(
        await temporal(`cli-wrong-${harness.taskQueue}`, '{"script": 72648, "targets": {"assetIds": ["a"]}, "x": 1}'),
      );
      expect([type, (details[0] as Problem[]).map(({ path }) => path)]).toEqual(['InvalidRequest', ['targets.assetIds[0]', 'x']]);
    });

    test('a second argument is no state: it is not read', async () => {
      const state = { v: 1, queue: 'a-foreign-queue', phase: 'running', snapshot: { claimed: 0 } };
      const handle = await temporal(`cli-state-${harness.taskQueue}`, JSON.stringify(requestFor(assetIds(72, 2))), JSON.stringify(state));
      expect(await handle.result()).toMatchObject({ status: 'succeeded', counts: { succeeded: 2 } });
    });

    test('a run takes no cron schedule, which would bring its arguments back as state', async () => {
      const handle = await harness.env.client.workflow.start('remediationRun', {
        ...{ workflowId: `cron-${harness.taskQueue}`, taskQueue: harness.taskQueue, cronSchedule: '@every 1s' },
        args: [requestFor(assetIds(72, 2))],
      });
      const first = harness.env.client.workflow.getHandle(handle.workflowId, handle.firstExecutionRunId);
      const ended = await eventually(
        async () => (await first.fetchHistory()).events?.at(-1)?.workflowExecutionFailedEventAttributes?.failure?.message,
        (message) => message !== undefined,
      );
      expect(ended).toContain('cron schedules are not supported');
      await handle.terminate();
    });
  });

  test.each([
    ['remediationRun', 'workflowExecutionTimeout'],
    ['remediationRun', 'workflowRunTimeout'],
    ['remediationCampaign', 'workflowExecutionTimeout'],
    ['campaignStep', 'workflowRunTimeout'],
  ])('%s takes no %s, which would end it with executions in flight', async (workflow, timeout) => {
    const handle = await harness.env.client.workflow.start(workflow, {
      ...{ workflowId: `${workflow}-${timeout}-${harness.taskQueue}`, taskQueue: harness.taskQueue, [timeout]: '1h' },
      args: [requestFor(assetIds(90, 2))],
    });
    const { type, message } = await failureOf(handle as unknown as RunHandle);
    expect([type, message]).toEqual(['InvalidRequest', expect.stringContaining('execution and run timeouts are not supported')]);
  });

  test('a workflow id that has had a run is AlreadyRun, and the first run stays as it is', async () => {
    const workflowId = `twice-${harness.taskQueue}`;
    const report = await harness.run(requestFor(assetIds(80, 2)), { workflowId });
    const rows = await harness.rows(workflowId);
    const again = await harness.env.client.workflow.start('remediationRun', {
      ...{ workflowId, taskQueue: harness.taskQueue, workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE },
      args: [requestFor(assetIds(82, 2))],
    });
    const { type, message } = await failureOf(again as RunHandle);
    expect([type, message]).toEqual(['AlreadyRun', expect.stringContaining(workflowId)]);
    expect(await harness.rows(workflowId)).toEqual(rows);
    expect((await harness.product.ledger.runs.get(workflowId))?.report).toEqual(report);
    const hits = harness.product.simulator.state.executionsPerAsset();
    expect(assetIds(80, 4).map((asset) => hits.get(String(asset)) ?? 0)).toEqual([1, 1, 0, 0]);
  });
});

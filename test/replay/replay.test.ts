import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Worker } from '@temporalio/worker';
import { type TemporalEnv, temporalEnv } from '../support/product/temporal-env.js';

/**
 * Recorded with `npm run record-histories`: what earlier versions of the workflows have done, and runs of today must be able to go on from.
 */
const FOLDER = fileURLToPath(new URL('./histories/', import.meta.url));
const SCENARIOS: Record<string, string[]> = {
  remediationRun: ['plain', 'faults', 'approval', 'cancelled', 'continued', 'tags'],
  remediationCampaign: ['plain', 'approvals', 'breach', 'rolled-back', 'cancelled', 'continued'],
  campaignStep: [
    ...['plain-half-assess', 'plain-half-remediate', 'plain-half-verify', 'approvals-rest-assess', 'breach-all-remediate'],
    ...['rolled-back-canary-rollback', 'cancelled-all-remediate', 'continued-all-remediate'],
  ],
};
const FILES = Object.keys(SCENARIOS).flatMap((workflow) =>
  readdirSync(`${FOLDER}${workflow}`)
    .filter((name) => name.endsWith('.json'))
    .map((name) => `${workflow}/${name}`),
);

interface RecordedHistory {
  events: { workflowExecutionStartedEventAttributes?: { workflowId: string; workflowType: { name: string } } }[];
}

describe('a worker of today replays', () => {
  let env: TemporalEnv;

  beforeAll(async () => {
    env = await temporalEnv();
  }, 600_000);

  afterAll(() => env?.close());

  test.each(FILES)('%s', async (file) => {
    const history = JSON.parse(readFileSync(`${FOLDER}${file}`, 'utf8')) as RecordedHistory;
    const started = history.events[0]?.workflowExecutionStartedEventAttributes;
    expect(started?.workflowType.name).toBe(file.split('/')[0]);
    await Worker.runReplayHistory({ workflowBundle: env.workflowBundle }, history, started?.workflowId);
  });

  test.each(Object.entries(SCENARIOS))('every kind of %s that is recorded', (workflow, scenarios) => {
    const names = FILES.filter((file) => file.startsWith(`${workflow}/`)).map((file) => file.slice(workflow.length + 1));
    const recorded = new Set(names.map((name) => name.replace(/(-\d+)?\.json$/, '')));
    expect([...recorded].sort()).toEqual([...scenarios].sort());
  });

  test.each(['remediationRun/continued-2', 'remediationCampaign/plain-2', 'campaignStep/continued-all-remediate-2'])(
    'a history that began as the continuation of another: %s',
    (name) => {
      expect(FILES).toContain(`${name}.json`);
    },
  );

  test('nothing that names the machine it was recorded on', () => {
    for (const file of FILES) {
      const text = readFileSync(`${FOLDER}${file}`, 'utf8');
      expect(text.match(/"identity": "(?!worker")[^"]*"/g) ?? []).toEqual([]);
      expect(text).not.toMatch(/file:\/\/|node_modules|\/home\/|\/work\//);
    }
  });
});

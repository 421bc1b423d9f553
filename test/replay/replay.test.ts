import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Worker } from '@temporalio/worker';
import { type TemporalEnv, temporalEnv } from '../support/temporal-env.js';

/** Recorded with `npm run record-histories`: what earlier versions of the workflow have done, and runs of today must be able to go on from. */
const FOLDER = fileURLToPath(new URL('./histories/remediationRun/', import.meta.url));
const NAMES = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
const SCENARIOS = ['plain', 'faults', 'approval', 'cancelled', 'continued'];

interface RecordedHistory {
  events: { workflowExecutionStartedEventAttributes?: { workflowId: string } }[];
}

describe('a worker of today replays', () => {
  let env: TemporalEnv;

  beforeAll(async () => {
    env = await temporalEnv();
  }, 120_000);

  afterAll(() => env?.close());

  test.each(NAMES)('%s', async (name) => {
    const history = JSON.parse(readFileSync(`${FOLDER}${name}`, 'utf8')) as RecordedHistory;
    const workflowId = history.events[0]?.workflowExecutionStartedEventAttributes?.workflowId;
    expect(workflowId).toMatch(/./);
    await Worker.runReplayHistory({ workflowBundle: env.workflowBundle }, history, workflowId);
  });

  test('every kind of run that is recorded', () => {
    const recorded = new Set(NAMES.map((name) => name.replace(/(-\d+)?\.json$/, '')));
    expect([...recorded].sort()).toEqual([...SCENARIOS].sort());
  });

  test('nothing that names the machine it was recorded on', () => {
    for (const name of NAMES) {
      const text = readFileSync(`${FOLDER}${name}`, 'utf8');
      expect(text.match(/"identity": "(?!worker")[^"]*"/g) ?? []).toEqual([]);
      expect(text).not.toMatch(/file:\/\/|node_modules|\/home\/|\/work\//);
    }
  });
});

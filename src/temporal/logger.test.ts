import { describe, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { loggerTo } from './logger.js';
import { temporalLogger } from './runtime.js';

function recorder() {
  const lines: string[] = [];
  return { lines, destination: { write: (line: string) => void lines.push(line) } };
}

describe('the log', () => {
  test('is JSON lines with time, level and the name of the process', () => {
    const { lines, destination } = recorder();
    const logger = loggerTo(destination, 'info', 'worker');
    logger.debug('not shown');
    logger.info({ runId: 'patch-openssl' }, 'run opened');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        level: 30,
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        pid: process.pid,
        name: 'worker',
        runId: 'patch-openssl',
        msg: 'run opened',
      },
    ]);
  });

  test.each([
    ['at the top', { password: 'hunter2' }],
    ['in a request', { request: { headers: { authorization: 'Bearer hunter2' } } }],
    ['in headers', { headers: { Authorization: 'Bearer hunter2', 'webhook-signature': 'v1,hunter2' } }],
    ['in a row', { row: { scriptResult: 'hunter2', output: 'hunter2' } }],
  ])('shows no secret %s', (_where, attributes) => {
    const { lines, destination } = recorder();
    loggerTo(destination, 'info', 'worker').info(attributes, 'asked');
    expect(lines[0]).toContain('[redacted]');
    expect(lines[0]).not.toContain('hunter2');
  });

  test('has no stack of a failure that says what it is, and no warning of what is meant to be', () => {
    const { lines, destination } = recorder();
    const temporal = temporalLogger(loggerTo(destination, 'info', 'worker'));
    const error = ApplicationFailure.nonRetryable('no script 999', 'ScriptNotFound');
    temporal.warn('Activity failed', { error, taskToken: 'CiQw', workflowId: 'r2' });
    temporal.warn('No workflows registered, not polling for workflow tasks');
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([{ msg: 'Activity failed', workflowId: 'r2' }]);
    expect((JSON.parse(lines[0] ?? '') as { failure: object }).failure).toEqual({ type: 'ScriptNotFound', message: 'no script 999' });
    expect(lines[0]).not.toContain('taskToken');
    const around = Object.assign(new Error('Activity task failed'), { cause: error });
    temporal.warn('Workflow failed', { error: around });
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ failure: { type: 'ScriptNotFound', message: 'no script 999' } });
    expect(lines[1]).not.toContain('stack');
  });

  test("takes Temporal's lines with their level, their attributes and their error", () => {
    const { lines, destination } = recorder();
    const temporal = temporalLogger(loggerTo(destination, 'info', 'worker'));
    temporal.trace('not shown');
    temporal.warn('slow', { taskQueue: 'overhaul' });
    temporal.error('failed', { error: new RangeError('too far') });
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 40, msg: 'slow', taskQueue: 'overhaul' },
      { level: 50, msg: 'failed', err: { type: 'RangeError', message: 'too far' } },
    ]);
  });
});

import { describe, expect, test } from '@jest/globals';
import { ScheduleAlreadyRunning, type ScheduleOptions } from '@temporalio/client';
import { configOf } from '../../test/support/ticket-server.js';
import { keepSchedules, scheduleId, syncSchedules } from './ticket-schedules.js';

type Client = Parameters<typeof syncSchedules>[0];

/** Temporal's schedules, as far as they are kept here. */
function schedules(first: Record<string, object> = {}) {
  const kept = new Map<string, Record<string, unknown>>(Object.entries(first).map(([id, more]) => [id, { ...more }]));
  const schedule = {
    async create({ scheduleId: id, ...options }: ScheduleOptions) {
      if (kept.has(id)) throw new ScheduleAlreadyRunning('there', id);
      kept.set(id, { ...options, state: { paused: false } });
    },
    getHandle: (id: string) => ({
      update: async (change: (previous: object) => object) => kept.set(id, change(kept.get(id) ?? {}) as Record<string, unknown>),
      delete: async () => kept.delete(id),
    }),
    async *list() {
      for (const id of [...kept.keys()]) yield { scheduleId: id };
    },
  };
  return { kept, client: { schedule } as unknown as Client };
}

const HOOK = 'system: servicenow, secrets: [{ env: S }], playbook: p, ticket: snow';
const config = (hooks: string) =>
  configOf(`
playbooks: { p: { run: { script: 1 } } }
tickets: { snow: { system: servicenow }, named: { system: standard } }
hooks: { ${hooks} }`);

describe('schedules that look at tickets', () => {
  test('are one for each hook whose tickets can be read, as often as it says, never two looks at a time', async () => {
    const { kept, client } = schedules();
    const hooks = `a: { ${HOOK} }, "b/1": { ${HOOK}, reconcile: 90s }, off: { ${HOOK}, reconcile: false }, n: { system: standard, secrets: [{ env: S }], playbook: p, ticket: named }`;
    await syncSchedules(client, 'q', config(hooks));
    expect([...kept.keys()]).toEqual(['overhaul-tickets/q/a', 'overhaul-tickets/q/b%2F1']);
    expect(kept.get(scheduleId('q', 'a'))).toMatchObject({
      spec: { intervals: [{ every: 300_000 }] },
      action: { workflowType: 'lookAtTickets', taskQueue: 'q', args: [{ hook: 'a' }], workflowExecutionTimeout: 3_600_000 },
      policies: { overlap: 'SKIP', catchupWindow: 60_000 },
    });
    expect(kept.get(scheduleId('q', 'b/1'))).toMatchObject({ spec: { intervals: [{ every: 90_000 }] } });
  });

  test('follow the file: changed, and taken away with their hook; what others have, and whether one is paused, stays', async () => {
    const { kept, client } = schedules({
      'overhaul-tickets/other/a': {},
      'somebody-elses': {},
      [scheduleId('q', 'a')]: { state: { paused: true } },
      [scheduleId('q', 'gone')]: {},
    });
    await syncSchedules(client, 'q', config(`a: { ${HOOK}, reconcile: 10m }`));
    expect([...kept.keys()].sort()).toEqual(['overhaul-tickets/other/a', scheduleId('q', 'a'), 'somebody-elses']);
    expect(kept.get(scheduleId('q', 'a'))).toMatchObject({ spec: { intervals: [{ every: 600_000 }] }, state: { paused: true } });
  });

  test('two workers make them at once, and a file that is being changed makes none', async () => {
    const { kept, client } = schedules();
    const both = config(`a: { ${HOOK} }`);
    await Promise.all([syncSchedules(client, 'q', both), syncSchedules(client, 'q', both)]);
    expect([...kept.keys()]).toEqual([scheduleId('q', 'a')]);
    const told: string[] = [];
    const logger = { info: (text: unknown) => void told.push(String(text)), warn: (text: unknown) => void told.push(String(text)) };
    const stop = keepSchedules({ client: schedules().client, taskQueue: 'q', config: () => undefined, logger: logger as never });
    await stop();
    expect(told).toEqual([]);
  });
});

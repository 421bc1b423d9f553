import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { ProcessGate, processClock } from './process-gate.js';

function gateAt(caps: { callsPerHour: number; concurrency: number }) {
  const clock = { ms: 1_000_000 };
  return { clock, gate: new ProcessGate(caps, () => clock.ms) };
}

async function go(gate: ProcessGate): Promise<number> {
  const answer = await gate.enter({ holdMs: 32_000 });
  if (answer.kind !== 'go') throw new Error(answer.why);
  return answer.callId;
}

describe('a gate without a ledger', () => {
  test('keeps the cap over a sliding hour', async () => {
    const { gate, clock } = gateAt({ callsPerHour: 2, concurrency: 9 });
    await gate.leave(await go(gate), undefined);
    clock.ms += 600_000;
    await gate.leave(await go(gate), undefined);
    expect(await gate.enter({ holdMs: 1 })).toEqual({ kind: 'wait', waitMs: 3_000_000, why: 'the cap of 2 calls per hour is used up' });
    clock.ms += 3_000_000;
    await gate.leave(await go(gate), undefined);
    expect(await gate.enter({ holdMs: 1 })).toMatchObject({ kind: 'wait', waitMs: 600_000 });
  });

  test('keeps the cap of calls at once; a place comes back by leaving, or by itself', async () => {
    const { gate, clock } = gateAt({ callsPerHour: 100, concurrency: 1 });
    const first = await go(gate);
    expect(await gate.enter({ holdMs: 1 })).toMatchObject({ kind: 'wait', why: '1 calls are already running' });
    await gate.leave(first, undefined);
    await go(gate);
    clock.ms += 32_000;
    await go(gate);
  });

  test('does not count a call of which nothing was sent', async () => {
    const { gate } = gateAt({ callsPerHour: 1, concurrency: 1 });
    await gate.cancel(await go(gate));
    await go(gate);
  });

  test('waits as long as Qualys asks, and 10 s after a refusal that names no time', async () => {
    const { gate, clock } = gateAt({ callsPerHour: 100, concurrency: 9 });
    await gate.leave(await go(gate), { refused: true, toWaitSec: 7 });
    expect(await gate.enter({ holdMs: 1 })).toMatchObject({ kind: 'wait', waitMs: 7_000 });
    clock.ms += 7_000;
    await gate.leave(await go(gate), { refused: true });
    expect(await gate.enter({ holdMs: 1 })).toMatchObject({ kind: 'wait', waitMs: 10_000 });
  });

  test('keeps the window that Qualys announces', async () => {
    const { gate, clock } = gateAt({ callsPerHour: 100, concurrency: 9 });
    await gate.leave(await go(gate), { refused: false, limit: 5, remaining: 1, windowSec: 60 });
    const last = await go(gate);
    expect(await gate.enter({ holdMs: 1 })).toMatchObject({ kind: 'wait', waitMs: 60_000 });
    await gate.leave(last, undefined);
    clock.ms += 60_000;
    await go(gate);
  });
});

test('the clock goes on from the newest answer', async () => {
  const local = { ms: 5_000 };
  const clock = processClock(() => local.ms);
  expect(await clock.now()).toBe(5_000);
  await clock.observe(65_000);
  local.ms += 1_000;
  expect(await clock.now()).toBe(66_000);
});

describe.each([
  ['forward', 600_000],
  ['back', -600_000],
])('the machine is set ten minutes %s under a command', (_, byMs) => {
  let passedMs = 0;
  /** From here on the machine's clock is off, and so much time has really passed. */
  const set = (ms: number) => {
    const [wall, monotonic] = [Date.now(), performance.now()];
    jest.spyOn(Date, 'now').mockImplementation(() => wall + passedMs + byMs);
    jest.spyOn(performance, 'now').mockImplementation(() => monotonic + passedMs);
    passedMs = ms;
  };
  afterEach(() => {
    jest.restoreAllMocks();
    passedMs = 0;
  });

  test('no wait is cut short or lengthened, no window is emptied', async () => {
    const gate = new ProcessGate({ callsPerHour: 1, concurrency: 9 });
    await gate.leave(await go(gate), { refused: true, toWaitSec: 120 });
    set(60_000);
    const waitSec = async () => {
      const answer = await gate.enter({ holdMs: 1 });
      return answer.kind === 'wait' && Math.round(answer.waitMs / 1_000);
    };
    expect(await waitSec()).toBe(60);
    passedMs = 130_000;
    expect(await waitSec()).toBe(3_470);
    passedMs = 3_601_000;
    await go(gate);
  });

  test('Qualys’ clock goes on as before', async () => {
    const clock = processClock();
    await clock.observe(1_700_000_000_000);
    set(1_000);
    expect(Math.abs((await clock.now()) - 1_700_000_001_000)).toBeLessThan(100);
  });
});

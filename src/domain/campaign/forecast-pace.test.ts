import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Pace } from './forecast-pace.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

test('no execution is placed against a limit, whatever the limits are', () => {
  const limits = fc.record({
    maxInFlight: fc.integer({ min: 1, max: 20 }),
    executionsPerDay: fc.integer({ min: 1, max: 60 }),
    leftShare: fc.double({ min: 0, max: 1, noNaN: true }),
    callsPerHour: fc.integer({ min: 2, max: 50 }),
    executeIntervalMs: fc.constantFrom(0, 1_000, 60_000, 900_000),
  });
  const executionMs = fc.integer({ min: 1_000, max: 2 * HOUR });
  fc.assert(
    fc.property(limits, executionMs, fc.integer({ min: 1, max: 80 }), (drawn, duration, executions) => {
      const executionsLeftToday = Math.floor(drawn.executionsPerDay * drawn.leftShare);
      const callsLeft = Math.floor(drawn.callsPerHour * drawn.leftShare);
      const pace = new Pace({
        startsAt: 0,
        waves: [],
        executionMs: duration,
        limits: { ...drawn, executionsLeftToday, callsLeft, callsPerExecution: 2 },
        // Open for the first three hours of every six.
        nextOpening: (at) => {
          const opensAt = Math.floor(at / (6 * HOUR)) * 6 * HOUR;
          return at < opensAt + 3 * HOUR
            ? { opensAt, closesAt: opensAt + 3 * HOUR }
            : { opensAt: opensAt + 6 * HOUR, closesAt: opensAt + 9 * HOUR };
        },
      });
      const starts: number[] = [];
      for (let n = 0; n < executions; n += 1) {
        const last = starts.at(-1);
        const at = pace.place(1, last === undefined ? 0 : last + drawn.executeIntervalMs)?.first ?? Number.NaN;
        const within = (ms: number): number => starts.filter((start) => start > at - ms).length + 1;
        expect(within(duration)).toBeLessThanOrEqual(drawn.maxInFlight);
        expect(within(DAY) + (at < DAY ? drawn.executionsPerDay - executionsLeftToday : 0)).toBeLessThanOrEqual(drawn.executionsPerDay);
        expect(2 * within(HOUR) + (at < HOUR ? drawn.callsPerHour - callsLeft : 0)).toBeLessThanOrEqual(drawn.callsPerHour);
        expect((at % (6 * HOUR)) + duration).toBeLessThanOrEqual(3 * HOUR);
        starts.push(at);
      }
    }),
  );
});

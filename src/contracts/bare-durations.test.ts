import { describe, expect, test } from '@jest/globals';
import { parseWrittenPlan, parseWrittenRequest } from './bare-durations.js';
import { parseConfig } from './config/file.js';
import { parsePlan } from './plan.js';
import { type Parsed, parseRequest } from './request.js';

const request = (fields: object) => ({ script: 1, targets: { assetIds: [1] }, ...fields });
const plan = (fields: object) => ({ name: 'x', targets: { assetIds: [1] }, steps: { remediate: 1 }, ...fields });
const told = (parsed: Parsed<unknown>) => (parsed.ok ? [] : parsed.problems.map(({ path, problem }) => `${path}: ${problem}`));

describe('a duration without a unit', () => {
  test.each<[unknown, string]>([
    [2, '2 without a unit is 2 ms: write 2s or 2m, or 2ms if that is meant'],
    [999, '999 without a unit is 999 ms: write 999s or 999m, or 999ms if that is meant'],
    ['2', '2 without a unit is 2 ms: write 2s or 2m, or 2ms if that is meant'],
    ['30000', '30000 without a unit is 30000 ms: write 30000s or 30000m, or 30000ms if that is meant'],
    [1.5, '1.5 without a unit is 1.5 ms: write 1.5s or 1.5m, or 1.5ms if that is meant'],
  ])('of %j is refused with what to write', (interval, problem) => {
    expect(told(parseWrittenRequest(request({ poll: { interval } })))).toEqual([`poll.interval: ${problem}`]);
  });

  test.each([[0], ['0'], [1_000], [30_000], ['2s'], ['250ms']])('of %j is taken: nothing, a program, or a unit', (interval) => {
    expect(parseWrittenRequest(request({ poll: { interval } }))).toMatchObject({ ok: true });
  });

  test('is found in every field of a request', () => {
    const fields = {
      ...{
        targets: { assetIds: [1], seenWithin: '7' },
        poll: { interval: 1 },
        deadline: '6',
        retry: { after: 15 },
        unreachable: { wait: 3 },
      },
      ...{ waitFor: { easm: true, timeout: 4 }, followUp: { kind: 'recheck', on: 'always', after: 5 } },
    };
    const found = told(parseWrittenRequest(request(fields))).map((line) => line.split(':')[0] ?? '');
    expect(found.sort()).toEqual([
      ...['deadline', 'followUp.after', 'poll.interval', 'retry.after', 'targets.seenWithin', 'unreachable.wait', 'waitFor.timeout'],
    ]);
  });

  test('is found in every field of a plan, in unions too', () => {
    const found = told(
      parseWrittenPlan(
        plan({
          ...{ soak: 24, approval: { quorum: 1, expires: 72 } },
          steps: {
            remediate: { script: 1 },
            verify: { script: 2, after: 30 },
            rollback: { script: 3, after: { checkIn: true, within: 30 } },
          },
          waves: [{ name: 'canary', size: 5, soak: 1, approval: { expires: 2 } }, { name: 'rest' }],
        }),
      ),
    );
    expect(found.map((line) => line.split(':')[0]).sort()).toEqual([
      'approval.expires',
      'soak',
      'steps.rollback.after.within',
      'steps.verify.after',
      'waves[0].approval.expires',
      'waves[0].soak',
    ]);
  });

  test('is found in the configuration, with its line', () => {
    const text = [
      'policy: { executeInterval: 61 }',
      'playbooks:',
      '  a: { run: { script: 1, deadline: "6" }, targets: { seenWithin: 7 }, approval: { expires: 3 } }',
      '  b: { campaign: { name: x, steps: { remediate: 1 }, soak: 4 } }',
    ].join('\n');
    expect(told(parseConfig(text)).sort()).toEqual([
      expect.stringMatching(/^playbooks\.a\.approval\.expires: 3 without a unit is 3 ms: .+\(overhaul\.yaml:3\)$/),
      expect.stringMatching(/^playbooks\.a\.run\.deadline: 6 without .+\(overhaul\.yaml:3\)$/),
      expect.stringMatching(/^playbooks\.a\.targets\.seenWithin: 7 without .+\(overhaul\.yaml:3\)$/),
      expect.stringMatching(/^playbooks\.b\.campaign\.soak: 4 without .+\(overhaul\.yaml:4\)$/),
      'policy.executeInterval: 61 without a unit is 61 ms: write 61s or 61m, or 61ms if that is meant (overhaul.yaml:1)',
    ]);
  });

  test('of a recorded history is still taken: its meaning is the contract’s', () => {
    expect(parseRequest(request({ poll: { interval: 2 } }))).toMatchObject({ ok: true, value: { poll: { interval: 2 } } });
    expect(parsePlan(plan({ soak: 24 }))).toMatchObject({ ok: true, value: { soak: 24 } });
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { startSimulator } from './index.js';
import { parseSimulatorOptions, SimulatorOptionsSchema } from './options.js';

describe('the options of the simulator', () => {
  test('all have defaults', () => {
    const parsed = parseSimulatorOptions({});
    expect(parsed).toMatchObject({
      ok: true,
      value: {
        assets: 250,
        firstAssetId: 20_452_610,
        speed: 1,
        seed: 1,
        executionMs: { min: 60_000, max: 300_000 },
        limits: { regime: 429 },
      },
    });
  });

  test('are all described in docs/simulator.md', () => {
    const documented = readFileSync(new URL('../../docs/simulator.md', import.meta.url), 'utf8');
    const { limits, faults } = SimulatorOptionsSchema.shape;
    const names = [SimulatorOptionsSchema, limits.unwrap(), faults.unwrap()].flatMap(({ shape }) => Object.keys(shape));
    expect(names.length).toBeGreaterThan(50);
    expect(names.filter((name) => !documented.includes(`\`${name}\``))).toEqual([]);
  });

  test('that are wrong keep it from starting, with every problem', async () => {
    await expect(startSimulator({ speed: -1, executionMs: { min: 5, max: 4 } })).rejects.toThrow(
      /^The simulator cannot start\. .*2 problems: speed: .*; executionMs: min must not be above max$/,
    );
  });
});

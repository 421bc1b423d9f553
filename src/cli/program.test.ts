import { describe, expect, test } from '@jest/globals';
import { overhaul } from '../../test/support/command-line.js';
import { overhaulProcess } from '../../test/support/programs.js';

const COMMANDS = 'run list show watch report assets output approve reject pause resume retry cancel doctor schema simulator'.split(' ');

describe('the command line', () => {
  test('lists every command in its help', async () => {
    const { exitCode, stdout } = await overhaul(['--help']);
    expect(exitCode).toBe(0);
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^ {2}${command}\\b`, 'm'));
  });

  test('prints its version', async () => {
    expect((await overhaul(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test.each([
    [['runn'], "unknown command 'runn'"],
    [['list', '--colour'], "unknown option '--colour'"],
    [['show'], "missing required argument 'id'"],
    [['list', 'all'], 'too many arguments'],
    [['list', '--limit', '0'], 'Use a number from 1 to 9999.'],
    [['report', 'patch', '--format', 'pdf'], 'Allowed choices are html, csv, json'],
    [['schema', 'plans'], 'Allowed choices are request, configuration, plan'],
  ])('%j is a usage error: exit 2, on stderr', async (argv, message) => {
    const ran = await overhaul(argv);
    expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
    expect(ran.stderr).toContain(message);
  });

  test('schema prints the JSON Schema of what users write', async () => {
    const request = JSON.parse((await overhaul(['schema', 'request'])).stdout) as { required: string[]; additionalProperties: boolean };
    expect(request).toMatchObject({ type: 'object', required: ['script', 'targets'], additionalProperties: false });
    const configuration = JSON.parse((await overhaul(['schema', 'configuration'])).stdout) as { properties: object };
    expect(Object.keys(configuration.properties)).toContain('playbooks');
    const plan = JSON.parse((await overhaul(['schema', 'plan'])).stdout) as { required: string[]; additionalProperties: boolean };
    expect(plan).toMatchObject({ type: 'object', required: ['name', 'steps', 'targets'], additionalProperties: false });
  });
});

describe('the process', () => {
  test('prints help and exits 0', async () => {
    const ran = await overhaulProcess(['--help']);
    expect(ran.exitCode).toBe(0);
    expect(ran.stdout).toMatch(/^Usage: overhaul/);
    expect(ran.stderr).toBe('');
  });

  test('exits 2 on a usage error, with nothing on stdout', async () => {
    const ran = await overhaulProcess(['run', '--script', '72648', '--assets', 'x']);
    expect(ran).toEqual({
      exitCode: 2,
      stdout: '',
      stderr:
        'The request has 1 problem. Nothing was started.\n  targets.assetIds[0]: "x" is not an id: use a positive whole number or a string of digits\n',
    });
  });
});

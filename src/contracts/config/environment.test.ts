import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { describeEnvironmentProblems, findSecret, loadEnvironment, loadWorkerEnvironment } from './environment.js';
import type { Host } from './ledger-url.js';

const QUALYS = { QUALYS_URL: 'https://gateway.qg1.apps.qualys.com/', QUALYS_USERNAME: 'quays_ab1', QUALYS_PASSWORD: 'hunter2' };
const LINUX: Host = { platform: 'linux', homeDirectory: '/home/ada', env: {} };

describe('the environment', () => {
  test('has the defaults of the contract when nothing is set', () => {
    expect(loadEnvironment({}, LINUX)).toEqual({
      ok: true,
      value: {
        scheduleTimeZone: 'UTC',
        taskQueue: 'overhaul',
        ledger: { kind: 'sqlite', path: '/home/ada/.local/share/overhaul/ledger.db' },
        configFile: { path: 'overhaul.yaml', required: false },
        http: { host: '127.0.0.1', port: 8088 },
        logLevel: 'info',
      },
    });
  });

  test.each([
    ['317DF02C-4ad1-55e2-83a3-5646a34fceec', '317df02c-4ad1-55e2-83a3-5646a34fceec'],
    [' 4711 ', '4711'],
  ])('takes %j for the id of the API user', (text, qualysUserId) => {
    expect(loadEnvironment({ QUALYS_USER_ID: text, QUALYS_USER_NAME: 'FIM Automation' }, LINUX)).toMatchObject({
      ok: true,
      value: { qualysUserId, qualysUserName: 'FIM Automation' },
    });
  });

  test('takes a variable that is empty as one that is not set', () => {
    expect(loadEnvironment({ OVERHAUL_HTTP_PORT: '', OVERHAUL_LOG_LEVEL: ' ' }, LINUX)).toEqual(loadEnvironment({}, LINUX));
  });

  test.each<[string, Host, string]>([
    ['XDG_DATA_HOME', { ...LINUX, env: { XDG_DATA_HOME: '/data' } }, '/data/overhaul/ledger.db'],
    [
      'the home directory when XDG_DATA_HOME is relative',
      { ...LINUX, env: { XDG_DATA_HOME: 'data' } },
      '/home/ada/.local/share/overhaul/ledger.db',
    ],
    ['Application Support on macOS', { ...LINUX, platform: 'darwin' }, '/home/ada/Library/Application Support/overhaul/ledger.db'],
    [
      'LOCALAPPDATA on Windows',
      { platform: 'win32', homeDirectory: 'C:\\Users\\ada', env: { LOCALAPPDATA: 'D:\\Local' } },
      'D:\\Local\\overhaul\\ledger.db',
    ],
  ])('keeps the ledger under %s', (_where, host, path) => {
    expect(loadEnvironment({}, host)).toMatchObject({ ok: true, value: { ledger: { kind: 'sqlite', path } } });
  });

  test.each([
    ['sqlite:ledger.db', 'ledger.db'],
    ['sqlite:/var/lib/ledger.db', '/var/lib/ledger.db'],
    ['sqlite:///var/lib/ledger.db', '/var/lib/ledger.db'],
  ])('reads %s as the file %s', (url, path) => {
    expect(loadEnvironment({ OVERHAUL_DATABASE_URL: url }, LINUX)).toMatchObject({ ok: true, value: { ledger: { path } } });
  });

  test.each([
    [
      'QUALYS_URL',
      'http://gateway.qg1.apps.qualys.com',
      'must start with https:// (http:// is for loopback only; gateway.qg1.apps.qualys.com is not loopback)',
    ],
    ['QUALYS_URL', 'gateway', 'must be a URL, such as https://gateway.qg1.apps.qualys.com'],
    ['QUALYS_URL', 'https://ada:hunter2@gateway', 'must not contain credentials: use QUALYS_USERNAME and QUALYS_PASSWORD'],
    ['QUALYS_URL', 'https://gateway/?a=1', 'must be a base URL, without ? or #'],
    [
      'QUALYS_URL',
      'http://127.0.0.1.example.com',
      'must start with https:// (http:// is for loopback only; 127.0.0.1.example.com is not loopback)',
    ],
    ['QUALYS_USER_ID', 'ada', '"ada" is not a user id: use a UUID, such as 317df02c-4ad1-55e2-83a3-5646a34fceec, or a number'],
    ['QUALYS_SCHEDULE_TIMEZONE', 'Mars/Base', '"Mars/Base" is not a time zone: use an IANA name such as Europe/Berlin'],
    ['QUALYS_SCHEDULE_WEEK_START', 'tuesday', 'must be one of sunday, monday'],
    ['OVERHAUL_TASK_QUEUE', 'a b', 'must be 1 to 200 characters without spaces or slashes'],
    [
      'OVERHAUL_DATABASE_URL',
      'postgres://ada:hunter2@db/x',
      'is a PostgreSQL URL, which is not supported yet: use sqlite: and the path of a file on a local disk',
    ],
    ['OVERHAUL_DATABASE_URL', 'mysql://db', 'must be sqlite: and the path of a file, such as sqlite:/var/lib/overhaul/ledger.db'],
    ['OVERHAUL_DATABASE_URL', 'sqlite::memory:', 'must be a file: a ledger in memory would forget what was sent'],
    ['OVERHAUL_HTTP_PORT', '65536', '"65536" is not a port: use a number from 0 to 65535'],
    ['OVERHAUL_HTTP_PORT', '8o88', '"8o88" is not a port: use a number from 0 to 65535'],
    ['OVERHAUL_LOG_LEVEL', 'loud', 'must be one of fatal, error, warn, info, debug, trace, silent'],
    ['OVERHAUL_ENCRYPTION_KEYS', 'k1', 'must be id:base64key[,id:base64key…]; entry 1 is invalid'],
    ['OVERHAUL_ENCRYPTION_KEYS', 'k1:AAAA', 'has a key of 3 bytes under the id k1; it needs 32 (openssl rand -base64 32)'],
  ])('refuses %s=%s', (path, value, problem) => {
    expect(loadEnvironment({ [path]: value }, LINUX)).toEqual({ ok: false, problems: [{ path, problem }] });
  });

  test.each(['http://localhost:8080', 'http://127.0.0.1:8080', 'http://[::1]:8080'])('lets %s be plain http', (url) => {
    expect(loadWorkerEnvironment({ ...QUALYS, QUALYS_URL: url }, LINUX)).toMatchObject({ ok: true, value: { qualys: { url } } });
  });

  test('tells every problem at once', () => {
    const loaded = loadEnvironment({ OVERHAUL_HTTP_PORT: 'x', QUALYS_PASSWORD: 'a', QUALYS_PASSWORD_FILE: '/b' }, LINUX);
    expect(loaded.ok ? '' : describeEnvironmentProblems(loaded.problems)).toBe(
      [
        'The configuration has 2 problems:',
        '  QUALYS_PASSWORD: is set twice, as QUALYS_PASSWORD and as QUALYS_PASSWORD_FILE: keep one',
        '  OVERHAUL_HTTP_PORT: "x" is not a port: use a number from 0 to 65535',
      ].join('\n'),
    );
  });
});

describe('the environment of the worker', () => {
  test('has the way into Qualys, without a slash at its end', () => {
    const loaded = loadWorkerEnvironment(QUALYS, LINUX);
    expect(loaded).toMatchObject({ ok: true, value: { qualys: { url: 'https://gateway.qg1.apps.qualys.com', username: 'quays_ab1' } } });
    expect(loaded.ok && loaded.value.qualys.password.get()).toBe('hunter2');
  });

  test('names each variable of Qualys that is missing, beside the other problems', () => {
    const loaded = loadWorkerEnvironment({ QUALYS_USERNAME: 'quays_ab1', OVERHAUL_LOG_LEVEL: 'loud' }, LINUX);
    expect(loaded.ok ? [] : loaded.problems.map(({ path }) => path)).toEqual(['OVERHAUL_LOG_LEVEL', 'QUALYS_URL', 'QUALYS_PASSWORD']);
  });

  test('tells once what is wrong with a variable that it needs', () => {
    const loaded = loadWorkerEnvironment({ ...QUALYS, QUALYS_PASSWORD: '', QUALYS_PASSWORD_FILE: '/nowhere/password' }, LINUX);
    expect(loaded.ok ? [] : loaded.problems).toEqual([
      { path: 'QUALYS_PASSWORD', problem: 'cannot be read from file /nowhere/password (ENOENT): check path and permissions' },
    ]);
  });
});

describe('a secret in a file', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'overhaul-secret-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  test('may be the user as well as the password', () => {
    const path = join(directory, 'user');
    writeFileSync(path, 'quays_ab1\n');
    const { QUALYS_USERNAME: _name, ...others } = QUALYS;
    const loaded = loadWorkerEnvironment({ ...others, QUALYS_USERNAME_FILE: path }, LINUX);
    expect(loaded.ok && loaded.value.qualys.username).toBe('quays_ab1');
  });

  test('is read again when the file has been replaced', () => {
    const path = join(directory, 'rotated');
    writeFileSync(path, 'first\n');
    const secret = findSecret({ X_FILE: path }, 'X');
    expect(secret?.get()).toBe('first');
    writeFileSync(`${path}.new`, 'second\n');
    renameSync(`${path}.new`, path);
    expect(secret?.get()).toBe('second');
  });

  test('keeps its last content while the file is gone', () => {
    const path = join(directory, 'gone');
    writeFileSync(path, 'kept');
    const secret = findSecret({ X_FILE: path }, 'X');
    rmSync(path);
    expect(secret?.get()).toBe('kept');
  });

  test('is refused at start when the file is empty', () => {
    const path = join(directory, 'empty');
    writeFileSync(path, ' \n');
    expect(() => findSecret({ X_FILE: path }, 'X')).toThrow(`cannot be read from file ${path}: it is empty`);
  });

  test('never shows itself in JSON, in text or to the inspector', () => {
    const secret = findSecret({ X: 'hunter2' }, 'X');
    expect(`${JSON.stringify({ secret })} ${secret} ${inspect({ secret })}`).not.toContain('hunter2');
  });
});

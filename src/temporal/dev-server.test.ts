import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startDevServer } from './dev-server.js';

describe('a dev server that does not start', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'overhaul-dev-server-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  test('is reported with its exit code and its last words', async () => {
    const executable = join(directory, 'temporal');
    writeFileSync(executable, '#!/bin/sh\necho "the file is locked" >&2\nexit 3\n');
    chmodSync(executable, 0o755);
    const started = startDevServer({ executable, logFile: join(directory, 'log') });
    await expect(started).rejects.toThrow(
      /^The Temporal dev server .+ did not start at 127\.0\.0\.1:\d+: it ended with code 3\. Its last output: the file is locked$/,
    );
  });

  test('is reported when its program does not exist', async () => {
    const started = startDevServer({ executable: join(directory, 'absent'), logFile: join(directory, 'absent.log') });
    await expect(started).rejects.toThrow(/ did not start at 127\.0\.0\.1:\d+: spawn .+ ENOENT\. It wrote nothing to .+absent\.log\.$/);
  });
});

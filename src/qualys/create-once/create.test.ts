import { constants } from 'node:buffer';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type HeldClock, heldClock } from '../../../test/support/gateway/caller.js';
import { recordingGate, settableClock } from '../../../test/support/gateway/client-harness.js';
import { type Meddle, meddlingProxy, page } from '../../../test/support/gateway/meddling-proxy.js';
import { type Simulator, startSimulator } from '../../simulator/index.js';
import type { SimulatorOptions } from '../../simulator/options.js';
import { createQualys, type QualysClient } from '../client.js';
import { QualysError } from '../errors.js';
import { cloneScriptOnce } from './clone.js';
import type { OnceOptions } from './create.js';
import { importScriptsOnce } from './import.js';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'once-'));
  file = join(folder, 'scripts.json');
});
afterEach(() => rm(folder, { recursive: true }));

interface Parts {
  qualys: QualysClient;
  simulator: Simulator;
  clock: HeldClock;
  /** Pauses on the gateway's clock, and remembers them. */
  once: OnceOptions & { paused: number[] };
  sent: () => number;
}

/** `meddle`: what stands between client and gateway. */
async function withQualys(options: SimulatorOptions, body: (parts: Parts) => Promise<void>, meddle?: Meddle): Promise<void> {
  const clock = heldClock();
  const simulator = await startSimulator({ ...options, now: clock.now });
  const proxy = await meddlingProxy(simulator.url, meddle);
  const qualys = createQualys({
    baseUrl: proxy.url,
    username: 'demo',
    password: () => 'demo',
    gate: recordingGate(),
    clock: settableClock(clock.now()),
    timeoutMs: 500,
  });
  const paused: number[] = [];
  const pause = async (ms: number) => {
    paused.push(ms);
    clock.advance(ms);
  };
  const sent = () => {
    const { callsByPath } = simulator.stats();
    return Object.entries(callsByPath).reduce((sum, [path, calls]) => (/import$|clone$/.test(path) ? sum + calls : sum), 0);
  };
  try {
    await body({ qualys, simulator, clock, once: { pause, paused }, sent });
  } finally {
    await qualys.close();
    await proxy.close();
    await simulator.close();
  }
}

/** What would be a refusal, in Qualys' own words. */
const PAGES = [400, 401, 403, 404, 409, 429];

const scripts = (...titles: string[]) => writeFile(file, JSON.stringify(titles.map((title) => ({ title, content: 'ZWNobyAx' }))));

describe('an import', () => {
  test('of a file that no string of Node can hold is refused by its size, unread', async () => {
    await withQualys({}, async ({ qualys, once }) => {
      await writeFile(file, '');
      await truncate(file, constants.MAX_STRING_LENGTH + 1);
      const message = `${file} is larger than 536 MB: import it in parts`;
      expect(await importScriptsOnce(qualys, file, once)).toEqual({ kind: 'rejected', message });
    });
  });

  test('run twice creates once: the second finds the titles and sends nothing', async () => {
    await withQualys({}, async ({ qualys, clock, once, sent }) => {
      await scripts('A', 'B "quoted" `and` \'single\'', '12345');
      const first = await importScriptsOnce(qualys, file, once);
      expect(first).toEqual({ kind: 'created', scriptIds: ['72654', '72655', '72656'], foundBy: 'answer' });
      clock.advance(2_000);
      const again = await importScriptsOnce(qualys, file, once);
      expect(again).toMatchObject({
        kind: 'exists',
        isAll: true,
        scripts: [{ content: 'identical' }, { content: 'identical' }, { content: 'identical' }],
      });
      expect(sent()).toBe(1);
    });
  });

  /** 140 titles, each the beginning of others: `Check 1`, `Check 10`, `Check 100`. */
  const NESTED = Array.from({ length: 140 }, (_, index) => `Check ${index + 1}`);

  test.each([140, 45])('of %i scripts whose titles contain one another finds each once, the second time', async (count) => {
    await withQualys({ scripts: [] }, async ({ qualys, simulator, clock, once, sent }) => {
      await scripts(...NESTED.slice(0, count));
      expect(await importScriptsOnce(qualys, file, once)).toMatchObject({ kind: 'created', foundBy: 'answer' });
      clock.advance(2_000);
      const before = simulator.stats().calls;
      const again = await importScriptsOnce(qualys, file, once);
      expect(again).toMatchObject({ kind: 'exists', isAll: true });
      expect(again).toHaveProperty('scripts.length', count);
      expect(simulator.stats().calls - before).toBeLessThanOrEqual(4);
      expect(sent()).toBe(1);
    });
  });

  test('of such scripts whose answer is lost is found by the first look', async () => {
    await withQualys({ scripts: [], faults: { loseImports: [1] } }, async ({ qualys, once, sent }) => {
      await scripts(...NESTED);
      expect(await importScriptsOnce(qualys, file, once)).toMatchObject({ kind: 'created', foundBy: 'search' });
      expect([once.paused, sent()]).toEqual([[5_000], 1]);
    });
  });

  test('run again before the index knows is refused by Qualys itself, and still creates once', async () => {
    await withQualys({ indexLagMs: 60_000 }, async ({ qualys, once, sent }) => {
      await scripts('A');
      await importScriptsOnce(qualys, file, once);
      expect(await importScriptsOnce(qualys, file, once)).toMatchObject({ kind: 'exists', isAll: false, scripts: [] });
      expect(sent()).toBe(2);
      expect(await qualys.count('scripts')).toBe(6);
    });
  });

  test.each(['reset', 'status', 'hang'] as const)(
    'whose answer is lost (%s) is found by title and content, as soon as the index has it',
    async (lostAs) => {
      await withQualys({ indexLagMs: 30_000, faults: { loseImports: [1], lostAs } }, async ({ qualys, once, sent }) => {
        await scripts('A', 'B');
        expect(await importScriptsOnce(qualys, file, once)).toEqual({ kind: 'created', scriptIds: ['72654', '72655'], foundBy: 'search' });
        expect(once.paused).toEqual([5_000, 15_000, 30_000]);
        expect(sent()).toBe(1);
      });
    },
  );

  test.each(PAGES)('whose answer is replaced by a page with %i is found, and never sent again', async (status) => {
    const meddle: Meddle = ({ path }) => (path.endsWith('/import') ? page(status) : undefined);
    const body = async ({ qualys, once, sent }: Parts) => {
      await scripts('A');
      expect(await importScriptsOnce(qualys, file, once)).toEqual({ kind: 'created', scriptIds: ['72654'], foundBy: 'search' });
      expect(sent()).toBe(1);
    };
    await withQualys({}, body, meddle);
  });

  test('that never arrived is not created, which is said five minutes later and not before; nothing is sent again', async () => {
    await withQualys({}, async ({ qualys, once }) => {
      await scripts('A');
      let asked = 0;
      const losing: QualysClient = {
        ...qualys,
        async importScripts() {
          asked += 1;
          return { kind: 'unknown', message: 'HTTP 502' };
        },
      };
      const short = await importScriptsOnce(losing, file, { ...once, searchAfterMs: [5_000, 15_000] });
      expect(short).toMatchObject({ kind: 'unverified', message: expect.stringContaining('script titled "A" is not visible after 20 s') });
      const long = await importScriptsOnce(losing, file, once);
      expect(long).toEqual({
        kind: 'not-created',
        message: 'The response was lost (HTTP 502), and script titled "A" is not visible after 350 s: nothing was created.',
      });
      expect(asked).toBe(2);
    });
  });

  test('that the limits put off is sent when they allow it, and not waited for longer than asked', async () => {
    await withQualys({}, async ({ qualys, once }) => {
      await scripts('A');
      let puttingOff = 2;
      const limited: QualysClient = {
        ...qualys,
        importScripts: async (request) =>
          puttingOff-- > 0 ? { kind: 'refused', waitMs: 40_000, message: 'HTTP 429' } : qualys.importScripts(request),
      };
      expect(await importScriptsOnce(limited, file, { ...once, maxWaitMs: 60_000 })).toMatchObject({ kind: 'refused', waitMs: 40_000 });
      expect(once.paused).toEqual([40_000]);
      expect(await importScriptsOnce(limited, file, { ...once, maxWaitMs: 60_000 })).toMatchObject({ kind: 'created' });
    });
  });

  test("does not take another operator's script of that title for its own", async () => {
    await withQualys({}, async ({ qualys, once }) => {
      await scripts('A');
      const theirs = join(folder, 'theirs.json');
      await writeFile(theirs, JSON.stringify([{ title: 'A', content: 'ZWNobyAy' }]));
      const losing: QualysClient = {
        ...qualys,
        async importScripts() {
          await qualys.importScripts({ file: theirs });
          return { kind: 'unknown', message: 'reset' };
        },
      };
      expect(await importScriptsOnce(losing, file, once)).toMatchObject({
        kind: 'unverified',
        scripts: [{ title: 'A', scriptId: '72654', content: 'differs' }],
      });
    });
  });

  test('is not sent while the search before it fails, and is unverified when the search after it does', async () => {
    await withQualys({ faults: { loseImports: [1] } }, async ({ qualys, once, sent }) => {
      await scripts('A');
      const blind: QualysClient = {
        ...qualys,
        searchScripts: (options) => {
          if (sent() === 0 && options.filter !== undefined) return qualys.searchScripts(options);
          throw new QualysError('unavailable', 'scripts/search: HTTP 503');
        },
      };
      expect(await importScriptsOnce(blind, file, once)).toMatchObject({
        kind: 'unverified',
        message: expect.stringContaining('the last check failed: scripts/search: HTTP 503'),
      });
      await expect(importScriptsOnce(blind, file, once)).rejects.toThrow('HTTP 503');
      expect(sent()).toBe(1);
    });
  });

  test('of what is no export is refused with every problem, and nothing is asked', async () => {
    await withQualys({}, async ({ qualys, simulator, once }) => {
      await writeFile(file, JSON.stringify([{ title: 'A' }, { content: 'YQ==' }, { title: ' A ' }]));
      expect(await importScriptsOnce(qualys, file, once)).toEqual({
        kind: 'rejected',
        message: `Script 2 of ${file} has no title\nScript 3 of ${file} has the same title as another one in it: "A"`,
      });
      await writeFile(file, 'echo "a secret script"');
      expect(await importScriptsOnce(qualys, file, once)).toEqual({ kind: 'rejected', message: `${file} cannot be read: it is not JSON` });
      await writeFile(file, '[]');
      expect(await importScriptsOnce(qualys, file, once)).toMatchObject({
        kind: 'rejected',
        message: expect.stringContaining('at least one script'),
      });
      expect(simulator.stats().calls).toBe(0);
    });
  });
});

describe('a clone', () => {
  test.each(PAGES)('whose answer is replaced by a page with %i is found, and never sent again', async (status) => {
    const meddle: Meddle = ({ path }) => (path.endsWith('/clone') ? page(status) : undefined);
    const body = async ({ qualys, once, sent }: Parts) => {
      const made = await cloneScriptOnce(qualys, { script: '72648', title: 'Copy' }, once);
      expect(made).toEqual({ kind: 'created', scriptIds: ['72654'], foundBy: 'search' });
      expect(sent()).toBe(1);
    };
    await withQualys({}, body, meddle);
  });

  test('run twice creates once', async () => {
    await withQualys({}, async ({ qualys, clock, once, sent }) => {
      const clone = () => cloneScriptOnce(qualys, { script: 'Patch OpenSSL', title: ' Copy ' }, once);
      expect(await clone()).toEqual({ kind: 'created', scriptIds: ['72654'], foundBy: 'answer' });
      clock.advance(2_000);
      expect(await clone()).toMatchObject({ kind: 'exists', scripts: [{ title: 'Copy', scriptId: '72654', content: 'identical' }] });
      expect(sent()).toBe(1);
    });
  });

  test('whose answer is lost is found by title and content', async () => {
    await withQualys({ faults: { loseClones: [1], lostAs: 'status' } }, async ({ qualys, once, sent }) => {
      const fate = await cloneScriptOnce(qualys, { script: '72648', title: 'Copy' }, once);
      expect(fate).toEqual({ kind: 'created', scriptIds: ['72654'], foundBy: 'search' });
      expect(sent()).toBe(1);
    });
  });

  test('of an unknown script asks for nothing; of a dead one it is rejected; beyond the quota it is told', async () => {
    await withQualys({ scriptQuota: 6 }, async ({ qualys, once, sent }) => {
      await expect(cloneScriptOnce(qualys, { script: 'No such', title: 'Copy' }, once)).rejects.toThrow('no script titled "No such"');
      expect(sent()).toBe(0);
      expect(await cloneScriptOnce(qualys, { script: '72651', title: 'Copy' }, once)).toMatchObject({ kind: 'rejected', status: 400 });
      expect(await cloneScriptOnce(qualys, { script: '72648', title: 'Copy' }, once)).toMatchObject({ kind: 'quota' });
    });
  });
});

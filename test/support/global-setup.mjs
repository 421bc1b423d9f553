// Offers the test files one Temporal dev server, one workflow bundle and the compiled sources, made when the first asks: a run of unit
// tests alone starts nothing. The server belongs to Jest's main process, because a worker process that crashes would leave it behind.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tsImport } from 'tsx/esm/api';
import { findTemporal, isAtLeast, serverVersion } from '../../scripts/temporal.mjs';
import { bundle } from '../../scripts/workflow-bundle.mjs';
import { compileSources } from './compiled-sources.mjs';
import { clearSurroundings, temporaryHome } from './surroundings.mjs';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const CACHE_DIR = join(ROOT, '.cache');
/** The first server that skips time in single executions; it is in CLI 1.9. */
const SKIPS_TIME_FROM = [1, 32];
const EXTRA_ARGS = ['frontend.WorkflowTimeSkippingEnabled=true', 'history.timerProcessorMaxTimeShift="1ms"'].flatMap((value) => [
  '--dynamic-config-value',
  value,
]);

export default async function globalSetup() {
  clearSurroundings(process.env);
  Object.assign(process.env, temporaryHome());
  const made = new Map();
  const service = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://localhost');
    try {
      if (!made.has(request.url)) made.set(request.url, MAKERS[pathname](searchParams));
      response.end(JSON.stringify({ ok: true, value: await made.get(request.url) }));
    } catch (error) {
      response.end(JSON.stringify({ ok: false, problem: error.message }));
    }
  });
  // A connection that the server closes between two requests of a test file would end the second one.
  service.keepAliveTimeout = 10 * 60_000;
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
  process.env.TEST_SUPPORT_URL = `http://127.0.0.1:${service.address().port}`;
  globalThis.overhaulTestSupport = {
    async stop() {
      service.close();
      service.closeAllConnections();
      await (await running)?.stop();
    },
  };
}

const MAKERS = {
  '/temporal': startTemporal,
  '/bundle': (asked) => bundleWorkflows(asked.get('workflows')),
  '/sources': () => compileSources(ROOT, join(CACHE_DIR, `compiled-${process.pid}`)),
};

let running;

async function startTemporal() {
  const executable = await findTemporal();
  mkdirSync(CACHE_DIR, { recursive: true });
  const { startDevServer } = await tsImport('../../src/temporal/dev-server.ts', import.meta.url);
  running = startDevServer({ executable, extraArgs: EXTRA_ARGS, logFile: join(CACHE_DIR, 'test-temporal.log') });
  const { address, pid } = await running;
  endWithUs(pid);
  const version = await serverVersion(executable);
  return { address, namespace: 'default', executable, skipsTime: version !== undefined && isAtLeast(version, SKIPS_TIME_FROM) };
}

async function bundleWorkflows(workflowsPath) {
  const digest = createHash('sha256').update(workflowsPath).digest('hex').slice(0, 8);
  return { codePath: await bundle(workflowsPath, join(process.env.TMPDIR, `workflows-${digest}.js`)) };
}

/** Teardown is skipped when the run is interrupted, and an orphaned server would hold its port and 150 MB. */
function endWithUs(pid) {
  process.once('exit', () => {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended before us, as it should.
    }
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
}

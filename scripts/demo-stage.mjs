// The processes of the demo: Temporal's dev server, the simulated gateway, worker and server, with files of their own and nothing of this
// machine's configuration. Loaded after the build.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { startSimulator } from '../dist/simulator/index.js';
import { startDevServer } from '../dist/temporal/dev-server.js';
import { stop } from './child-process.mjs';
import { ROOT } from './setup.mjs';

/** Starts everything in `directory`. `stop` ends it all, by process id, and may be called twice. */
export async function startStage({ directory, executable, gateway, configurationFor }) {
  const secrets = { hook: `whsec_${randomBytes(24).toString('base64')}`, password: randomBytes(18).toString('base64url') };
  const users = [{ username: 'demo', password: secrets.password }];
  const simulator = await startSimulator({ ...gateway, users });
  const temporal = await startDevServer({
    executable,
    ui: true,
    dbFilename: join(directory, 'temporal.db'),
    logFile: join(directory, 'temporal.log'),
  });
  const port = await freePort();
  const configFile = join(directory, 'overhaul.yaml');
  writeFileSync(configFile, stringify(configurationFor(simulator.url)));
  const env = {
    ...withoutOurs(process.env),
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_CONFIG_FILE: join(directory, 'temporal.toml'),
    OVERHAUL_DATABASE_URL: `sqlite:${join(directory, 'ledger.db')}`,
    OVERHAUL_CONFIG: configFile,
    OVERHAUL_HTTP_PORT: String(port),
    QUALYS_URL: simulator.url,
    QUALYS_USERNAME: 'demo',
    QUALYS_PASSWORD: secrets.password,
    DEMO_HOOK_SECRET: secrets.hook,
  };
  const processes = ['worker', 'server'].map((name) => start(name, directory, env));
  const serverUrl = `http://127.0.0.1:${port}`;
  let stopping;
  return {
    ...{ directory, env, secrets, simulator, serverUrl, temporalUi: temporal.uiUrl },
    untilReady: (withinMs) => untilReady(serverUrl, processes, Date.now() + withinMs),
    lastWords: () => processes.map(lastWordsOf).join('\n'),
    stop() {
      stopping ??= stopAll(processes, simulator, temporal);
      return stopping;
    },
  };
}

async function stopAll(processes, simulator, temporal) {
  // The worker first: it finishes what it has in hand, and both need Temporal for that.
  await Promise.all(processes.map(({ child }) => stop(child, 45_000)));
  await simulator.close();
  await temporal.stop();
}

function start(name, directory, env) {
  const logFile = join(directory, `${name}.log`);
  const log = openSync(logFile, 'a');
  const child = spawn(process.execPath, ['--enable-source-maps', join(ROOT, 'dist', `${name}.js`)], { env, stdio: ['ignore', log, log] });
  closeSync(log);
  return { name, child, logFile };
}

async function untilReady(serverUrl, processes, deadlineAt) {
  for (;;) {
    const ended = processes.find(({ child }) => child.exitCode !== null || child.signalCode !== null);
    if (ended) throw new Error(`The ${ended.name} ended with code ${ended.child.exitCode}. ${lastWordsOf(ended)}`);
    const response = await fetch(`${serverUrl}/readyz`).catch(() => undefined);
    if (response?.ok) return;
    if (Date.now() > deadlineAt)
      throw new Error(`The server was not ready at ${serverUrl}/readyz. ${processes.map(lastWordsOf).join('\n')}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function lastWordsOf({ name, logFile }) {
  return `Last lines of the ${name} (${logFile}):\n${readFileSync(logFile, 'utf8').trim().split('\n').slice(-5).join('\n')}`;
}

/** A developer's variables may name a real subscription: none of them reaches the demo. */
function withoutOurs(env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(TEMPORAL|OVERHAUL|QUALYS)_/.test(name)));
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

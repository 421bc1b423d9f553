// `node dist/server.js`: ticket webhooks and health. Exits 2 on a configuration error, before anything is contacted.
import { describeConfigurationProblems, loadServerConfiguration } from './server/configuration.js';
import { type RunningServer, serve } from './server/serve.js';

async function main(): Promise<void> {
  const configuration = await loadServerConfiguration(process.env);
  if (!configuration.ok) {
    process.stderr.write(describeConfigurationProblems(configuration.problems));
    process.exitCode = 2;
    return;
  }
  try {
    stopOnSignal(await serve(configuration.value, process.env));
  } catch (error) {
    process.stderr.write(`The server cannot listen: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}

/** Without sockets and timers the process then ends by itself. A second signal ends it at once. */
function stopOnSignal(server: RunningServer): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      server.logger.info({ signal }, 'stopping the server');
      void server.stop();
    });
  }
}

await main();

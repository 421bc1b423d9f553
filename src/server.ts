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
  const serving = serve(configuration.value, process.env);
  // Before it listens: whoever sees that it does may stop it at once.
  stopOnSignal(serving);
  try {
    await serving;
  } catch (error) {
    process.stderr.write(`The server cannot listen: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}

/** Without sockets and timers the process then ends by itself. A second signal ends it at once. */
function stopOnSignal(serving: Promise<RunningServer>): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      void serving.then(
        (server) => {
          server.logger.info({ signal }, 'stopping the server');
          return server.stop();
        },
        // That it cannot listen is told where it was asked to.
        () => undefined,
      );
    });
  }
}

await main();

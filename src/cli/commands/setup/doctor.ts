import { type Check, exitCodeOfChecks, fixLine, statusLine } from '../../doctor/checks.js';
import { command } from '../../heads.js';
import { type Invocation, writeJson, writeLine } from '../../invocation/context.js';
import { painter } from '../../terminal/paint.js';

export function doctorCommand(invocation: Invocation) {
  return command('doctor').action(async () => {
    const checks: Check[] = [];
    const paint = painter(invocation.stdout, invocation.env);
    for await (const check of examine(invocation)) {
      checks.push(check);
      if (invocation.json) continue;
      await writeLine(invocation.stdout, paint(statusLine(check)));
      if (check.fix) await writeLine(invocation.stdout, paint(fixLine(check.fix)));
    }
    if (invocation.json)
      await writeJson(invocation.stdout, { ok: checks.every(({ state }) => state === 'ok' || state === 'note'), checks });
    invocation.exitCode = exitCodeOfChecks(checks);
  });
}

/** One check after the other, each shown as soon as it is known. */
async function* examine(invocation: Invocation): AsyncGenerator<Check> {
  const local = await import('../../doctor/local.js');
  const { loadEnvironment } = await import('../../../contracts/config/environment.js');
  yield local.nodeCheck(process.versions.node);
  const environment = loadEnvironment(invocation.env);
  yield* local.environmentChecks(environment);
  yield* local.configFileChecks(invocation.env);
  if (environment.ok) {
    const { serverChecks } = await import('../../doctor/server.js');
    yield* serverChecks(environment.value);
  }
  const { ticketChecks } = await import('../../doctor/tickets.js');
  yield* ticketChecks(invocation.env);
  const { temporalChecks, qualysChecks } = await import('../../doctor/remote.js');
  const taskQueue = environment.ok ? environment.value.taskQueue : undefined;
  yield* temporalChecks(invocation, { taskQueue, ledgerId: environment.ok ? await local.ledgerId(invocation) : undefined });
  if (!environment.ok) return;
  yield* local.ledgerChecks(invocation, environment.value.ledger.path);
  yield* qualysChecks(environment.value.qualys, invocation.now);
}

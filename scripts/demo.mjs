// `npm run demo`: a change that is approved in a ticket system asks for a remediation, the run is shown live until its report, and the
// ticket then has status and report. Everything runs on this machine: Temporal's dev server, a simulated Qualys gateway with a ticket
// system beside it, the worker and the server. `-- --keep` leaves it running until Ctrl-C.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { run } from './child-process.mjs';
import { ROOT, setUp } from './setup.mjs';
import { findTemporal } from './temporal.mjs';

const ASSETS = 240;
const FIRST_ASSET_ID = 20_452_610;
const SCRIPT = 72_648;
const READY_MS = 60_000;
const FORMATS = ['html', 'json', 'csv'];

/** A minute of the simulated gateway passes in a second. Its token lives 10 of its minutes, so the run outlives it. */
const GATEWAY = {
  ...{ speed: 60, seed: 7, assets: ASSETS, firstAssetId: FIRST_ASSET_ID, tokenLifeSec: 600, keepAllCalls: true },
  ...{ failRate: 0.05, offlineAssets: [FIRST_ASSET_ID + 42], resultLostAssets: [FIRST_ASSET_ID + 99] },
  ...{ faults: { loseExecutes: [3] }, tickets: true },
};
const TICKET = 'CHG0030001';
/** Two writes into one ticket are half a minute apart: its end, and the report behind it. */
const TICKET_TOLD_MS = 150_000;

/** Limits of a subscription that allows what a demo of a minute needs; `deadline` is in the gateway's time. */
const configurationFor = (simulatorUrl) => ({
  playbooks: {
    'patch-openssl': { run: { script: SCRIPT, poll: { interval: '1s' }, deadline: '25s' }, targets: { choose: ['assetIds'], max: 500 } },
  },
  hooks: {
    demo: {
      ...{ system: 'servicenow', secrets: [{ env: 'DEMO_HOOK_SECRET' }], playbook: 'patch-openssl', ticket: 'demo' },
      map: { assetIds: 'u_asset_ids' },
    },
  },
  tickets: {
    demo: {
      ...{ system: 'servicenow', url: simulatorUrl, username: { env: 'QUALYS_USERNAME' }, password: { env: 'QUALYS_PASSWORD' } },
      onFinished: { succeeded: { fields: { state: '0' } }, otherwise: { fields: { state: '-1' } } },
    },
  },
  network: { allow: ['127.0.0.0/8'] },
  policy: { caps: { callsPerHour: 20_000, executionsPerDay: 1_000, concurrency: 2 }, executeInterval: 0 },
});

async function main() {
  const keep = process.argv.includes('--keep');
  await setUp();
  const executable = await findTemporal(console.log);
  const { startStage } = await import('./demo-stage.mjs');
  const directory = join(ROOT, '.demo', new Date().toISOString().replace(/[:.]/g, '-'));
  mkdirSync(directory, { recursive: true });
  const startedAt = Date.now();
  console.log('\nStarting Temporal, the simulated Qualys, a worker and the server …');
  const stage = await startStage({ directory, executable, gateway: GATEWAY, configurationFor });
  process.once('SIGINT', () => void stage.stop().then(() => process.exit(130)));
  process.once('SIGTERM', () => void stage.stop().then(() => process.exit(143)));
  try {
    const good = await play(stage, directory);
    console.log(`\nThe demo took ${Math.round((Date.now() - startedAt) / 1_000)} s after set-up. Its files stay in`);
    console.log(`  ${relative(process.cwd(), directory)}: report.json, report.csv,`);
    console.log('  ledger.db, overhaul.yaml, temporal.db, the logs of worker, server and Temporal');
    console.log(`\nThe report, for a browser:\n${pathToFileURL(join(directory, 'report.html'))}`);
    if (keep) await untilStopped(stage);
    return good ? 0 : 1;
  } finally {
    await stage.stop();
  }
}

async function play(stage, directory) {
  await stage.untilReady(READY_MS);
  const { workflowId } = await openTicket(stage);
  console.log(`Waiting until the script has ended on ${ASSETS} assets, 25 an execution. One of them`);
  console.log('is offline: the run waits for it until its deadline. A minute at the simulated');
  console.log('Qualys takes a second here: about half a minute, longer on a busy machine.\n');
  // Exit code 1 says that the run did not succeed on every asset, which is the point of this demo.
  const watched = await cli(stage, ['watch', workflowId], { inherit: true });
  if (watched.code > 1) throw new Error(`\`overhaul watch\` ended with code ${watched.code}. ${stage.lastWords()}`);
  console.log('\nThe run has ended. Writing its report as HTML, JSON and CSV …');
  await Promise.all(FORMATS.map((format) => writeReport(stage, workflowId, format)));
  const { report, assets } = JSON.parse(readFileSync(join(directory, 'report.json'), 'utf8'));
  const { checkInvariants } = await import('./demo-invariants.mjs');
  const isTold = await untilTicketIsTold(stage);
  const good = checkInvariants({ report, assets, simulator: stage.simulator, secrets: stage.secrets, directory, expectedAssets: ASSETS });
  const { whyPartial } = await import('./demo-partial.mjs');
  console.log(`\n${whyPartial({ report, assets }).join('\n')}`);
  return good && isTold;
}

/** What the ticket shows people in its own system. */
async function untilTicketIsTold(stage) {
  console.log(`\nThe ticket hears of it: its end, then the report, at most one write in half a minute …`);
  const ticket = stage.simulator.state.tickets.find(({ record }) => record.number === TICKET);
  const endsAt = Date.now() + TICKET_TOLD_MS;
  const isTold = () => ticket.files.length > 0 && ticket.notes.some(({ value }) => value.includes('finished'));
  while (!isTold() && Date.now() < endsAt) await new Promise((resolve) => setTimeout(resolve, 500));
  const page = await (await fetch(`${stage.simulator.url}/tickets`)).text();
  const shown = page.split(/\n\s*\n/).find((block) => block.startsWith(TICKET)) ?? page;
  console.log(`\n${shown.trimEnd().replaceAll(/^/gm, '  ')}\n`);
  if (!isTold()) console.log(`The ticket has no report yet. ${stage.lastWords()}`);
  return isTold();
}

async function writeReport(stage, workflowId, format) {
  const file = join(stage.directory, `report.${format}`);
  const written = await cli(stage, ['report', workflowId, '--format', format, '--out', file]);
  if (written.code !== 0)
    throw new Error(`\`overhaul report --format ${format}\` ended with code ${written.code}: ${written.stderr.trim()}`);
}

/** The change was approved: its business rule sends the event, and sends it again because the first answer was slow. */
async function openTicket(stage) {
  const { Webhook } = await import('standardwebhooks');
  const { record } = stage.simulator.state.tickets.find(({ record: { number } }) => number === TICKET);
  const body = JSON.stringify({
    ...{ number: TICKET, sys_id: record.sys_id, sys_mod_count: record.sys_mod_count, approval: record.approval },
    ...{ url: `${stage.simulator.url}/tickets`, short_description: 'OpenSSL is to be patched', requested_by: 'ada@example.com' },
    u_asset_ids: Array.from({ length: ASSETS }, (_, index) => FIRST_ASSET_ID + index),
  });
  const send = async (id) => {
    const at = new Date();
    const signature = new Webhook(stage.secrets.hook).sign(id, at, body);
    const headers = {
      ...{ 'content-type': 'application/json', 'webhook-id': id },
      ...{ 'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)), 'webhook-signature': signature },
    };
    const response = await fetch(`${stage.serverUrl}/hooks/demo`, { method: 'POST', headers, body });
    return { status: response.status, answer: await response.json() };
  };
  const first = await send('msg_1');
  if (first.status !== 202)
    throw new Error(`The webhook was answered with ${first.status}: ${JSON.stringify(first.answer)}. ${stage.lastWords()}`);
  const second = await send('msg_2');
  console.log(`\nChange ${TICKET} is approved, and its signed event was sent to ${stage.serverUrl}/hooks/demo.`);
  console.log(`The server has read the change again at ${stage.simulator.url}, and found it approved there.`);
  console.log(`202: the run is ${first.answer.workflowId}.`);
  console.log(`The same event once more: ${second.status}, no second run.\n`);
  return first.answer;
}

function cli(stage, args, options = {}) {
  return run(process.execPath, [join(ROOT, 'dist', 'cli.js'), ...args], { cwd: ROOT, env: stage.env, ...options });
}

async function untilStopped(stage) {
  const script = join(stage.directory, 'environment.sh');
  const ours = Object.entries(stage.env).filter(([name]) => /^(TEMPORAL|OVERHAUL|QUALYS)_/.test(name) && name !== 'QUALYS_PASSWORD');
  writeFileSync(script, ours.map(([name, value]) => `export ${name}='${value}'\n`).join(''), { mode: 0o600 });
  console.log(
    `\nEverything keeps running: Temporal's page ${stage.temporalUi}, Overhaul ${stage.serverUrl}, Qualys (simulated) ${stage.simulator.url}.`,
  );
  console.log(`For the command line: . ${script} && node dist/cli.js show demo/${TICKET}/0`);
  console.log(`To stop: Ctrl-C here, or kill ${process.pid}.`);
  await new Promise(() => {});
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    console.error(`\n${error.message}`);
    process.exitCode = 1;
  },
);

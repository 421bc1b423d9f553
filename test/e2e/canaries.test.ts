// A canary in every place where a secret can be, and a world that repeats whatever it is sent, in its errors. None of them may leave.
import { createHmac } from 'node:crypto';
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parseEncryptionKeys } from '../../src/contracts/config/encryption-keys.js';
import { findSecret } from '../../src/contracts/config/environment.js';
import { rememberUserInfo } from '../../src/contracts/config/known-secrets.js';
import type { Secret } from '../../src/contracts/config/secret.js';
import { newAuditKey } from '../../src/ledger/audit/checkpoint.js';
import { keepCheckpoints } from '../../src/ledger/audit/keeper.js';
import { openLedger } from '../../src/ledger/index.js';
import { createQualys } from '../../src/qualys/index.js';
import { createApp } from '../../src/server/app.js';
import { HookAudit } from '../../src/server/hook-audit.js';
import { loggerTo } from '../../src/temporal/logger.js';
import { createTicketHttp } from '../../src/tickets/http/client.js';
import { createReadTicket } from '../../src/tickets/read/read-ticket.js';
import { outgoingFailure, outgoingResult } from '../../src/worker/outgoing.js';
import { ticketServer } from '../support/ticket-server.js';

const b64 = (text: string) => Buffer.from(text).toString('base64');
const ring = b64('ring-canary-ring-canary-ring-can');
const PEM = newAuditKey();

const CANARIES = {
  QUALYS_PASSWORD: 'qualys"canary\\pass/+ü1',
  ROTATED_PASSWORD: 'rotated-canary-7f3a+/=x',
  QUALYS_TOKEN: `eyJhbGciOiJub25lIn0.${b64('{"sub":"token-canary-1"}').replace(/=+$/, '')}.c2lnbmF0dXJl`,
  HOOK_SECRET: b64('hook-canary-hook-canary-1'),
  TICKET_PASSWORD: 'ticket&canary pass 2',
  ACCESS_TOKEN: 'access-canary-token-3',
  AUDIT_KEY: PEM.split('\n')[1] ?? '',
  ENCRYPTION_KEY: ring,
  PROXY_PASSWORD: 'proxy-canary-4',
};

let folder: string;
let world: Server;
let base: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'canaries-'));
  world = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      if (request.url?.startsWith('/auth') && body.includes('rotated')) return void response.writeHead(201).end(CANARIES.QUALYS_TOKEN);
      const echo = {
        error: `cannot serve ${body}`,
        headers: request.headers,
        decoded: decodeURIComponent(body.replaceAll('+', ' ')),
        inBase64: b64(body),
      };
      const basic = request.headers.authorization?.replace(/^Basic /, '') ?? '';
      response.writeHead(request.url?.startsWith('/auth') ? 400 : 503, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ ...echo, message: `${echo.error} ${Buffer.from(basic, 'base64').toString()}`, errorCode: body }));
    });
  });
  await new Promise<void>((resolve) => void world.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(world.address() as AddressInfo).port}`;
});
afterAll(async () => {
  world.closeAllConnections();
  world.close();
  await rm(folder, { recursive: true });
});

/** Every way in which one would be the secret for whoever reads it. */
function formsOf(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const inner = [0, 1, 2].map((before) =>
    b64(`${'x'.repeat(before)}${secret}`)
      .replace(/=+$/, '')
      .slice(before + 1, -2),
  );
  return [
    secret,
    json,
    JSON.stringify(json).slice(1, -1),
    encodeURIComponent(secret),
    new URLSearchParams({ s: secret }).toString().slice(2),
    ...inner,
  ];
}

/** As somebody might log it: by itself, or within something longer. */
function wholeForms(secret: string): string[] {
  const [plain = '', json = '', twice = '', percent = '', form = ''] = formsOf(secret);
  const wrapped = ['', 'a:', 'ab:', 'abc:'].flatMap((before) => [`${before}${secret}`, `${before}${secret}:more`]);
  return [plain, json, twice, percent, form, ...wrapped.flatMap((text) => [b64(text), Buffer.from(text).toString('base64url')])];
}

const failureOf = (work: () => Promise<unknown>): Promise<unknown> =>
  work().then(
    () => new Error('it did not fail'),
    (error: unknown) => error,
  );

test('no secret is in a log, an error, a history, the ledger, a metric or an answer', async () => {
  const seen: string[] = [];
  const logger = loggerTo({ write: (line: string) => void seen.push(line) }, 'trace', 'canaries');
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, `${CANARIES.QUALYS_PASSWORD}\n`);
  const env = {
    QUALYS_PASSWORD_FILE: passwordFile,
    OVERHAUL_ENCRYPTION_KEYS: `k1:${ring}`,
    OVERHAUL_AUDIT_KEY: PEM.replaceAll('\n', '\\n'),
    HOOK_SECRET: CANARIES.HOOK_SECRET,
    TICKET_PASSWORD: CANARIES.TICKET_PASSWORD,
    ACCESS_TOKEN: CANARIES.ACCESS_TOKEN,
  };
  const secretOf = (name: string): Secret => findSecret(env, name) as Secret;
  rememberUserInfo(`http://someone:${CANARIES.PROXY_PASSWORD}@proxy.example:3128`);
  parseEncryptionKeys(secretOf('OVERHAUL_ENCRYPTION_KEYS').get());

  const path = join(folder, 'ledger.db');
  const ledger = await openLedger({ url: `sqlite:${path}`, create: true, caps: { callsPerHour: 1_000, concurrency: 5 } });
  const password = secretOf('QUALYS_PASSWORD');
  const qualys = createQualys({
    baseUrl: base,
    username: 'ada',
    password: () => password.get(),
    gate: ledger.calls,
    clock: ledger.serverClock,
    logger,
    maxWaitInProcessMs: 1,
  });
  const errors = [await failureOf(() => qualys.script('1'))];
  // Rotated without a restart: the new one works, and is no less of a secret.
  await writeFile(`${passwordFile}.new`, CANARIES.ROTATED_PASSWORD);
  await rename(`${passwordFile}.new`, passwordFile);
  expect(password.get()).toBe(CANARIES.ROTATED_PASSWORD);
  errors.push(await failureOf(() => qualys.script('1')));
  errors.push(
    await qualys
      .execute({ scriptId: '1', assetIds: ['1'], assetTagIds: [], excludedAssetIds: [], mayStart: () => true } as never)
      .catch((error: unknown) => error),
  );
  for (const error of errors) {
    logger.error({ err: error }, `failed: ${String(error)}`);
    await ledger.audit.add(undefined, {
      action: 'failed',
      detail: JSON.stringify(outgoingResult({ why: String(error instanceof Error ? error.message : JSON.stringify(error)) }, 'x')),
    });
    const failure = outgoingFailure(error) as Error;
    seen.push(JSON.stringify([failure.message, failure.stack, String(failure.cause)]));
  }

  const config = `
playbooks: { patch: { run: { script: 72648 } } }
hooks:
  snow: { system: servicenow, secrets: [{ env: HOOK_SECRET }], playbook: patch, ticket: snow, map: { ticket: number, generation: sys_mod_count, assetIds: ids } }
tickets: { snow: { system: servicenow, url: "${base}", username: { env: QUALYS_NAME }, password: { env: TICKET_PASSWORD } } }
access: { tokens: [{ name: ci, role: operator, token: { env: ACCESS_TOKEN } }] }
network: { allow: ["127.0.0.0/8"] }
`;
  const http = createTicketHttp({ allow: () => ['127.0.0.0/8'] });
  const all = { ...env, QUALYS_NAME: 'ada' };
  const audit = new HookAudit({
    now: () => new Date(),
    write: (entries) => ledger.audit.addAll(entries),
    onTrouble: (error) => logger.error({ err: error }, 'x'),
  });
  const { deps } = ticketServer({ config, env: all, now: new Date(), ledger: async () => ledger, readTicket: createReadTicket(http, all) });
  const app = createApp({ ...deps, logger, onHookAnswer: (answer) => audit.note(answer) });
  const body = JSON.stringify({ ticket: { id: 'CHG1', generation: '1' }, number: 'CHG1', sys_mod_count: '1', ids: [1] });
  const seconds = String(Math.floor(Date.now() / 1_000));
  const signature = createHmac('sha256', Buffer.from(CANARIES.HOOK_SECRET, 'base64')).update(`m.${seconds}.${body}`).digest('base64');
  const headers = { host: 'x', 'content-type': 'application/json', 'webhook-id': 'm', 'webhook-timestamp': seconds };
  const hook = { method: 'POST' as const, url: '/hooks/snow', payload: body };
  const answers = [
    await app.inject({ ...hook, headers: { ...headers, 'webhook-signature': `v1,${signature}` } }),
    await app.inject({ ...hook, headers: { ...headers, 'webhook-signature': `v1,${CANARIES.HOOK_SECRET}` } }),
    await app.inject({
      url: `/api/runs/${encodeURIComponent(CANARIES.ACCESS_TOKEN)}`,
      headers: { host: 'x', authorization: `Bearer ${CANARIES.ACCESS_TOKEN}` },
    }),
    await app.inject({ url: '/api/runs', headers: { host: 'x', authorization: `Bearer ${CANARIES.ACCESS_TOKEN}x` } }),
    await app.inject({ url: '/metrics', headers: { host: 'x', authorization: `Bearer ${CANARIES.ACCESS_TOKEN}` } }),
  ];
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([503, 401, expect.any(Number), 401, 200]);
  for (const answer of answers) seen.push(JSON.stringify(answer.headers), answer.body);

  await keepCheckpoints({ ledger: async () => ledger, path, key: secretOf('OVERHAUL_AUDIT_KEY'), logger })();
  await audit.close();
  // Whatever somebody logs one day, under any name and in any form.
  for (const secret of Object.values(CANARIES))
    for (const form of wholeForms(secret)) logger.error({ some: { deep: { name: form } }, err: new Error(form) }, form);

  await app.close();
  await http.close();
  await qualys.close();
  await ledger.close();
  for (const file of await readdir(folder)) if (file.startsWith('ledger')) seen.push(await readFile(join(folder, file), 'latin1'));

  expect(seen.length).toBeGreaterThan(30);
  const shown = Object.entries(CANARIES).flatMap(([name, secret]) => {
    const forms = [...formsOf(secret), Buffer.from(secret).toString('latin1')].filter((form) => form.length > 7);
    return seen.filter((text) => forms.some((form) => text.includes(form))).map((text) => `${name}: ${text.slice(0, 300)}`);
  });
  expect(shown).toEqual([]);
}, 60_000);

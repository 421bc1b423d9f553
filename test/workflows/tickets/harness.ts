// A whole product with a ticket system beside it: a ServiceNow-like desk, the server that hears its events, and the worker that looks.
import { createHmac } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { LookInput, LookResult } from '../../../src/activities/tickets/look.js';
import type { Config } from '../../../src/contracts/config/file.js';
import { createApp } from '../../../src/server/app.js';
import { lookAtTicket } from '../../../src/temporal/look-at-ticket.js';
import { runClient } from '../../../src/temporal/runs/run-client.js';
import { startRun } from '../../../src/temporal/start-run.js';
import { createTicketHttp } from '../../../src/tickets/http/client.js';
import { createReadTicket } from '../../../src/tickets/read/read-ticket.js';
import { createAskTicket } from '../../../src/worker/ticket-approval.js';
import { createFindTickets } from '../../../src/worker/ticket-finder.js';
import { configOf, fixed } from '../../support/ticket-server.js';
import { openProductHarness, type ProductHarness } from '../product-harness.js';

const SECRET = 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const AUTH = `Basic ${Buffer.from('demo:demo').toString('base64')}`;
const ENV = { S: SECRET, U: 'demo', P: 'demo' };

export interface TicketHarness extends ProductHarness {
  /** Another server on the same hooks, as beside the first. */
  servers: readonly FastifyInstance[];
  /** A new approved change whose affected items are these hosts; `more` are fields of its own. */
  change(number: string, hosts: readonly string[], more?: Record<string, string>): Promise<Change>;
  look(input: LookInput): Promise<LookResult>;
}

export interface Change {
  number: string;
  /** As the business rule would send it now, or with these fields as they were then. */
  event(more?: Record<string, unknown>): Record<string, unknown>;
  deliver(
    hook: string,
    event?: Record<string, unknown>,
    server?: FastifyInstance,
  ): Promise<{ status: number; body: Record<string, string> }>;
  edit(fields: Record<string, string>): Promise<void>;
  count(): number;
}

/** `hooks`: of `overhaul.yaml`, as YAML. */
export async function openTicketHarness(name: string, { playbooks, hooks }: { playbooks: string; hooks: string }): Promise<TicketHarness> {
  const harness = await openProductHarness(name, { simulator: { tickets: true } });
  const { simulator, dependencies } = harness.product;
  const config: Config = configOf(`
playbooks: { ${playbooks} }
tickets: { snow: { system: servicenow, url: "${simulator.url}", username: { env: U }, password: { env: P } } }
hooks: { ${hooks} }
network: { allow: ["127.0.0.0/8"] }
`);
  const http = createTicketHttp({ allow: () => config.network.allow });
  const readTicket = createReadTicket(http, ENV);
  dependencies.askTicket = createAskTicket(() => config, readTicket);
  dependencies.findTickets = createFindTickets({ config: () => config, http, env: ENV, readTicket });
  const client = harness.env.client;
  const serverOf = () =>
    createApp({
      configuration: fixed(config),
      env: ENV,
      readTicket,
      now: () => new Date(),
      startRun: (start) => startRun(client, { ...start, taskQueue: harness.taskQueue, deadlineMs: 30_000 }),
      lookAtTicket: (look) => lookAtTicket(client, { ...look, taskQueue: harness.taskQueue }),
      temporalReachable: async () => true,
      ledger: async () => harness.product.ledger,
      temporal: runClient({ ...harness.env, address: '', namespace: harness.env.namespace ?? 'default' }),
    });
  const servers = [serverOf(), serverOf()] as const;

  const post = async (path: string, method: string, body: object): Promise<Record<string, string>> => {
    const answer = await fetch(simulator.url + path, { method, headers: { authorization: AUTH }, body: JSON.stringify(body) });
    return ((await answer.json()) as { result: Record<string, string> }).result;
  };

  return {
    ...harness,
    servers,
    async change(number, hosts, more = {}) {
      const { sys_id: id = '' } = await post('/api/now/table/change_request', 'POST', {
        ...{ number, approval: 'approved', active: 'true', short_description: `Patch for ${number}`, ...more },
      });
      for (const host of hosts) await post('/api/now/table/task_ci', 'POST', { task: id, 'ci_item.name': host });
      const record = () => simulator.state.tickets.find(({ record: { sys_id } }) => sys_id === id)?.record ?? {};
      const change: Change = {
        number,
        event: (fields = {}) => ({
          ...{ number, sys_id: id, sys_mod_count: record().sys_mod_count, approval: record().approval },
          ...{ short_description: record().short_description, requested_by: 'Ada', cmdb_cis: hosts.map((host) => ({ name: host })) },
          ...fields,
        }),
        deliver: (hook, event = change.event(), server = servers[0]) => deliver(server, hook, event),
        edit: async (fields) => {
          await post(`/api/now/table/change_request/${id}`, 'PATCH', fields);
        },
        count: () => Number(record().sys_mod_count),
      };
      return change;
    },
    look: (input) =>
      client.workflow.execute<(input: LookInput) => Promise<LookResult>>('lookAtTickets', {
        workflowId: `look-${harness.taskQueue}-${Math.random()}`,
        taskQueue: harness.taskQueue,
        args: [input],
      }),
    async close() {
      for (const server of servers) await server.close();
      await http.close();
      await harness.close();
    },
  };
}

async function deliver(app: FastifyInstance, hook: string, event: object): Promise<{ status: number; body: Record<string, string> }> {
  const payload = JSON.stringify(event);
  const at = String(Math.floor(Date.now() / 1_000));
  const signature = createHmac('sha256', Buffer.from(SECRET, 'base64')).update(`msg.${at}.${payload}`).digest('base64');
  const headers = {
    ...{ host: 'localhost', 'content-type': 'application/json', 'webhook-id': 'msg', 'webhook-timestamp': at },
    'webhook-signature': `v1,${signature}`,
  };
  const answer = await app.inject({ method: 'POST', url: `/hooks/${hook}`, payload, headers });
  return { status: answer.statusCode, body: answer.json() as Record<string, string> };
}

// Ticket systems beside the gateway, for demos and tests: as much of each API as reading and writing back need, with answers that are
// refused, late or lost.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { freshservice } from './freshservice.js';
import { github } from './github.js';
import { jira } from './jira.js';
import { pagerduty } from './pagerduty.js';
import { addRecord, serviceNow } from './servicenow.js';
import type { Ask, Desk, SimulatedTicket, System } from './store.js';
import { zendesk } from './zendesk.js';

export type { SimulatedTicket } from './store.js';

/** What the next request like it gets instead of its answer. */
export interface DeskFault {
  method?: string;
  path?: RegExp;
  /** `refused`: nothing is done; `lost`: done, and not answered; `unreached`: neither; `late`: done and answered after `ms`. */
  kind: 'refused' | 'lost' | 'unreached' | 'late';
  /** Of `refused` and, where it is done all the same, of `lost`; without it a lost answer is an end of the connection. */
  status?: number;
  retryAfter?: string;
  ms?: number;
}

export interface TicketDesk {
  /** Live. */
  readonly tickets: readonly SimulatedTicket[];
  /** Live: each is used once, the first that fits. */
  readonly faults: DeskFault[];
  /** Every request that was not a read, in its order, those that got a fault among them. Live. */
  readonly writes: readonly { method: string; path: string; at: number }[];
  /** True when the request was for the desk, and is answered. */
  answer(request: IncomingMessage, response: ServerResponse): Promise<boolean>;
}

interface DeskOptions {
  users: readonly { username: string; password: string }[];
  now: () => number;
}

const MAX_BODY_BYTES = 8 * 1024 * 1024;
const SYSTEMS: readonly System[] = [serviceNow, jira, github, zendesk, freshservice, pagerduty];
/** What the desk has at its start; in ServiceNow more come with POST. */
const FIRST = { number: 'CHG0030001', short_description: 'Patch openssl', approval: 'approved', state: '-2', active: 'true' };
const OTHERS: Readonly<Record<string, Record<string, string>>> = {
  jira: { id: '10007', key: 'OPS-7', status: 'Approved' },
  github: { id: 'acme/fleet#7', state: 'open', labels: 'overhaul-approved' },
  zendesk: { id: '35', status: 'open' },
  freshservice: { id: '9', status: '2' },
  pagerduty: { id: 'Q1X2Y3', status: 'acknowledged' },
};

export function createTicketDesk({ users, now }: DeskOptions): TicketDesk {
  const [tickets, faults, writes]: [SimulatedTicket[], DeskFault[], { method: string; path: string; at: number }[]] = [[], [], []];
  let ids = 1_000;
  const desk: Desk = {
    ...{ tickets, users, instant: () => instant(now()) },
    nextId() {
      ids += 1;
      return String(ids);
    },
  };
  addRecord(desk, 'change_request', FIRST);
  for (const [table, record] of Object.entries(OTHERS)) tickets.push({ table, record: { ...record }, notes: [], files: [] });

  async function respond(system: System, ask: Ask, response: ServerResponse): Promise<void> {
    if (ask.method !== 'GET') writes.push({ method: ask.method, path: ask.path, at: now() });
    const fault = taken(faults, ask);
    if (fault?.kind === 'unreached') return void response.destroy();
    if (fault?.kind === 'refused') {
      const headers = fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter };
      return void response.writeHead(fault.status ?? 500, headers).end();
    }
    const [status, body] = system.answer(ask, desk);
    if (fault?.kind === 'lost' && fault.status === undefined) return void response.destroy();
    if (fault?.kind === 'lost') return void response.writeHead(fault.status ?? 500).end();
    if (fault?.kind === 'late') await delay(fault.ms ?? 0, undefined, { ref: false });
    response
      .writeHead(status, { 'content-type': 'application/json;charset=UTF-8' })
      .end(body === undefined ? undefined : JSON.stringify(body));
  }

  return {
    ...{ tickets, faults, writes },
    async answer(request, response) {
      const url = new URL(request.url ?? '/', 'http://simulator');
      if (url.pathname === '/tickets') {
        response.setHeader('content-type', 'text/plain; charset=utf-8').end(page(tickets));
        return true;
      }
      const system = SYSTEMS.find(({ isFor }) => isFor(url.pathname));
      if (!system) return false;
      const text = await bodyOf(request);
      const headers = request.headers;
      const ask: Ask = {
        ...{ method: request.method ?? 'GET', path: url.pathname, query: url.searchParams, text: text ?? '' },
        ...{ authorization: headers.authorization, type: headers['content-type'] ?? '' },
        header: (name) => [headers[name]].flat()[0],
      };
      if (text === undefined) response.writeHead(413).end();
      else await respond(system, ask, response);
      return true;
    },
  };
}

function taken(faults: DeskFault[], { method, path }: Ask): DeskFault | undefined {
  const at = faults.findIndex((fault) => (fault.method ?? method) === method && (fault.path?.test(path) ?? true));
  return at < 0 ? undefined : faults.splice(at, 1)[0];
}

function page(tickets: readonly SimulatedTicket[]): string {
  const lines = tickets.flatMap(({ table, record, notes, files }) => [
    `${record.number ?? record.key ?? record.id}  ${table}  ${record.approval === undefined ? '' : `approval: ${record.approval}  `}state: ${record.state ?? record.status ?? ''}`,
    ...notes.map(({ value, createdOn }) => `  ${createdOn}  ${value.replaceAll('\n', '\n    ')}`),
    ...files.map(({ name, text }) => `  file ${name} (${text.length} characters)`),
    '',
  ]);
  return lines.join('\n');
}

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** As ServiceNow writes instants: UTC, without a zone. */
function instant(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}

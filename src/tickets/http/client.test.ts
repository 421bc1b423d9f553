import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type LookupFunction } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createTicketHttp, type TicketHttp, TicketSystemError } from './client.js';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
const LOOPBACK = ['127.0.0.0/8', '::1/128'];

let server: Server;
let port: number;
let connections: number;
let requests: IncomingMessage[];
let answer: Answer;
let open: TicketHttp[];

beforeEach(async () => {
  [connections, requests, open] = [0, [], []];
  answer = (_request, response) => response.end('{"result":1}');
  server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});

afterEach(async () => {
  await Promise.all(open.map((http) => http.close()));
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function client(more: Partial<Parameters<typeof createTicketHttp>[0]> = {}): TicketHttp {
  const http = createTicketHttp({ allow: () => LOOPBACK, ...more });
  open.push(http);
  return http;
}

const get = (http: TicketHttp, url = `http://127.0.0.1:${port}/x`) =>
  http.send({ method: 'GET', url: new URL(url), headers: { authorization: 'Bearer canary-5f1c' } });

async function refusalOf(http: TicketHttp, url?: string): Promise<TicketSystemError> {
  const error = await get(http, url).catch((reason: unknown) => reason);
  if (!(error instanceof TicketSystemError)) throw new Error(`expected a refusal: ${JSON.stringify(error)}`);
  expect(error.message).not.toContain('canary');
  expect(error.cause).toBeUndefined();
  return error;
}

/** As the resolver of a name that its owner points at will. */
const resolvesTo = (...addresses: string[]): LookupFunction =>
  ((_name: string, options: { all?: boolean }, callback: (...found: unknown[]) => void) => {
    const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    if (options.all) callback(null, found);
    else callback(null, found[0]?.address, found[0]?.family);
  }) as LookupFunction;

describe('a request to a ticket system', () => {
  const HOSTS = [
    ...[
      '127.0.0.1',
      '127.1',
      '0x7f.1',
      '0x7f000001',
      '2130706433',
      '0177.0.0.1',
      '017700000001',
      '127.0.0.1.',
      '127。0。0。1',
      '①②⑦.0.0.1',
    ],
    ...['[::1]', '[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]'],
    ...['[64:ff9b:1::7f00:1]', '[2001:0:7f00:1::]', '[::]', '0', '0.0.0.0', 'localhost', 'LOCALHOST', 'example.com@127.0.0.1'],
    ...['10.0.0.1', '192.168.0.1', '172.16.0.1', '100.64.0.1', '[fc00::1]', '[fe80::1]', '169.254.169.254', '0xa9fea9fe', '2852039166'],
    ...['[::ffff:169.254.169.254]', '[fd00:ec2::254]', '224.0.0.1', '255.255.255.255', '192.0.2.1', '198.18.0.1', '100.100.100.200'],
  ];

  test.each(HOSTS)('to https://%s is refused without a connection', async (host) => {
    const http = client({ allow: () => [] });
    expect((await refusalOf(http, `https://${host}:${port}/x`)).why).toBe('address');
    expect(connections).toBe(0);
  });

  test.each(['127.0.0.1', '::1', '10.0.0.1', '169.254.169.254', '::ffff:127.0.0.1', '64:ff9b::7f00:1', '0.0.0.0', 'fd00::1'])(
    'to a name that means %s is refused without a connection, also among public ones',
    async (address) => {
      for (const addresses of [[address], ['1.1.1.1', address]]) {
        const http = client({ allow: () => [], lookup: resolvesTo(...addresses) });
        expect((await refusalOf(http, `https://tickets.example:${port}/x`)).why).toBe('address');
      }
      expect(connections).toBe(0);
    },
  );

  test('goes without TLS to this machine alone', async () => {
    const http = client({ allow: () => ['0.0.0.0/0'], lookup: resolvesTo('127.0.0.1') });
    expect((await refusalOf(http, `http://tickets.example:${port}/x`)).message).toContain('https only');
    expect((await refusalOf(http, `http://10.1.2.3:${port}/x`)).message).toContain('https only');
    expect(connections).toBe(0);
    expect(await get(http)).toEqual({ status: 200, body: { result: 1 } });
  });

  test('heeds network.allow as it is when it connects', async () => {
    let allow: string[] = [];
    const http = client({ allow: () => allow });
    await refusalOf(http);
    allow = LOOPBACK;
    expect((await get(http)).status).toBe(200);
  });

  test('follows no redirect', async () => {
    answer = (_request, response) => response.writeHead(302, { location: '/elsewhere' }).end();
    expect((await refusalOf(client())).why).toBe('redirect');
    expect(requests).toHaveLength(1);
  });

  test.each<[string, Answer]>([
    ['said beforehand', (_request, response) => response.end(`"${'x'.repeat(2_000)}"`)],
    ['piece by piece', (_request, response) => void [response.write('"'), response.write('x'.repeat(1_500)), response.end('"')]],
  ])('takes no answer past its size: %s', async (_how, large) => {
    answer = large;
    expect((await refusalOf(client({ maxAnswerBytes: 1_000 }))).why).toBe('too-large');
  });

  test('is bounded in time, with no answer and with one that never ends', async () => {
    answer = () => undefined;
    expect((await refusalOf(client({ timeoutMs: 50 }))).why).toBe('timeout');
    answer = (_request, response) => void response.write('{');
    expect((await refusalOf(client({ timeoutMs: 50 }))).why).toBe('timeout');
  });

  test('says only the code where nobody listens, and takes an answer that is no JSON for none', async () => {
    answer = (_request, response) => response.end('<html>login</html>');
    expect(await get(client())).toEqual({ status: 200, body: undefined });
    const free = await freePort();
    expect((await refusalOf(client(), `http://127.0.0.1:${free}/x`)).message).toBe(`no connection to 127.0.0.1:${free} (ECONNREFUSED)`);
  });

  test.each([
    [429, '30', 30_000],
    [429, '0', 1_000],
    [429, '-1', 1_000],
    [429, undefined, 1_000],
    [503, '2', 2_000],
    [403, '60', 60_000],
    [429, '1000000000', 3_600_000],
  ])('after %i with Retry-After %s sends nothing for %i ms', async (status, retryAfter, waitMs) => {
    let now = 1_000;
    const http = client({ now: () => now });
    answer = (_request, response) => response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': retryAfter }).end();
    expect((await get(http)).status).toBe(status);
    now += waitMs - 1;
    expect((await refusalOf(http)).why).toBe('held');
    expect(requests).toHaveLength(1);
    now += 1;
    await get(http);
    expect(requests).toHaveLength(2);
  });
});

test('where GitHub has nothing left, until the second that it names', async () => {
  const reset = Math.ceil(Date.now() / 1_000) + 60;
  answer = (_request, response) => response.writeHead(403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(reset) }).end();
  const http = client();
  expect((await get(http)).status).toBe(403);
  const held = await refusalOf(http);
  expect([held.why, (held.waitMs ?? 0) > 30_000, (held.waitMs ?? 0) <= 61_000]).toEqual(['held', true, true]);
});

async function freePort(): Promise<number> {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port: free } = taken.address() as AddressInfo;
  await new Promise((resolve) => taken.close(resolve));
  await new Promise<void>((resolve) => connect(free, '127.0.0.1').on('error', () => resolve()));
  return free;
}

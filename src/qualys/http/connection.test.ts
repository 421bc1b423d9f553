import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ScriptedGateway, scriptedGateway } from '../../../test/support/gateway/scripted.js';
import { singleUse } from './connection.js';
import { createTransport, type Transport } from './transport.js';

describe('a single-use connection', () => {
  const options = { hostname: 'h', protocol: 'http:', port: '80' };

  test('is handed over once; a second one is never even opened', () => {
    const { guard, progress } = singleUse(() => true);
    const opened: Socket[] = [];
    const results: (Error | Socket | null)[] = [];
    const connector = guard((_options, callback) => {
      const socket = new Socket();
      opened.push(socket);
      callback(null, socket);
    });
    connector(options, (error, socket) => results.push(error ?? socket));
    connector(options, (error, socket) => results.push(error ?? socket));
    expect(opened).toHaveLength(1);
    expect(results[0]).toBe(opened[0]);
    expect(String(results[1])).toContain('only one connection');
    expect(progress()).toBe('handed-over');
  });

  test('that comes after the request has ended is destroyed, and mayStart is not asked', () => {
    let asked = 0;
    const use = singleUse(() => {
      asked += 1;
      return true;
    });
    const socket = new Socket();
    let opened: (() => void) | undefined;
    const connector = use.guard((_options, callback) => {
      opened = () => callback(null, socket);
    });
    const results: (Error | Socket | null)[] = [];
    connector(options, (error, handedOver) => results.push(error ?? handedOver));
    use.end();
    opened?.();
    expect(String(results[0])).toContain('Too late');
    expect([socket.destroyed, asked, use.progress()]).toEqual([true, 0, 'connecting']);
  });
});

describe('through a proxy', () => {
  const saved = {
    HTTP_PROXY: process.env.HTTP_PROXY,
    NO_PROXY: process.env.NO_PROXY,
    http_proxy: process.env.http_proxy,
    no_proxy: process.env.no_proxy,
  };
  let gateway: ScriptedGateway;
  let proxy: Server;
  let tunnels: string[];
  let refuse: boolean;
  let transport: Transport;
  const post = { method: 'POST' as const, path: '/sm/v1/x', headers: {}, body: '{}' };

  beforeEach(async () => {
    gateway = await scriptedGateway();
    tunnels = [];
    refuse = false;
    proxy = createServer();
    proxy.on('connect', (request, client) => {
      tunnels.push(request.url ?? '');
      if (refuse) return void client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
      const upstream = connect(Number(new URL(gateway.url).port), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n');
        upstream.pipe(client).pipe(upstream);
      });
      upstream.on('error', () => client.destroy());
      client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    setEnvironment({
      HTTP_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
      NO_PROXY: undefined,
      http_proxy: undefined,
      no_proxy: undefined,
    });
    transport = createTransport({ baseUrl: 'http://gateway.example', timeoutMs: 2_000 });
  });
  afterEach(async () => {
    setEnvironment(saved);
    await transport.close();
    await gateway.close();
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
  });

  test('a request with an effect asks mayStart with the tunnel open and nothing written', async () => {
    gateway.reply({ body: { ok: true } });
    const seen: unknown[] = [];
    const answer = await transport.sendOnce(post, () => {
      seen.push([...tunnels], gateway.requests.length);
      return true;
    });
    expect(answer.status).toBe(200);
    expect(seen).toEqual([['gateway.example:80'], 0]);
    expect(gateway.requests).toHaveLength(1);
  });

  test('a request with an effect that is too late never reaches the gateway', async () => {
    await expect(transport.sendOnce(post, () => false)).rejects.toMatchObject({ why: 'late', sent: false });
    expect(gateway.requests).toEqual([]);
  });

  test('a refused tunnel means that nothing was sent', async () => {
    refuse = true;
    await expect(transport.sendOnce(post, () => true)).rejects.toMatchObject({ why: 'connection', sent: false });
    expect(gateway.requests).toEqual([]);
  });

  test('reads go through it too', async () => {
    gateway.reply({ body: { ok: true } });
    expect((await transport.send(post)).status).toBe(200);
    expect(tunnels).toEqual(['gateway.example:80']);
  });

  test('a gateway on this machine is reached directly', async () => {
    const direct = createTransport({ baseUrl: gateway.url, timeoutMs: 2_000 });
    gateway.reply({}, {});
    await direct.send(post);
    await direct.sendOnce(post, () => true);
    await direct.close();
    expect(tunnels).toEqual([]);
    expect(gateway.requests).toHaveLength(2);
  });
});

function setEnvironment(values: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}

// Something between the worker and the gateway that may change any answer: a wrong clock, a page of a firewall, a cut connection.
import { createServer, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One answer of the gateway on its way back. The effect of the request has happened by then. */
export interface PassingAnswer {
  method: string;
  path: string;
  /** From 1, over all requests of this proxy. */
  nth: number;
  /** From 1, among the requests of this method and path without query. */
  nthOfPath: number;
  status: number;
  headers: IncomingHttpHeaders;
  /** Decoded: the proxy asks the gateway for no compression. */
  body: string;
}

export type Meddled = { status?: number; headers?: Record<string, string | string[] | undefined>; body?: string } | 'cut' | undefined;

/** What happens to an answer; undefined passes it on as it is, `cut` ends the connection without one. May be changed while it runs. */
export type Meddle = (answer: PassingAnswer) => Meddled | Promise<Meddled>;

/** Before the request reaches the gateway: a status answers it here, without any effect; `cut` ends the connection. */
export type Intercept = (request: { method: string; path: string; nth: number; nthOfPath: number }) => Meddled;

export interface MeddlingProxy {
  url: string;
  meddle: Meddle;
  intercept: Intercept;
  close(): Promise<void>;
}

/** A page such as a firewall or a load balancer sends in place of an answer. */
export function page(status: number, title = 'Blocked'): { status: number; headers: Record<string, string>; body: string } {
  const body = `<html><head><title>${title}</title></head><body>The response was blocked by your organisation.</body></html>`;
  return { status, headers: { 'content-type': 'text/html' }, body };
}

/** The answer's own `Date`, moved. */
export function dateMoved({ headers }: Pick<PassingAnswer, 'headers'>, byMs: number): { headers: Record<string, string> } {
  const at = Date.parse(headers.date ?? '') + byMs;
  return { headers: { ...(headers as Record<string, string>), date: new Date(at).toUTCString() } };
}

export async function meddlingProxy(target: string, meddle: Meddle = () => undefined): Promise<MeddlingProxy> {
  const base = new URL(target);
  const times = new Map<string, number>();
  let nth = 0;
  const server = createServer((req, res) => {
    const facts = { method: req.method ?? '', path: req.url ?? '', nth: 0, nthOfPath: 0 };
    const key = `${facts.method} ${facts.path.replace(/\?.*/, '')}`;
    facts.nth = nth += 1;
    facts.nthOfPath = (times.get(key) ?? 0) + 1;
    times.set(key, facts.nthOfPath);
    const early = proxy.intercept(facts);
    if (early !== undefined) {
      req.resume();
      return send(res, early, { status: 500, headers: {}, body: '' });
    }
    const headers = { ...req.headers, 'accept-encoding': 'identity' };
    const up = httpRequest({ host: base.hostname, port: base.port, method: req.method, path: req.url, headers }, (answer) => {
      void passOn(answer, facts, res);
    });
    up.on('error', () => req.socket.destroy());
    req.pipe(up);
  });
  const proxy: MeddlingProxy = {
    url: '',
    meddle,
    intercept: () => undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  async function passOn(answer: IncomingMessage, facts: Parameters<Intercept>[0], res: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of answer) chunks.push(chunk as Buffer);
    } catch {
      return void res.socket?.destroy();
    }
    const body = Buffer.concat(chunks).toString('utf8');
    const { headers, statusCode: status = 500 } = answer;
    const own = { status, headers, body };
    send(res, await proxy.meddle({ ...facts, ...own }), own);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return proxy;
}

function send(res: ServerResponse, meddled: Meddled, own: { status: number; headers: IncomingHttpHeaders; body: string }): void {
  if (meddled === 'cut') return void res.socket?.destroy();
  const { status, headers, body } = { ...own, ...meddled };
  const { 'content-length': _length, 'transfer-encoding': _coding, ...kept } = headers;
  const present = Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined)) as Record<string, string>;
  res.sendDate = false;
  if (status === 204) return void res.writeHead(status, present).end();
  res.writeHead(status, { ...present, 'content-length': String(Buffer.byteLength(body)) }).end(body);
}

// A loopback HTTP server that answers from a queue and remembers every request, for tests of the Qualys client.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** The time of the gateway, whatever the machine's clock says. */
const SERVER_DATE = 'Fri, 01 May 2026 12:00:00 GMT';

export interface SeenRequest {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  text: string;
  /** The parsed body, when it is JSON. */
  json: unknown;
}

export interface ScriptedAnswer {
  status?: number;
  headers?: Record<string, string>;
  /** Text and bytes go out as they are, all else as JSON. */
  body?: unknown;
  /** Cut the connection: before any byte of the answer, or in the middle of the body. */
  reset?: 'before-answer' | 'in-body';
  /** Never answer. */
  silent?: boolean;
  /** Hold the answer until this resolves. */
  hold?: Promise<void>;
}

export type Script = ScriptedAnswer | ((request: SeenRequest) => ScriptedAnswer);

/** A refusal in the API's own words: anything less may come from something in between. */
export function refusal(status: number, message = 'no', headers: Record<string, string> = {}): ScriptedAnswer & { status: number } {
  return { status, headers, body: { errorCode: String(status), message } };
}

/** A page such as a proxy puts in the place of an answer. */
export const PAGE = '<html><title>Blocked</title></html>';

export interface ScriptedGateway {
  url: string;
  /** Every request, `/auth` included, in order of arrival. */
  requests: SeenRequest[];
  /** Requests to a path, without those to `/auth` when no path is given. */
  calls(path?: string): SeenRequest[];
  /** Connections opened so far. */
  connections(): number;
  /** Answers for the next requests to all paths but `/auth`. */
  reply(...answers: Script[]): void;
  /** Answers for the next `/auth` requests; without any, each gets a good token. */
  replyAuth(...answers: Script[]): void;
  /** Drops the answers that were not used and the requests seen so far. */
  forget(): void;
  close(): Promise<void>;
}

/** An unsigned JWT. `exp` in seconds; without it the claim is left out. */
export function jwt(claims: Record<string, unknown> = {}): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part(claims)}.c2ln`;
}

export async function scriptedGateway(): Promise<ScriptedGateway> {
  const requests: SeenRequest[] = [];
  const queue: Script[] = [];
  const authQueue: Script[] = [];
  const sockets = new Set<Socket>();
  let opened = 0;
  let tokens = 0;

  const answerFor = (request: SeenRequest): ScriptedAnswer => {
    const isAuth = request.url === '/auth';
    const script = (isAuth ? authQueue : queue).shift();
    if (script) return typeof script === 'function' ? script(request) : script;
    if (!isAuth) return { status: 500, body: `no answer scripted for ${request.method} ${request.url}` };
    tokens += 1;
    return { status: 201, body: jwt({ n: tokens }) };
  };

  const server: Server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const request = { method: incoming.method ?? '', url: incoming.url ?? '', headers: incoming.headers, text, json: jsonOf(text) };
      requests.push(request);
      const answer = answerFor(request);
      void (answer.hold ?? Promise.resolve()).then(() => send(outgoing, answer));
    });
  });
  server.on('connection', (socket) => {
    opened += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    calls: (path) => requests.filter(({ url }) => (path === undefined ? url !== '/auth' : url === path)),
    connections: () => opened,
    reply: (...answers) => void queue.push(...answers),
    replyAuth: (...answers) => void authQueue.push(...answers),
    forget() {
      queue.length = 0;
      authQueue.length = 0;
      requests.length = 0;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function send(outgoing: ServerResponse, answer: ScriptedAnswer): void {
  if (answer.silent) return;
  if (answer.reset === 'before-answer') return void outgoing.socket?.resetAndDestroy();
  const { body } = answer;
  const bytes = body === undefined ? '' : typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  outgoing.writeHead(answer.status ?? 200, { date: SERVER_DATE, 'content-length': Buffer.byteLength(bytes), ...answer.headers });
  if (answer.reset === 'in-body') {
    outgoing.write(bytes.slice(0, Math.max(1, Math.floor(bytes.length / 2))), () => outgoing.socket?.destroy());
    return;
  }
  outgoing.end(bytes);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

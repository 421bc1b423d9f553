// The gateway of the walk's bench: pages of asset jobs in the shape of the document's sample, each ready before it is asked for.
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export const ROWS_A_PAGE = 1_000;
export const paths = { auth: '/auth', search: '/sm/v2/assetjobs/search' } as const;

const FIRST_ID = 10_000_000;
const FIRST_CREATED_AT = 1_673_366_408_141;
/** An asset job for each `{id}`, with a sort value that ends in it. */
const ROW_TEMPLATE = rowTemplate();

function rowTemplate(): string {
  const sample = readFileSync('src/qualys/samples/assetjobs-search-2023-wrapped.json', 'utf8');
  const [row] = (JSON.parse(sample) as { body: { list: { data: { id: string; asset: object; created: object } }[] } }).body.list;
  if (!row) throw new Error('The sample has no row');
  const { data } = row;
  return JSON.stringify({
    sortValues: ['{at}', '{id}'],
    data: { ...data, id: '{id}', created: { dateTime: '{at}' }, asset: { ...data.asset, id: '{id}', name: 'host-{id}' } },
  }).replaceAll('"{at}"', '{at}');
}

function pageFrom(place: number, total: number): Buffer {
  const rows = Array.from({ length: Math.min(ROWS_A_PAGE, total - place) }, (_, index) =>
    ROW_TEMPLATE.replaceAll('{id}', String(FIRST_ID + place + index)).replaceAll('{at}', String(FIRST_CREATED_AT + place + index)),
  );
  return Buffer.from(`{"errorCode":null,"message":null,"body":{"totalCount":${total},"list":[${rows.join(',')}]}}`);
}

/** The page asked for, and the one behind it for whoever asks next. */
class Pages {
  readonly #ready = new Map<number, Buffer>();

  constructor(readonly total: number) {}

  from(place: number): Buffer {
    const page = this.#ready.get(place) ?? pageFrom(place, this.total);
    this.#ready.delete(place);
    return page;
  }

  prepare(place: number): void {
    if (!this.#ready.has(place)) this.#ready.set(place, pageFrom(place, this.total));
  }
}

async function answer(incoming: IncomingMessage, outgoing: ServerResponse, { pages, latencyMs }: { pages: Pages; latencyMs: number }) {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  if (incoming.url === paths.auth) return void outgoing.end('bench.bench.bench');
  const { searchAfter } = JSON.parse(Buffer.concat(chunks).toString()) as { searchAfter?: [number, string] };
  const place = searchAfter ? Number(searchAfter[1]) - FIRST_ID + 1 : 0;
  const late = delay(latencyMs);
  const page = pages.from(place);
  // Within the latency, so that no request finds the gateway at work.
  pages.prepare(place + ROWS_A_PAGE);
  await late;
  outgoing.writeHead(200, { 'content-type': 'application/json', 'content-length': page.length }).end(page);
}

function serve(total: number, latencyMs: number): void {
  const pages = new Pages(total);
  pages.prepare(0);
  const server = createServer((incoming, outgoing) => void answer(incoming, outgoing, { pages, latencyMs }));
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
  // Its parent is gone.
  process.once('disconnect', () => process.exit(0));
}

if (process.send) serve(Number(process.argv[2]), Number(process.argv[3]));

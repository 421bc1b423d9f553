// What listeners of a run are told: everything once, in order, also after a break; and one look serves them all.
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { closeSampleRun, emptyLedger, openSampleRun, type SampleLedger } from '../../../test/support/ledger/sample.js';
import { ticketServer, withRun } from '../../../test/support/ticket-server.js';
import { type Place, placeOf, RunFeeds } from './run-feed.js';

let sample: SampleLedger;
let looks: number;
let feeds: RunFeeds;
const open: Listener[] = [];

beforeEach(async () => {
  sample = await emptyLedger();
  await openSampleRun(sample.ledger, 'a/1', ['1', '2']);
  looks = 0;
  const { ledger } = sample;
  const reader = withRun(ledger.reader, (id) => {
    looks += 1;
    return ledger.reader.run(id);
  });
  feeds = new RunFeeds({ ledger: async () => ({ ...ledger, reader }), temporal: NO_TEMPORAL }, { lookEveryMs: 5 });
});
afterEach(async () => {
  for (const listener of open.splice(0)) listener.leave();
  feeds.close();
  await sample.ledger.close();
});

const nothing = async (): Promise<never> => {
  throw new Error('Temporal is not here');
};
const NO_TEMPORAL = { find: async () => undefined, progress: nothing, end: nothing, list: nothing, decide: nothing, cancel: nothing };

interface Told {
  name: string;
  place: Place;
  data: Record<string, unknown>;
}

/** Reads events as they come. */
class Listener {
  readonly told: Told[] = [];
  readonly #stream: Readable;
  #text = '';
  #wake: () => void = () => undefined;
  isOver = false;

  constructor(stream: Readable) {
    this.#stream = stream;
    open.push(this);
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      this.#text += text;
      const blocks = this.#text.split('\n\n');
      this.#text = blocks.pop() ?? '';
      for (const block of blocks) this.#hear(block);
      this.#wake();
    });
    stream.on('end', () => {
      this.isOver = true;
      this.#wake();
    });
  }

  #hear(block: string): void {
    const { id, event, data } = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s))) as Record<string, string>;
    const place = placeOf(id ?? '');
    if (event !== undefined && place) this.told.push({ name: event, place, data: JSON.parse(data ?? '') });
  }

  async until(done: (listener: this) => boolean): Promise<void> {
    while (!done(this))
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }

  leave(): void {
    this.#stream.destroy();
  }
}

async function listen(from?: Place): Promise<Listener> {
  const stream = await feeds.listen('a/1', from);
  if (!stream) throw new Error('nothing to hear');
  return new Listener(stream);
}

const names = ({ told }: Listener): string[] => told.map(({ name, data }) => (name === 'audit' ? `audit ${String(data.action)}` : name));
const note = (action: string) => sample.ledger.audit.add('a/1', { actor: 'kim', action });

describe('a listener', () => {
  test('is told the state at once, then what changes, and the end', async () => {
    await note('before');
    const listener = await listen();
    await listener.until(({ told }) => told.length === 1);
    expect(listener.told[0]?.data).toMatchObject({ workflowId: 'a/1', state: 'running', progress: { counts: { pending: 2 } } });
    await note('pause');
    await listener.until(({ told }) => told.length === 2);
    expect(listener.told[1]?.data).toEqual({ at: expect.any(String), actor: 'kim', verified: false, action: 'pause' });
    await closeSampleRun(sample.ledger, 'a/1');
    await listener.until(({ isOver }) => isOver);
    const [last, before] = [...listener.told].reverse();
    expect([last?.name, before?.name, before?.data]).toEqual([
      'end',
      'state',
      expect.objectContaining({ state: 'failed', report: expect.anything() }),
    ]);
    expect(feeds.size).toBe(0);
  });

  test('that comes back is told every entry that it missed, once, and the state only where it is another', async () => {
    const first = await listen();
    await note('one');
    await first.until(({ told }) => names({ told } as Listener).includes('audit one'));
    const place = first.told.at(-1)?.place;
    first.leave();
    await note('two');
    await note('three');
    const again = await listen(place);
    await again.until(({ told }) => told.length >= 2);
    await note('four');
    await again.until(({ told }) => names({ told } as Listener).includes('audit four'));
    expect(names(again)).toEqual(['audit two', 'audit three', 'audit four']);
  });

  test('that has heard the end has nothing to come back for; one that has not is told it', async () => {
    const first = await listen();
    await first.until(({ told }) => told.length === 1);
    const early = first.told[0]?.place;
    await closeSampleRun(sample.ledger, 'a/1');
    await first.until(({ isOver }) => isOver);
    expect(await feeds.listen('a/1', first.told.at(-1)?.place)).toBeUndefined();
    const late = await listen(early);
    await late.until(({ isOver }) => isOver);
    expect(names(late).slice(-2)).toEqual(['state', 'end']);
  });

  test('that does not read is cut off, and the others hear on', async () => {
    const deaf = await feeds.listen('a/1', undefined);
    const listener = await listen();
    const cut = new Promise((resolve) => deaf?.once('close', resolve));
    // A state of the size that a run has whose waves and notes are many.
    for (let part = 0; part < 700; part += 1) await sample.ledger.audit.add('a/1', { action: 'note', detail: 'x'.repeat(2_000) });
    await cut;
    await listener.until(({ told }) => told.length >= 700);
    expect(listener.isOver).toBe(false);
  });
});

describe('one look', () => {
  test('serves all who listen: a hundred cost no more looks than one, and nobody listening costs none', async () => {
    const listeners = await Promise.all(Array.from({ length: 100 }, () => listen()));
    expect([looks, feeds.size]).toEqual([1, 1]);
    await Promise.all(listeners.map((listener) => listener.until(({ told }) => told.length === 1)));
    await note('pause');
    await Promise.all(listeners.map((listener) => listener.until(({ told }) => told.length === 2)));
    // Each look is one of the feed's; were they the listeners', there would be a hundred of each.
    expect(looks).toBeLessThan(100);
    for (const listener of listeners) listener.leave();
    await Promise.all(listeners.map(() => new Promise(setImmediate)));
    expect(feeds.size).toBe(0);
  });
});

describe('over HTTP', () => {
  test('the events are a stream that no proxy keeps back; a place that is none is refused', async () => {
    const { app } = ticketServer({ config: '', env: {}, now: new Date(), ledger: async () => sample.ledger, temporal: NO_TEMPORAL });
    await closeSampleRun(sample.ledger, 'a/1');
    const ask = (headers = {}) => app.inject({ url: '/api/runs/a%2F1/events', headers: { host: 'localhost', ...headers } });
    const answer = await ask();
    expect([answer.statusCode, answer.headers['content-type'], answer.headers['x-accel-buffering']]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
      'no',
    ]);
    const [, last] = /id: (.*)\nevent: end/.exec(answer.body) ?? [];
    expect((await ask({ 'last-event-id': last })).statusCode).toBe(204);
    expect((await ask({ 'last-event-id': 'x' })).statusCode).toBe(400);
    await app.close();
  });

  test('a server that stops ends them', async () => {
    const { app } = ticketServer({ config: '', env: {}, now: new Date(), ledger: async () => sample.ledger, temporal: NO_TEMPORAL });
    const address = await app.listen({ host: '127.0.0.1', port: 0 });
    const response = await fetch(`${address}/api/runs/a%2F1/events`);
    const body = response.text();
    await app.close();
    expect(await body).toContain('event: state');
  });
});

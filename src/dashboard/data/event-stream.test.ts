import { describe, expect, test } from '@jest/globals';
import { EventStream } from './event-stream.js';

const SENT = 'retry: 2000\n\nid: 7.abc\nevent: state\ndata: {"a":1}\n\n:\n\nid: 8.abc\nevent: audit\ndata: one\ndata: two\n\n';
const EVENTS = [
  { name: 'state', data: '{"a":1}' },
  { name: 'audit', data: 'one\ntwo' },
];

describe('an event stream', () => {
  test('gives its events and the id of the last', () => {
    const stream = new EventStream();
    expect([stream.take(SENT), stream.lastId]).toEqual([EVENTS, '8.abc']);
  });

  test('may be cut anywhere, and may end its lines in any way', () => {
    for (const text of [SENT, SENT.replaceAll('\n', '\r\n')]) {
      const stream = new EventStream();
      expect([...text].flatMap((sign) => stream.take(sign))).toEqual(EVENTS);
    }
  });

  test('an event that was cut off is none, and moves the place of none', () => {
    const stream = new EventStream();
    expect(stream.take('id: 1.a\ndata: x\n\nid: 2.a\ndata: y\n')).toEqual([{ name: 'message', data: 'x' }]);
    expect(stream.lastId).toBe('1.a');
    stream.begin();
    expect([stream.take('\ndata: z\n\n'), stream.lastId]).toEqual([[{ name: 'message', data: 'z' }], '1.a']);
  });

  test('a colon in the data stays, a field without one is empty, an unknown one is left out', () => {
    const stream = new EventStream();
    expect(stream.take('data:  a: b\ndata\nwhat: ever\n\n')).toEqual([{ name: 'message', data: ' a: b\n' }]);
  });
});

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  hostsIn,
  moreNotJoinedRecord,
  NOT_JOINED,
  type NotJoined,
  notJoinedRecords,
  notJoinedText,
  readNotJoined,
  unreadableRecord,
} from './join-record.js';

const entry = (detail: string) => ({ action: NOT_JOINED, detail });
const hosts = (count: number): NotJoined[] =>
  Array.from({ length: count }, (_, index) => ({ source: 'gav', id: String(index), name: `host-${index}.example.com`, why: 'unknown' }));

describe('the list of what could not be joined', () => {
  test('comes back from the audit log whole, in order', () => {
    const written = notJoinedRecords(1, 'gav', hosts(500));
    expect(written.length).toBeGreaterThan(5);
    expect(readNotJoined([{ action: 'pause' }, ...written.map(entry)])).toEqual({ count: 500, assets: hosts(500) });
  });

  test('is that of the last attempt: an earlier one may have ended half way', () => {
    const entries = [...notJoinedRecords(1, 'gav', hosts(3)), ...notJoinedRecords(2, 'gav', hosts(2))].map(entry);
    expect(readNotJoined(entries).count).toBe(2);
  });

  test('counts those that are not named', () => {
    const entries = [...notJoinedRecords(1, 'edr', hosts(2)), moreNotJoinedRecord(1, 'edr', 40)].map(entry);
    expect(readNotJoined(entries)).toMatchObject({ count: 42, assets: [{ source: 'edr' }, { source: 'edr' }] });
  });

  test('has one entry for all rows of a source that could not be understood, and counts each', () => {
    const entries = [...notJoinedRecords(1, 'gav', hosts(2)), unreadableRecord(1, 'gav', 3), unreadableRecord(1, 'tag 7', 1)].map(entry);
    const { count, assets } = readNotJoined(entries);
    expect([count, hostsIn(assets), assets.slice(0, 2)]).toEqual([
      6,
      6,
      [
        { source: 'gav', id: '', why: 'unreadable', rows: 3 },
        { source: 'tag 7', id: '', why: 'unreadable', rows: 1 },
      ],
    ]);
  });

  test('is empty without entries', () => {
    expect(readNotJoined([])).toEqual({ count: 0, assets: [] });
  });

  test('never needs more than an audit entry holds, whatever the names', () => {
    const text = fc.string({ unit: 'binary', maxLength: 400 });
    const host = fc.record({ id: text, name: text, candidates: fc.array(fc.stringMatching(/^\d{19}$/), { maxLength: 9 }) });
    fc.assert(
      fc.property(fc.array(host, { minLength: 1, maxLength: 20 }), (given) => {
        const records = notJoinedRecords(
          3,
          'gav-v1',
          given.map((one) => ({ ...one, source: 'gav-v1', why: 'ambiguous' })),
        );
        expect(Math.max(...records.map(({ length }) => length))).toBeLessThanOrEqual(2_000);
        expect(readNotJoined(records.map(entry)).count).toBe(given.length);
      }),
    );
  });

  test('says of each host which one it is, and why', () => {
    expect(notJoinedText({ source: 'gav', id: '28975144', name: 'web-1', why: 'ambiguous', candidates: ['1', '2'] })).toBe(
      'web-1 (gav 28975144): matches several CAR assets: 1, 2',
    );
    expect(notJoinedText({ source: 'edr', id: 'aaaa-1', why: 'unknown' })).toBe('edr aaaa-1: unknown to CAR');
  });
});

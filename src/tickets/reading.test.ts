import { describe, expect, test } from '@jest/globals';
import type { Hook } from '../contracts/config/file.js';
import { isApproved, type ReadTicket, readAgain, type TicketSource } from './reading.js';

const SOURCE: TicketSource = { name: 'snow', entry: { system: 'servicenow' } };
const HOOK: Hook = { system: 'standard', secrets: [{ env: 'S' }], playbook: 'patch', ticket: 'snow' };
const read = (readTicket: ReadTicket) => readAgain(readTicket, { hook: HOOK, ticketId: 'CHG1', source: SOURCE, timeoutMs: 20 });

describe('reading a ticket again', () => {
  test('gives up a system that hangs, tells its reader so, and asks it once more', async () => {
    const signals: AbortSignal[] = [];
    const reading = await read((_hook, _id, { signal }) => {
      signals.push(signal);
      return new Promise(() => undefined);
    });
    expect(reading).toEqual({ kind: 'unreadable', why: 'no answer within 20 ms' });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  });

  test('takes the second answer where the first try failed, and none that comes after its time', async () => {
    const answers: TicketAnswer[] = [new Promise((resolve) => setTimeout(resolve, 60, { kind: 'read', record: 'late' })), 'second'];
    const reading = await read(async () => {
      const answer = await answers.shift();
      return typeof answer === 'string' ? { kind: 'read', record: answer } : (answer ?? { kind: 'unreadable', why: 'asked too often' });
    });
    expect(reading).toEqual({ kind: 'read', record: 'second' });
  });
});

type TicketAnswer = string | ReturnType<ReadTicket>;

describe('an approval', () => {
  const of = (approved: string | undefined, record: unknown) => isApproved(approved === undefined ? {} : { approved }, SOURCE, record);

  test('is by default what the system calls one', () => {
    expect(of(undefined, { approval: 'approved' })).toBe(true);
    expect(of(undefined, { approval: 'rejected' })).toBe(false);
    expect(isApproved({}, { name: 'j', entry: { system: 'jira' } }, { approval: 'approved' })).toBe(false);
  });

  test.each([true, 'yes', 1, ['ann'], { by: 'ann' }])('%j says yes', (value) => expect(of('u', { u: value })).toBe(true));

  test.each([false, null, undefined, '', 'false', ' False ', '0', 0, [], {}])('%j does not', (value) =>
    expect(of('u', { u: value })).toBe(false),
  );

  test('that cannot be decided over this record is none', () => {
    expect(of('length(u)', { u: 3 })).toBe(false);
  });
});

import { describe, expect, test } from '@jest/globals';
import { parsePayload } from './payload.js';

const problemOf = (body: Uint8Array) => {
  const parsed = parsePayload(body);
  return parsed.ok ? parsed.value : parsed.problems[0]?.problem;
};

describe('the body of a ticket event', () => {
  test('brackets inside strings are no nesting', () => {
    const text = `${'['.repeat(500)}\\"${'{'.repeat(500)}`;
    expect(problemOf(Buffer.from(JSON.stringify({ text })))).toEqual({ text });
  });

  test('64 levels are taken, 65 refused', () => {
    expect(Array.isArray(problemOf(Buffer.from(`${'['.repeat(64)}${']'.repeat(64)}`)))).toBe(true);
    expect(problemOf(Buffer.from(`${'['.repeat(65)}${']'.repeat(65)}`))).toBe('the body is nested deeper than 64 levels');
  });

  test('other bytes than UTF-8, and other texts than JSON, are refused', () => {
    expect(problemOf(Buffer.from([0x22, 0xff, 0x22]))).toBe('the body is not UTF-8');
    expect(problemOf(Buffer.from('{"a":'))).toBe('the body is not JSON');
    expect(problemOf(Buffer.alloc(0))).toBe('the body is not JSON');
  });
});

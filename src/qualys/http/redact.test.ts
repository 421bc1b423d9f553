import { describe, expect, test } from '@jest/globals';
import { redacted } from './redact.js';

describe('redacted', () => {
  test.each([
    ['Authorization: Bearer abc.def-ghi', 'ghi'],
    ['got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl from /auth', 'c2lnbmF0dXJl'],
    ['username=u&password=hunter2&token=true', 'hunter2'],
    ['{"password": "hun ter2", "x": 1}', 'ter2'],
    ['connect https://user:hunter2@proxy:8080 failed', 'hunter2'],
    ['{"scriptResult":"U2VjcmV0"}', 'U2VjcmV0'],
    ["{'access_token': 'opaque-value'}", 'opaque-value'],
  ])('%s', (text, secret) => {
    expect(redacted(text)).not.toContain(secret);
    expect(redacted(text)).toMatch(/\[(redacted|token)\]/);
  });

  test('takes given secrets out wherever they stand', () => {
    expect(redacted('user bob may not use p&ss', 300, ['p&ss', 'bob', ''])).toBe('user [redacted] may not use [redacted]');
  });

  test('leaves ordinary sentences alone, on one line, clipped', () => {
    expect(redacted('Scheduler with the same title\n already exists: Nightly')).toBe(
      'Scheduler with the same title already exists: Nightly',
    );
    expect(redacted('x'.repeat(1_000), 200)).toHaveLength(200);
  });
});

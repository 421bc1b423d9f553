import { expect, test } from '@jest/globals';
import { translated } from '../../../test/support/translated.js';

const event = (comment: unknown) => ({ ticket: { id: '1', generation: '1' }, hosts: 'web01', comment });

test.each(['done overhaul:zendesk/1/1', '[overhaul:zen%20desk/CHG%2F1/2]', { text: ['x', 'overhaul:a/b/c'] }])(
  'our marker is found in %j',
  (comment) => expect(translated('zendesk', event(comment))).toEqual({ ignored: 'it was written by us' }),
);

test.each(['overhaul: the engine/gearbox', 'see overhaul:zendesk', 'https://overhaul.example.com/runs/a', 7, null])(
  '%j is no marker',
  (comment) => expect(translated('zendesk', event(comment))).toMatchObject({ ticket: { id: '1' } }),
);

test('a comment made to keep the search going does not', () => {
  const started = process.cpuUsage().user;
  const asked = translated('zendesk', event('overhaul:'.repeat(110_000)));
  expect(asked).toMatchObject({ ticket: { id: '1' } });
  // Without bounds this takes minutes of the processor's own time.
  expect(process.cpuUsage().user - started).toBeLessThan(5_000_000);
});

import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { platformOf, readCarAsset } from './assets.js';
import { compact, idText, text } from './common.js';
import { hostNamesOf } from './host-names.js';
import { lastSeenOf } from './last-seen.js';

test.each([
  [{ name: 'web-1' }, 'assetId: is no id'],
  [{ assetId: '  ' }, 'assetId: is no id'],
  [{ assetId: 2 ** 53 }, 'assetId: is no id'],
  [null, 'row: is no object'],
  [[{ assetId: 1 }], 'row: is no object'],
])('a row that names no asset is refused, in words without its content: %j', (raw, problem) => {
  expect(readCarAsset(raw)).toEqual({ problem });
});

/** The row as a schema would have it: slower, and plain to read. */
const Schema = z
  .looseObject({
    assetId: idText,
    name: text,
    agentUuid: text,
    platform: text,
    operatingSystem: text,
    tags: z
      .array(z.union([idText, z.object({ id: idText }).transform((tag) => tag.id)]).catch(''))
      .nullish()
      .catch(undefined),
  })
  .transform((row) => {
    const aliases = hostNamesOf(row);
    return compact({
      ...{ assetId: row.assetId, name: row.name ?? '', agentUuid: row.agentUuid },
      platform: row.platform?.toUpperCase() ?? platformOf(row.operatingSystem ?? ''),
      tags: (row.tags ?? []).filter((tag) => tag !== ''),
      aliases: aliases.length > 0 ? aliases : undefined,
      lastSeenAt: lastSeenOf(row),
    });
  });

test('whatever a row holds, it is read as the schema would read it', () => {
  const value = fc.oneof(
    fc.constantFrom<unknown>(null, undefined, '', ' 7 ', 'linux', 'Windows 11', 'web-1', '2026-04-27T12:22:28'),
    ...[fc.integer(), fc.double(), fc.boolean(), fc.string(), fc.constant({}), fc.constant([])],
  );
  const id = fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1 }) }, value);
  const tag = fc.oneof(id, fc.record({ id }));
  const nic = fc.record({ hostname: value, address: value }, { requiredKeys: [] });
  const raw = fc.record(
    {
      ...{ assetId: id, name: value, agentUuid: value, platform: value, operatingSystem: value },
      tags: fc.oneof({ weight: 5, arbitrary: fc.array(tag) }, value),
      interfaces: fc.oneof(fc.array(nic), value),
      ...{ dns_name: value, 'Last-Checked-In': value, agent: fc.oneof(fc.record({ lastActivity: value }), value) },
    },
    { requiredKeys: ['assetId'] },
  );
  let understood = 0;
  fc.assert(
    fc.property(raw, (given) => {
      const parsed = Schema.safeParse(given);
      understood += parsed.success ? 1 : 0;
      expect(readCarAsset(given).row).toEqual(parsed.success ? parsed.data : undefined);
    }),
    { numRuns: 500 },
  );
  expect(understood).toBeGreaterThan(50);
});

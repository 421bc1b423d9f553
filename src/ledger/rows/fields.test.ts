import { expect, test } from '@jest/globals';
import { fieldsOf, givenFieldsOf } from './fields.js';

test('a row becomes the fields that are named; NULL is undefined, or a field that is not there', () => {
  const row: { asset_id: string; exit_code: number | null; reason: string | null; lease: number | null } = {
    ...{ asset_id: 'a', exit_code: 0, reason: null, lease: 1 },
  };
  const names = { assetId: 'asset_id', exitCode: 'exit_code', reason: 'reason' } as const;
  expect(fieldsOf(row, names)).toStrictEqual({ assetId: 'a', exitCode: 0, reason: undefined });
  expect(givenFieldsOf(row, names)).toStrictEqual({ assetId: 'a', exitCode: 0 });
});

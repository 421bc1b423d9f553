import { describe, expect, test } from '@jest/globals';
import { circles, type Folder, folders } from './folders.js';

const FILES_A_FOLDER = 15;

describe('the folders of src/', () => {
  const all = folders();

  test('have no circle', () => {
    expect(circles(all)).toEqual([]);
  });

  test.each(all.map(({ path, lines }) => [path, lines.length]))('%s holds few enough files to read their names', (_, files) => {
    expect(files).toBeLessThanOrEqual(FILES_A_FOLDER);
  });
});

describe('circles', () => {
  const folder = (path: string, ...imports: string[]): Folder => ({ path, lines: [1], imports: new Set(imports), importers: new Set() });

  test('of two and of three folders are found', () => {
    expect(circles([folder('a', 'b/x.ts'), folder('b', 'a/x.ts'), folder('c', 'a/x.ts')])).toEqual([['a', 'b']]);
    expect(circles([folder('a', 'b/x.ts'), folder('b', 'c/x.ts'), folder('c', 'a/x.ts')])).toEqual([['a', 'b', 'c']]);
  });

  test('by way of what is inside a folder are found, a folder with its own parts is none', () => {
    expect(circles([folder('a/part', 'b/x.ts'), folder('a', 'a/part/x.ts'), folder('b', 'a/x.ts')])).toHaveLength(1);
    expect(circles([folder('a/part', 'a/x.ts'), folder('a', 'a/part/x.ts')])).toEqual([]);
  });
});

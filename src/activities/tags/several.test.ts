import { describe, expect, test } from '@jest/globals';
import type { Members } from './read.js';
import { readersFor, readSeveral } from './several.js';

const TAGS = ['1', '2', '3', '4', '5', '6'];
const members = (tagId: string): Members => ({ kind: 'members', assetIds: [`asset of ${tagId}`] });
const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

describe('reading several tags', () => {
  test('reads as many at a time as it may, and answers in the order of the tags whatever the order of the answers', async () => {
    let [now, most] = [0, 0];
    const found = await readSeveral({
      tagIds: TAGS,
      readers: 3,
      ends: () => true,
      read: async (tagId) => {
        now += 1;
        most = Math.max(most, now);
        await turns(10 - Number(tagId));
        now -= 1;
        return members(tagId);
      },
    });
    expect(most).toBe(3);
    expect(found).toEqual(new Map(TAGS.map((tagId) => [tagId, [`asset of ${tagId}`]])));
    expect([...(found as Map<string, string[]>).keys()]).toEqual(TAGS);
  });

  test('leaves out a tag in doubt that ends nothing', async () => {
    const read = async (tagId: string): Promise<Members> => (tagId === '2' ? { kind: 'doubt', why: 'strangers' } : members(tagId));
    expect([...((await readSeveral({ tagIds: TAGS, readers: 2, read, ends: () => false })) as Map<string, string[]>).keys()]).toEqual([
      ...['1', '3', '4', '5', '6'],
    ]);
  });

  test('a doubt that ends the reading aborts what is under way and begins nothing more', async () => {
    const begun: string[] = [];
    const found = await readSeveral({
      tagIds: TAGS,
      readers: 2,
      ends: () => true,
      read: async (tagId, signal) => {
        begun.push(tagId);
        if (tagId === '2') return { kind: 'doubt', why: 'a stranger' };
        await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
        return members(tagId);
      },
    });
    expect(found).toEqual({ kind: 'doubt', why: 'a stranger' });
    expect(begun).toEqual(['1', '2']);
  });

  test('rejects with the first failure when every reader is at rest', async () => {
    const over: string[] = [];
    const reading = readSeveral({
      tagIds: TAGS,
      readers: 3,
      ends: () => true,
      read: async (tagId, signal) => {
        if (tagId === '3') throw new Error('503');
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        await turns(3);
        over.push(tagId);
        throw new Error('aborted');
      },
    });
    await expect(reading).rejects.toThrow('503');
    expect(over).toEqual(['1', '2']);
  });

  test.each([
    [1, 1],
    [2, 2],
    [16, 4],
    [0, 1],
  ])('where the gateway takes %i calls at once there are %i readers', (concurrency, readers) => {
    expect(readersFor(concurrency)).toBe(readers);
  });
});

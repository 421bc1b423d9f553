// What the documents promise about themselves: links lead somewhere, named tests exist, first pages stay short.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const tracked = execFileSync('git', ['ls-files'], { cwd: ROOT, encoding: 'utf8' }).split('\n').filter(Boolean);
const documents = tracked.filter((path) => path.endsWith('.md'));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const withoutCode = (text: string): string => text.replace(/^ *```[\s\S]*?^ *```/gm, '').replace(/`[^`\n]*`/g, '');

/** GitHub's rule for the anchor of a heading. */
function anchorsOf(path: string): string[] {
  return [...read(path).matchAll(/^#{1,6} (.*)$/gm)].map(([, title = '']) =>
    title
      .replace(/[`*_]|\[|\]\([^)]*\)/g, '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- ]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function leadsNowhere(from: string, target: string): boolean {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? from : relative(ROOT, join(ROOT, dirname(from), path));
  if (!existsSync(join(ROOT, file))) return true;
  return anchor !== undefined && file.endsWith('.md') && !anchorsOf(file).includes(anchor);
}

test('every link of a document leads to a file, and to a heading in it', () => {
  const broken = documents.flatMap((from) =>
    [...withoutCode(read(from)).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^(?:https?|mailto|file):/.test(target) && leadsNowhere(from, target))
      .map((target) => `${from}: ${target}`),
  );
  expect(broken).toEqual([]);
});

test('every document that a comment names exists, with its heading', () => {
  const sources = tracked.filter((path) => /^(?:src|scripts|test)\/.*\.(?:ts|mjs)$/.test(path));
  const broken = sources.flatMap((from) =>
    [...read(from).matchAll(/\b(docs\/[\w./-]+\.md)(?:#([\w-]+))?/g)]
      .filter(([, file = '', anchor]) => leadsNowhere('README.md', anchor === undefined ? file : `${file}#${anchor}`))
      .map(([named]) => `${from}: ${named}`),
  );
  expect(broken).toEqual([]);
});

test('every test that an invariant names exists once', () => {
  const named = [...read('docs/architecture/invariants.md').matchAll(/`([\w./-]+\.test\.ts)`/g)].map(([, path = '']) => path);
  expect(named.length).toBeGreaterThan(50);
  const wrong = named.filter((path) => tracked.filter((one) => one === path || one === `src/${path}`).length !== 1);
  expect(wrong).toEqual([]);
});

test('first pages are short, and prose has at most 140 characters a line', () => {
  expect(read('README.md').split('\n').length).toBeLessThan(150);
  expect(Buffer.byteLength(read('ARCHITECTURE.md'))).toBeLessThanOrEqual(12_000);
  const long = documents
    .filter((path) => !path.startsWith('docs/decisions/') && !/Written by|[Gg]enerated by/.test(read(path).slice(0, 300)))
    .flatMap((path) =>
      read(path)
        .replace(/^ *```[\s\S]*?^ *```/gm, (code) => code.replaceAll(/[^\n]/g, ''))
        .split('\n')
        .map((line, index) => ({ line, at: `${path}:${index + 1}` }))
        .filter(({ line }) => line.length > 140 && !/^\s*\||^ {4}|\]\([^)]*\)\S*$/.test(line))
        .map(({ at }) => at),
    );
  expect(long).toEqual([]);
});

/** Phrases that cspell cannot flag, because they have several words. */
const GIVEN_UP = /\b(?:for ever|in vain|gone by|to be had|all the same (?:is|was|are)|put back from)\b/i;

test('no document, comment or title uses phrases that we gave up', () => {
  const sources = tracked.filter((path) => /^(?:src|scripts|test)\/.*\.(?:ts|mjs)$/.test(path) && path !== 'test/house/documents.test.ts');
  const used = [...documents, ...sources].flatMap((path) =>
    read(path)
      .split('\n')
      .flatMap((line, index) => (GIVEN_UP.test(line) ? `${path}:${index + 1}: ${line.trim()}` : [])),
  );
  expect(used).toEqual([]);
});

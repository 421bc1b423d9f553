import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { configurationMarkdown } from './configuration-markdown.js';

test('docs/configuration.md says what the schema reads: `npm run docs` writes it again', () => {
  expect(readFileSync(new URL('../docs/configuration.md', import.meta.url), 'utf8')).toBe(configurationMarkdown());
});

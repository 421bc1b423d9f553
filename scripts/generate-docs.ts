// docs/configuration.md, from the schema that reads the environment. `npm run docs` writes it; a test compares it.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { configurationMarkdown } from './configuration-markdown.js';

writeFileSync(fileURLToPath(new URL('../docs/configuration.md', import.meta.url)), configurationMarkdown());

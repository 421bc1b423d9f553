// What docs/ has from the code: the configuration from the schema that reads the environment, the coverage of the API from its
// declarations, the folders from the tree. `npm run docs` writes them; tests compare them.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { apiCoverageMarkdown } from './api-coverage-markdown.js';
import { configurationMarkdown } from './configuration-markdown.js';
import { foldersMarkdown } from './folders.js';

writeFileSync(fileURLToPath(new URL('../docs/configuration.md', import.meta.url)), configurationMarkdown());
writeFileSync(fileURLToPath(new URL('../docs/api-coverage.md', import.meta.url)), apiCoverageMarkdown());
writeFileSync(fileURLToPath(new URL('../docs/folders.md', import.meta.url)), foldersMarkdown());

// `npm run dashboard-image`: the picture of the dashboard in docs/images, as its test in the browser saw it.
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './setup.mjs';

const SEEN = join(ROOT, '.overhaul', 'run-wide-light.png');
const IMAGE = join(ROOT, 'docs', 'images', 'dashboard.png');

if (!existsSync(SEEN)) throw new Error('There is no picture yet. Make one with: npm test -- test/e2e/dashboard.test.ts');
copyFileSync(SEEN, IMAGE);
console.log(`${IMAGE} shows what the test saw`);

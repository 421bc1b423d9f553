// `npm run report-image`: the picture of a report in docs/images, from the newest run of the demo. Needs Chromium (scripts/chromium.mjs).
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findChromium } from './chromium.mjs';
import { ROOT } from './setup.mjs';

const IMAGE = join(ROOT, 'docs', 'images', 'report.png');
const SIZE = '1100,1120';

const demos = join(ROOT, '.demo');
const newest = readdirSync(demos).sort().at(-1);
if (newest === undefined) throw new Error('There is no report yet. Make one with: npm run demo');
const report = pathToFileURL(join(demos, newest, 'report.html')).href;
const options = ['--headless=new', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', `--window-size=${SIZE}`, `--screenshot=${IMAGE}`];
execFileSync(findChromium(), [...options, report], { stdio: 'inherit' });
console.log(`${IMAGE} shows ${report}`);

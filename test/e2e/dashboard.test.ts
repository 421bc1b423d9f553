// The dashboard in a real browser, over a real server, ledger and Temporal. Pictures of what was seen are in .overhaul/.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AxeBuilder } from '@axe-core/playwright';
import { afterAll, afterEach, beforeAll, describe, expect, test as testOf } from '@jest/globals';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
// @ts-expect-error a plain script without types
import { chromiumIfAny } from '../../scripts/chromium.mjs';
import { type ServedDashboard, serveDashboard } from '../support/dashboard/served.js';
import { assetIds, openProductHarness, type ProductHarness, requestFor } from '../workflows/product-harness.js';

const PICTURES = fileURLToPath(new URL('../../.overhaul/', import.meta.url));
const HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=1</script>\u001b[31mred\u202egnp.exe';
const SIZES = { wide: { width: 1280, height: 900 }, phone: { width: 375, height: 780 } } as const;
const WAIT_MS = 60_000;

/** Where there is none, `npm test` has said how to get one. */
const executablePath = chromiumIfAny() as string | undefined;
const test = executablePath === undefined ? testOf.skip : testOf;

let harness: ProductHarness;
let served: ServedDashboard;
let guarded: ServedDashboard;
let browser: Browser;
let context: BrowserContext;
/** What a page complained of: scripts and styles that its policy stops are among it. */
let complaints: string[] = [];

beforeAll(async () => {
  if (executablePath === undefined) return;
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  const results = [{ assetIds: assetIds(3, 1), exitCode: 5, output: HOSTILE }];
  harness = await openProductHarness('dashboard', { simulator: { results, failAssets: assetIds(4, 3) } });
  served = await serveDashboard(harness);
  const config = 'access: { tokens: [{ name: vi, role: viewer, token: { env: VI } }, { name: ann, role: approver, token: { env: ANN } }] }';
  guarded = await serveDashboard(harness, { config, env: { VI: 'token-of-vi', ANN: 'token-of-ann' } });
  mkdirSync(PICTURES, { recursive: true });
}, 600_000);

afterEach(async () => {
  await context?.close();
  complaints = [];
});

afterAll(async () => {
  await browser?.close();
  await served?.close();
  await guarded?.close();
  await harness?.close();
});

async function openPage(size: keyof typeof SIZES, address: string): Promise<Page> {
  context = await browser.newContext({ viewport: SIZES[size], reducedMotion: 'reduce' });
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())));
  page.on('pageerror', (error) => void complaints.push(error.message));
  await page.goto(address);
  return page;
}

async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(PICTURES, `${name}.png`) });
}

/** In light and in dark, whatever the severity. */
async function expectAccessible(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await picture(page, `${name}-${colorScheme}`);
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`)])).toEqual([]);
  }
}

async function isWiderThanItsWindow(page: Page): Promise<boolean> {
  return page.evaluate<boolean>('document.documentElement.scrollWidth > document.documentElement.clientWidth');
}

function pathOf(id: string): string {
  return `/runs/${encodeURIComponent(id)}`;
}

async function campaign(name: string, count = 40): Promise<string> {
  const workflowId = `${name}/${harness.taskQueue.slice(-8)}`;
  const input = {
    ...{ name, requestedBy: 'kim', reason: 'CVE-2026-0001', steps: { remediate: 72648 }, targets: { assetIds: assetIds(0, count) } },
    waves: [{ name: 'canary', size: 10, approval: false }, { name: 'rest' }],
    ...{ approval: { quorum: 1 }, poll: { interval: '1s' }, deadline: '1m' },
  };
  const answer = await fetch(`${served.url}/api/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ workflow: 'remediationCampaign', workflowId, input }),
  });
  expect([answer.status, await answer.text()]).toEqual([202, expect.any(String)]);
  return workflowId;
}

async function stateIs(page: Page, word: string): Promise<void> {
  await page.locator('.heading .state', { hasText: word }).waitFor();
}

async function decide(page: Page, decision: string, reason: string, by?: string): Promise<void> {
  await page.getByRole('button', { name: decision, exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Reason' }).fill(reason);
  if (by !== undefined) await dialog.getByRole('textbox', { name: 'Your name' }).fill(by);
  await dialog.getByRole('button', { name: decision, exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
}

describe.each(['wide', 'phone'] as const)('%s', (size) => {
  test('from the list to the run, to an output, to its end by decisions that say why', async () => {
    const id = await campaign(`patch-openssl/${size}`);
    const page = await openPage(size, served.url);
    await page.getByRole('link', { name: id, exact: true }).waitFor();
    await page.getByRole('link', { name: 'wait', exact: false }).first().waitFor();
    await expectAccessible(page, `list-${size}`);
    expect(await isWiderThanItsWindow(page)).toBe(false);
    await page.getByRole('link', { name: 'Waiting for a person', exact: true }).click();
    await page.getByRole('link', { name: id, exact: true }).click();
    expect(new URL(page.url()).pathname).toBe(pathOf(id));

    await page.getByRole('heading', { name: 'Wave rest waits for approval.' }).waitFor();
    await decide(page, 'Pause', 'lunch', 'lee');
    await decide(page, 'Resume', 'back from lunch');
    await page.getByText('reason: back from lunch').waitFor();
    await page.getByRole('button', { name: 'Pause', exact: true }).waitFor();
    await expectAccessible(page, `run-${size}`);
    expect(await isWiderThanItsWindow(page)).toBe(false);

    await decide(page, 'Approve', 'the canary is fine', 'ann');
    await stateIs(page, 'partial');
    expect(await page.getByRole('button', { name: 'Cancel', exact: true }).count()).toBe(0);
    await page.getByText('approved by ann').waitFor();

    await page.getByText('Why 3 assets failed').click();
    await page.getByText('host-000005.example.com, host-000006.example.com').waitFor();
    await page.getByRole('combobox', { name: 'Outcome' }).selectOption('failed');
    const rows = page.getByRole('table', { name: 'Assets' }).getByRole('button');
    await page.getByText('3 shown').waitFor();
    expect(await rows.count()).toBe(3);
    await page.getByRole('combobox', { name: 'Outcome' }).selectOption('succeeded');
    await page.getByRole('searchbox').fill('000004');
    await page.getByText('1 shown').waitFor();
    expect(new URL(page.url()).search).toBe('?outcome=succeeded&q=000004');
    await page.getByRole('table', { name: 'Assets' }).scrollIntoViewIfNeeded();
    await expectAccessible(page, `assets-${size}`);
    await rows.first().click();
    // As text: every sign of it can be told, and none of it does anything.
    await page.getByText('<script>document.title=1</script>⟨ESC⟩[31mred⟨U+202E⟩gnp.exe').waitFor();
    await expectAccessible(page, `output-${size}`);
    expect(await page.title()).toBe(`${id} · Overhaul`);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await isWiderThanItsWindow(page)).toBe(false);
    expect(complaints).toEqual([]);
  });
});

test('a lost connection is told, and what happened meanwhile is there when it is back', async () => {
  const id = await campaign('offline');
  const page = await openPage('wide', served.url + pathOf(id));
  await page.getByText('Live', { exact: true }).waitFor();
  await page.getByRole('heading', { name: 'Wave rest waits for approval.' }).waitFor();
  served.cut();
  await page.getByText('Connection lost. Trying again…').waitFor();
  await picture(page, 'connection-lost');
  await harness.env.client.workflow.getHandle(id).executeUpdate('reject', { args: [{ by: 'ann', reason: 'not today' }] });
  served.restore();
  await stateIs(page, 'stopped');
  await page.getByText('reason: not today').waitFor();
});

test('by the keyboard alone', async () => {
  const id = await campaign('keys');
  const page = await openPage('wide', served.url);
  await page.getByRole('link', { name: id, exact: true }).waitFor();
  await tabTo(page, id);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Wave rest waits for approval.' }).waitFor();
  await tabTo(page, 'Approve');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.type('typed');
  await tabTo(page, 'Your name');
  await page.keyboard.type('ann');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await stateIs(page, 'partial');
  await tabTo(page, 'HOST-000001');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page
    .getByRole('dialog')
    .getByRole('heading', { name: /HOST-000002/i })
    .waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  expect(await focused(page)).toMatch(/HOST-000002/i);
  expect(complaints).toEqual([]);
});

test('who comes without a token is asked for one, and may do what it lets them', async () => {
  const handle = await harness.start(requestFor(assetIds(20, 2)));
  await handle.result();
  const page = await openPage('wide', guarded.url + pathOf(handle.workflowId));
  const dialog = page.getByRole('dialog');
  await dialog.getByText('This server asks who you are.').waitFor();
  await expectAccessible(page, 'token');
  await dialog.getByLabel('Bearer token').fill('token-of-nobody');
  await page.keyboard.press('Enter');
  await dialog.getByText('The server does not know this token.').waitFor();
  await dialog.getByLabel('Bearer token').fill('token-of-vi');
  await page.keyboard.press('Enter');
  await stateIs(page, 'succeeded');
  expect(await page.evaluate('[document.cookie, localStorage.length]')).toEqual(['', 0]);
  const saved = page.waitForEvent('download');
  await page.getByRole('link', { name: 'CSV' }).click();
  expect((await saved).suggestedFilename()).toMatch(/^report-.*\.csv$/);

  const waiting = await campaign('roles');
  await page.goto(guarded.url + pathOf(waiting));
  await page.getByRole('heading', { name: 'Wave rest waits for approval.' }).waitFor();
  await page.getByRole('button', { name: 'Approve', exact: true }).click();
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('let me');
  await dialog.getByRole('button', { name: 'Approve', exact: true }).click();
  await dialog.getByText('vi has the role viewer; approve needs approver or admin').waitFor();
  await dialog.getByRole('button', { name: 'Close' }).click();

  await page.getByRole('button', { name: 'Signed in' }).click();
  await dialog.getByLabel('Bearer token').fill('token-of-ann');
  await page.keyboard.press('Enter');
  await decide(page, 'Approve', 'as ann');
  await page.getByText('approved by ann').waitFor();
});

/** What the focus is on, by its words. */
async function focused(page: Page): Promise<string> {
  return page.evaluate<string>('(({ labels, textContent }) => labels?.[0]?.textContent ?? textContent ?? "")(document.activeElement)');
}

async function tabTo(page: Page, words: string): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press('Tab');
    if ((await focused(page)).toLowerCase().startsWith(words.toLowerCase())) return;
  }
  throw new Error(`Tab does not lead to ${words}`);
}

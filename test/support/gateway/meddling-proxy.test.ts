import { afterEach, expect, test } from '@jest/globals';
import { dateMoved, meddlingProxy, page } from './meddling-proxy.js';
import { type ScriptedGateway, scriptedGateway } from './scripted.js';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function behind(): Promise<{ gateway: ScriptedGateway; proxy: Awaited<ReturnType<typeof meddlingProxy>> }> {
  const gateway = await scriptedGateway();
  const proxy = await meddlingProxy(gateway.url);
  open.push(proxy, gateway);
  return { gateway, proxy };
}

test('passes on, replaces, moves the date, cuts, and answers before the gateway hears of it', async () => {
  const { gateway, proxy } = await behind();
  gateway.reply({ body: { a: 1 } }, { body: { a: 2 } }, { body: { a: 3 } }, { body: { a: 4 } });
  const ask = () => fetch(`${proxy.url}/x?y=1`);
  expect(await (await ask()).json()).toEqual({ a: 1 });
  proxy.meddle = () => page(403);
  const blocked = await ask();
  expect([blocked.status, await blocked.text()]).toEqual([403, expect.stringContaining('<html>')]);
  proxy.meddle = (answer) => dateMoved(answer, 600_000);
  expect((await ask()).headers.get('date')).toBe('Fri, 01 May 2026 12:10:00 GMT');
  proxy.meddle = () => 'cut';
  await expect(ask()).rejects.toThrow();
  expect(gateway.calls('/x?y=1')).toHaveLength(4);
  proxy.intercept = ({ nthOfPath }) => (nthOfPath === 5 ? page(502) : undefined);
  expect((await ask()).status).toBe(502);
  expect(gateway.calls('/x?y=1')).toHaveLength(4);
});

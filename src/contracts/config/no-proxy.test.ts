import { describe, expect, test } from '@jest/globals';
import { EnvHttpProxyAgent } from 'undici';
import { noProxyProblems } from './no-proxy.js';

const problemsOf = (value: string) => noProxyProblems({ HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: value }).map(({ problem }) => problem);

/** Which way undici would take, without a connection: the agents that it chooses from only note that they were chosen. */
function isProxied(noProxy: string, url: string): boolean {
  const chosen: string[] = [];
  const agent = new EnvHttpProxyAgent({ httpProxy: 'http://127.0.0.1:1', httpsProxy: 'http://127.0.0.1:1', noProxy });
  for (const key of Object.getOwnPropertySymbols(agent)) {
    const part: unknown = Reflect.get(agent, key);
    if (!/proxy agent$/.test(key.description ?? '') || typeof part !== 'object' || part === null) continue;
    Reflect.set(part, 'dispatch', () => {
      chosen.push(key.description ?? '');
      return true;
    });
  }
  agent.dispatch({ origin: new URL(url).origin, path: '/', method: 'GET' }, {});
  if (chosen.length !== 1) throw new Error(`undici chose ${JSON.stringify(chosen)}`);
  return chosen[0] !== 'no proxy agent';
}

describe('NO_PROXY', () => {
  test.each([
    ['internal.example', 'https://internal.example/'],
    ['.internal.example', 'https://a.b.internal.example/'],
    ['*.internal.example', 'https://a.internal.example/'],
    ['INTERNAL.example', 'https://internal.EXAMPLE/'],
    ['internal.example:8443', 'https://internal.example:8443/'],
    ['[::1]:1', 'https://[::1]:1/'],
    ['[::1]', 'https://[::1]:1/'],
    ['127.0.0.1', 'https://127.0.0.1:1/'],
    ['*', 'https://anything.example/'],
    ['a.example, internal.example', 'https://internal.example/'],
  ])('%s is honoured: %s goes past the proxy', (value, url) => {
    expect(problemsOf(value)).toEqual([]);
    expect(isProxied(value, url)).toBe(false);
  });

  test.each([
    ['127.0.0.0/8', 'https://127.0.0.1:1/', 'CIDR'],
    ['::1', 'https://[::1]:1/', 'in brackets: [::1]'],
    ['fd00::1', 'https://[fd00::1]:1/', 'in brackets'],
    ['[0:0:0:0:0:0:0:1]', 'https://[::1]:1/', 'write it as calls do: [::1]'],
    ['127.1', 'https://127.1:1/', 'write it as calls do: 127.0.0.1'],
    ['127.*', 'https://127.0.0.1:1/', 'a * stands for whole labels'],
    ['*,a.example', 'https://b.example/', 'stands alone'],
    ['internal.example.', 'https://internal.example/', 'without a dot at the end'],
    ['bücher.example', 'https://bücher.example/', 'xn--bcher-kva.example'],
    ['http://internal.example', 'https://internal.example/', 'URLs are not read'],
    ['internal.example:70000', 'https://internal.example/', 'no such port'],
  ])('%s is refused: %s would go through the proxy', (value, url, why) => {
    expect(problemsOf(value)).toEqual([expect.stringContaining(why)]);
    expect(isProxied(value, url)).toBe(true);
  });

  test('is told with all that is wrong in it, and only where there is a proxy', () => {
    expect(problemsOf('10.0.0.0/8 ::1,ok.example')).toHaveLength(2);
    expect(noProxyProblems({ NO_PROXY: '10.0.0.0/8' })).toEqual([]);
    expect(noProxyProblems({ https_proxy: 'http://p', NO_PROXY: 'a', no_proxy: '' })).toEqual([
      { path: 'NO_PROXY', problem: 'is overridden by no_proxy, which says something else: set one of them' },
    ]);
  });
});

// NO_PROXY as undici 7.30.2 reads it (lib/dispatcher/env-http-proxy-agent.js). What it would pass over in silence sends a call, with its
// credentials, through a proxy that it was not meant for, or nowhere: it is refused at the start.
import type { Problem } from '../problems.js';
import type { Environment } from './secret-ref.js';

const PROXIES = ['HTTPS_PROXY', 'HTTP_PROXY'] as const;

/** Only where there is a proxy: without one the variable does nothing. */
export function noProxyProblems(env: Environment): Problem[] {
  if (!PROXIES.some((name) => env[name] || env[name.toLowerCase()])) return [];
  const [upper, lower] = [env.NO_PROXY, env.no_proxy];
  const path = lower === undefined ? 'NO_PROXY' : 'no_proxy';
  const value = lower ?? upper ?? '';
  const problems = entriesOf(value).flatMap((entry) => {
    const why = whyIgnored(entry, value);
    return why === undefined ? [] : [{ path, problem: `the entry ${JSON.stringify(entry)} would be ignored: ${why}` }];
  });
  if (lower !== undefined && upper !== undefined && lower !== upper)
    problems.push({ path: 'NO_PROXY', problem: 'is overridden by no_proxy, which says something else: set one of them' });
  return problems;
}

function entriesOf(value: string): string[] {
  return value.split(/[,\s]/).filter((entry) => entry !== '');
}

function whyIgnored(entry: string, value: string): string | undefined {
  if (entry === '*') return value === '*' ? undefined : 'a * stands alone, without other entries or blanks';
  if (entry.includes('/')) return 'ranges (CIDR) and URLs are not read; name hosts, a domain, or each address';
  const [, host = entry, port] = /^(.+):(\d+)$/.exec(entry) ?? [];
  // Two colons and no brackets: undici takes the last group for a port.
  if (!entry.includes('[') && entry.split(':').length > 2) return `an IPv6 address is written in brackets: [${entry}]`;
  if (port !== undefined && Number(port) > 65_535) return 'there is no such port';
  const name = host.replace(/^\*?\./, '').toLowerCase();
  if (name.includes('*')) return 'a * stands for whole labels at the beginning: *.example.com';
  if (name.endsWith('.')) return 'host names are compared without a dot at the end';
  const canonical = URL.canParse(`http://${name}`) ? new URL(`http://${name}`).hostname : undefined;
  if (canonical === undefined || canonical === '') return 'it is no host name and no address';
  return canonical === name ? undefined : `write it as calls do: ${canonical}`;
}

// Without tokens or OIDC only this machine may come in. Listening on loopback keeps the network out; checking `Host` and `Origin`
// keeps out the pages that a browser on this machine has open (DNS rebinding, cross-site requests).
import { BlockList, isIP } from 'node:net';
import type { Config } from '../contracts/config/file.js';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** An address or name that only this machine can reach. Names other than `localhost` are refused, whatever they resolve to. */
export function isLoopbackHost(host: string): boolean {
  const address = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  const version = isIP(address);
  return version === 0 ? address === 'localhost' : loopback.check(address, version === 4 ? 'ipv4' : 'ipv6');
}

export function servesLoopbackOnly(access: Config['access']): boolean {
  return !access.oidc && (access.tokens?.length ?? 0) === 0;
}

/** Why the server must not listen on `host`, if so. */
export function listenProblem(host: string, access: Config['access']): string | undefined {
  if (!servesLoopbackOnly(access) || isLoopbackHost(host)) return undefined;
  return `is ${host}, but without access.tokens or access.oidc the server listens on loopback only: configure access, or use 127.0.0.1`;
}

/** What proxies and tunnels add. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/** Why a request that did not come from this machine is refused: only signed events may come through a proxy where nobody has credentials. */
export function forwardedRequest(rawHeaders: readonly string[]): string | undefined {
  if (!FORWARDED.some((name) => valuesOf(rawHeaders, name).length > 0)) return undefined;
  return 'the request came through a proxy: configure access.tokens or access.oidc, without which only this machine is served';
}

/** Why a request that came over loopback is refused anyway, if so. `rawHeaders` are names and values in turn. */
export function foreignRequest(rawHeaders: readonly string[], scheme: 'http' | 'https' = 'http'): string | undefined {
  const hosts = valuesOf(rawHeaders, 'host');
  const origins = valuesOf(rawHeaders, 'origin');
  const [host] = hosts;
  if (hosts.length !== 1 || host === undefined || !isLoopbackHost(nameOf(host))) {
    return 'the Host header must be localhost, 127.0.0.1 or [::1]';
  }
  if (origins.some((origin) => origin.toLowerCase() !== `${scheme}://${host.toLowerCase()}`)) {
    return 'the Origin header is not this server';
  }
  return undefined;
}

function nameOf(host: string): string {
  return host.replace(/:\d{1,5}$/, '');
}

function valuesOf(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_value, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name);
}

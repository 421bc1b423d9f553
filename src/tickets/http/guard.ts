// The guard against private addresses sits where undici connects: a guard in `lookup` alone never sees an address that is written as one,
// and one over the URL never sees what a name means a moment later.
import { lookup as resolve } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { type AllowedRanges, addressRefusal, isLoopback } from './addresses.js';

const CONNECT_TIMEOUT_MS = 5_000;

/** A connection that was not made, or was closed before a byte of the request: the address is not one that a request may go to. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';
}

/** A connector that connects to allowed addresses only. `allow` is asked at each connection. */
export function guardedConnector(allow: () => AllowedRanges, lookup: LookupFunction = resolve): buildConnector.connector {
  const connect = buildConnector({ timeout: CONNECT_TIMEOUT_MS, lookup: guardedLookup(allow, lookup) } as buildConnector.BuildOptions);
  return (options, callback) => {
    const { hostname, protocol } = options;
    const written = hostname.replace(/^\[(.*)\]$/, '$1');
    const refusal = isIP(written) === 0 ? undefined : refusalOf(written, protocol, allow());
    if (refusal !== undefined) return callback(new AddressRefused(refusal), null);
    connect(options, (error, socket) => {
      if (error) return callback(error, null);
      const reached = refusalOf(socket.remoteAddress ?? '', protocol, allow());
      if (reached === undefined) return callback(null, socket);
      socket.on('error', () => undefined).destroy();
      callback(new AddressRefused(reached), null);
    });
  };
}

function refusalOf(address: string, protocol: string, allow: AllowedRanges): string | undefined {
  const refusal = addressRefusal(address, allow);
  if (refusal !== undefined || protocol === 'https:') return refusal;
  return isLoopback(address) ? undefined : 'credentials go over https only';
}

/** One address among them that is refused refuses them all: which one is taken is not ours to say. */
function guardedLookup(allow: () => AllowedRanges, lookup: LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, options, (error, found, family) => {
      if (error) return callback(error, found, family);
      for (const { address } of typeof found === 'string' ? [{ address: found }] : found) {
        const refusal = addressRefusal(address, allow());
        if (refusal !== undefined) return callback(new AddressRefused(refusal), found, family);
      }
      callback(null, found, family);
    });
  };
}

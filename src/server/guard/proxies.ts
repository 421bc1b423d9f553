// Whose X-Forwarded-* headers count: those of the addresses that the configuration names, and nobody's otherwise.
import { BlockList, isIP } from 'node:net';

/** For fastify's `trustProxy`: asked at each request, so that a changed configuration counts. */
export function trustedProxy(ranges: () => readonly string[]): (address: string | undefined) => boolean {
  let known: { ranges: readonly string[]; list: BlockList } | undefined;
  return (address) => {
    const now = ranges();
    if (known?.ranges !== now) known = { ranges: now, list: listOf(now) };
    const plain = (address ?? '').replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
    const version = isIP(plain);
    return version !== 0 && known.list.check(plain, version === 4 ? 'ipv4' : 'ipv6');
  };
}

function listOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

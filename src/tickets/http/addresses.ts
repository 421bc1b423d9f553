// Which addresses a request with our credential may go to: the public internet, and what the operator has named in `network.allow`. Judged
// are addresses alone: a name, however it is written, is first looked up, and what a connection has really reached is judged once more.
import { BlockList, isIP } from 'node:net';

/** Not on the public internet (IANA's special-purpose registries). What is named in `network.allow` may be reached all the same. */
const SPECIAL_V4 = [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
] as const;

/** No ticket system is there: this host itself, the metadata services of clouds (link-local), and many at once. Nothing allows these. */
const NEVER_V4 = [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 3],
] as const;

/** Within 2000::/3, the only part of IPv6 that is public at all. */
const SPECIAL_V6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['2620:4f:8000::', 48],
  ['3fff::', 20],
] as const;

const NEVER_V6 = [
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const;

/** The metadata service of a cloud, which answers in a private range: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/. */
const NEVER_HOSTS_V6 = ['fd00:ec2::254', 'fd20:ce::254', '::'] as const;

const special = listOf(SPECIAL_V4, 'ipv4');
const specialV6 = listOf(SPECIAL_V6, 'ipv6');
const never = listOf(NEVER_V4, 'ipv4');
never.addAddress('100.100.100.200', 'ipv4');
never.addAddress('168.63.129.16', 'ipv4');
const neverV6 = listOf(NEVER_V6, 'ipv6');
for (const address of NEVER_HOSTS_V6) neverV6.addAddress(address, 'ipv6');
const globalV6 = listOf([['2000::', 3]], 'ipv6');

/** Ranges as `network.allow` has them, such as `10.20.0.0/16`. */
export type AllowedRanges = readonly string[];

/** Why no request may go to an address; undefined where it may. `allow` is checked by the schema of the configuration. */
export function addressRefusal(address: string, allow: AllowedRanges): string | undefined {
  const judged = embeddedV4(address) ?? address;
  const family = isIP(judged);
  // A zone (fe80::1%eth0) speaks of an interface of this machine.
  if (family === 0 || judged.includes('%')) return `${address} is not an address`;
  const type = family === 4 ? 'ipv4' : 'ipv6';
  if ((family === 4 ? never : neverV6).check(judged, type)) return `${address} is never a ticket system's address`;
  const isPublic = family === 4 ? !special.check(judged, type) : globalV6.check(judged, type) && !specialV6.check(judged, type);
  if (isPublic || allows(allow, judged)) return undefined;
  return `${address} is not a public address, and network.allow does not name it`;
}

/** This machine: the only place where a request may go without TLS. */
export function isLoopback(address: string): boolean {
  const judged = embeddedV4(address) ?? address;
  return isIP(judged) === 4 ? judged.startsWith('127.') : isIP(judged) === 6 && writtenV6(judged) === '::1';
}

function allows(ranges: AllowedRanges, address: string): boolean {
  return ranges.some((range) => {
    const [base = '', bits = ''] = range.split('/');
    if (isIP(base) !== isIP(address)) return false;
    return listOf([[base, Number(bits)]], isIP(base) === 4 ? 'ipv4' : 'ipv6').check(address, isIP(base) === 4 ? 'ipv4' : 'ipv6');
  });
}

/** What a mapped (::ffff:0:0/96) or translated (64:ff9b::/96, RFC 6052) address means is the IPv4 address within it. */
function embeddedV4(address: string): string | undefined {
  if (isIP(address) !== 6 || address.includes('%')) return undefined;
  const written = writtenV6(address);
  const groups = /^(?:::ffff|64:ff9b:):([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(written ?? '');
  const [high, low] = [groups?.[1], groups?.[2]].map((group) => Number.parseInt(group ?? '', 16));
  if (high === undefined || low === undefined || Number.isNaN(high) || Number.isNaN(low)) return translatedZeros(written ?? '');
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

/** WHATWG writes every IPv6 address in one way: hexadecimal groups, without leading zeros. */
function writtenV6(address: string): string | undefined {
  return URL.canParse(`http://[${address}]`) ? new URL(`http://[${address}]`).hostname.slice(1, -1) : undefined;
}

/** 64:ff9b::7f00 and the like: the upper half of the IPv4 address is zero, and was shortened away. */
function translatedZeros(written: string): string | undefined {
  const low = /^64:ff9b::([0-9a-f]{0,4})$/.exec(written)?.[1];
  if (low === undefined) return undefined;
  const value = low === '' ? 0 : Number.parseInt(low, 16);
  return `0.0.${value >> 8}.${value & 255}`;
}

function listOf(ranges: readonly (readonly [string, number])[], type: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const [base, bits] of ranges) list.addSubnet(base, bits, type);
  return list;
}

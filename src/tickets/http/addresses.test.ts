import { describe, expect, test } from '@jest/globals';
import { addressRefusal, isLoopback } from './addresses.js';

const PRIVATE = [
  ...['127.0.0.1', '127.255.255.254', '10.0.0.1', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1'],
  ...['100.127.255.255', '192.0.0.8', '192.0.2.1', '198.18.0.1', '198.19.255.255', '198.51.100.7', '203.0.113.9', '192.88.99.1'],
  ...['::1', '0:0:0:0:0:0:0:1', 'fc00::1', 'fd12:3456:789a::1', '2001:db8::1', '2002:7f00:1::', '2001:0:7f00:1::', '3fff::1', '100::1'],
  ...['::127.0.0.1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::FFFF:10.0.0.1', '0:0:0:0:0:ffff:c0a8:101', '64:ff9b::7f00:1'],
  ...['64:ff9b::10.0.0.1', '64:ff9b:1::7f00:1', '::ffff:0:127.0.0.1', '4000::1'],
];
const NEVER = [
  ...['0.0.0.0', '0.1.2.3', '169.254.169.254', '169.254.0.1', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255'],
  ...['100.100.100.200', '168.63.129.16', 'fe80::1', 'fea0::1', 'fec0::1', 'ff02::1', 'fd00:ec2::254', '::', '::ffff:169.254.169.254'],
  ...['::ffff:a9fe:a9fe', '64:ff9b::a9fe:a9fe', '64:ff9b::', '64:ff9b::1', '::ffff:0.0.0.0'],
];
const NO_ADDRESS = ['', 'localhost', '127.1', '0x7f.1', '2130706433', '0177.0.0.1', 'fe80::1%eth0', '::1%lo', '1.2.3', '1.2.3.4.', '[::1]'];
const PUBLIC = ['1.1.1.1', '9.255.255.255', '11.0.0.0', '172.15.255.255', '172.32.0.0', '223.255.255.255', '100.63.255.255', '100.128.0.0'];
const PUBLIC_V6 = ['2606:4700::1111', '2a00:1450:4001::', '2001:4860:4860::8888', '::ffff:1.1.1.1', '64:ff9b::101:101'];
const EVERYWHERE = ['0.0.0.0/0', '::/0'];

describe('an address that a request may go to', () => {
  test.each(PRIVATE)('%s is refused until network.allow names it', (address) => {
    expect(addressRefusal(address, [])).toContain('network.allow');
    expect(addressRefusal(address, EVERYWHERE)).toBeUndefined();
  });

  test.each(NEVER)('%s is refused whatever network.allow says', (address) =>
    expect(addressRefusal(address, EVERYWHERE)).toContain('never'),
  );

  test.each(NO_ADDRESS)('"%s" is no address', (address) => expect(addressRefusal(address, EVERYWHERE)).toContain('is not an address'));

  test.each([...PUBLIC, ...PUBLIC_V6])('%s is public', (address) => expect(addressRefusal(address, [])).toBeUndefined());

  test('a range allows what lies in it, and nothing beside it', () => {
    expect(addressRefusal('10.20.1.2', ['10.20.0.0/16'])).toBeUndefined();
    expect(addressRefusal('::ffff:10.20.1.2', ['10.20.0.0/16'])).toBeUndefined();
    expect(addressRefusal('10.21.1.2', ['10.20.0.0/16'])).toBeDefined();
    expect(addressRefusal('fd00::1', ['10.20.0.0/16', 'fd00::/64'])).toBeUndefined();
    expect(addressRefusal('fd00:0:0:1::1', ['fd00::/64'])).toBeDefined();
  });

  test('this machine is known by each of its addresses', () => {
    expect(['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1', '0:0:0:0:0:0:0:1'].map(isLoopback)).not.toContain(false);
    expect(['10.0.0.1', '::2', '::', 'localhost', '128.0.0.1'].map(isLoopback)).not.toContain(true);
  });
});

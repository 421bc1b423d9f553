import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { firstLabel, hostKey, hostMatcher } from './host-names.js';

const label = fc.stringMatching(/^[A-Za-z0-9]([A-Za-z0-9-]{0,12}[A-Za-z0-9])?$/);
const domain = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
/** The same text with some of its letters in the other case. */
const anyCase = (text: fc.Arbitrary<string>) =>
  fc.tuple(text, fc.array(fc.boolean(), { minLength: 80, maxLength: 80 })).map(([name, upper]) => ({
    name,
    written: [...name].map((letter, index) => (upper[index % upper.length] ? letter.toUpperCase() : letter.toLowerCase())).join(''),
  }));

describe('a host name of a policy', () => {
  test.each([
    ['host-000001', 'host-000001.example.com', true],
    ['host-000001', 'HOST-000001.EXAMPLE.COM', true],
    ['HOST-000001', 'host-000001', true],
    ['host-000001.example.com', 'Host-000001.Example.com.', true],
    ['host-000001.', 'host-000001.example.com', true],
    ['host-000001', 'host-0000012.example.com', false],
    ['host-00000', 'host-000001.example.com', false],
    ['example.com', 'host-000001.example.com', false],
    ['host-000001.example', 'host-000001.example.com', false],
    ['host-000001.example.com', 'host-000001', false],
    ['host-000001.example.com', 'host-000001.example.org', false],
    ['', 'host-000001', false],
    ['.', '', false],
  ])('%p and the host %p: %p', (entry, name, matches) => {
    expect(hostMatcher([entry])(name)).toBe(matches);
  });

  test('matches its whole name and its first label in any case, and nothing else', () => {
    fc.assert(
      fc.property(anyCase(label), domain, anyCase(domain), ({ name: first, written }, rest, { name: other, written: otherWritten }) => {
        const full = `${first}.${rest}`;
        expect(hostMatcher([written])(full)).toBe(true);
        expect(hostMatcher([full])(full.toUpperCase())).toBe(true);
        expect(hostMatcher([otherWritten])(full)).toBe(hostKey(other) === hostKey(full) || hostKey(other) === hostKey(first));
        expect(hostMatcher([`${written}1`, `x${written}`])(full)).toBe(false);
      }),
    );
  });

  test('has no dot in its first label', () => {
    fc.assert(fc.property(domain, (name) => !firstLabel(name).includes('.') && hostKey(name).startsWith(firstLabel(name))));
  });
});

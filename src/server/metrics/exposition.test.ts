import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Counter, Histogram } from './counted.js';
import { exposition, type Family } from './exposition.js';

interface Read {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** The grammar of the format, read as Prometheus' own documents have it: comments, then samples of that family. Throws over anything else. */
function read(text: string): { types: Map<string, string>; helps: Map<string, string>; samples: Read[] } {
  const found = { types: new Map<string, string>(), helps: new Map<string, string>(), samples: [] as Read[] };
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line does not end');
  for (const line of text.split('\n').slice(0, -1)) {
    const help = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/s.exec(line);
    const type = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary|untyped)$/.exec(line);
    if (help?.[1]) found.helps.set(help[1], unescaped(help[2] ?? '', /\\[\\n]/g));
    else if (type?.[1]) {
      if (found.types.has(type[1])) throw new Error(`two types of ${type[1]}`);
      found.types.set(type[1], type[2] ?? '');
    } else found.samples.push(sampleOf(line));
  }
  return found;
}

function sampleOf(line: string): Read {
  const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (\S+)$/.exec(line);
  if (!match?.[1]) throw new Error(`no sample: ${JSON.stringify(line)}`);
  const labels: Record<string, string> = {};
  for (const [, name = '', value = ''] of (match[2] ?? '').matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"/g)) {
    if (Object.hasOwn(labels, name)) throw new Error(`two labels ${name}`);
    labels[name] = unescaped(value, /\\[\\"n]/g);
  }
  const word = match[3] ?? '';
  const value = word === '+Inf' ? Number.POSITIVE_INFINITY : word === '-Inf' ? Number.NEGATIVE_INFINITY : Number(word);
  if (Number.isNaN(value) && word !== 'NaN') throw new Error(`no number: ${word}`);
  return { name: match[1], labels, value };
}

function unescaped(text: string, sequence: RegExp): string {
  return text.replace(sequence, (found) => (found === '\\n' ? '\n' : found.slice(1)));
}

const name = fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,10}$/);
const label = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,10}$/);
const family: fc.Arbitrary<Family> = fc.record({
  name,
  help: fc.string({ unit: 'binary' }),
  type: fc.constantFrom('counter', 'gauge'),
  samples: fc.array(
    fc.record({ labels: fc.dictionary(label, fc.string({ unit: 'binary' }), { noNullPrototype: true }), value: fc.double() }),
    { minLength: 1, maxLength: 4 },
  ),
});

describe('the text of /metrics', () => {
  test('is read back as what it was made from, whatever labels and help hold', () => {
    fc.assert(
      fc.property(fc.uniqueArray(family, { selector: (one) => one.name, maxLength: 4 }), (families) => {
        const { types, helps, samples } = read(exposition(families));
        expect([...types]).toEqual(families.map((one) => [one.name, one.type]));
        expect([...helps]).toEqual(families.map((one) => [one.name, one.help.replaceAll('\r', '\r')]));
        expect(samples).toEqual(
          families.flatMap((one) =>
            one.samples.map(({ labels = {}, value }) => ({ name: one.name, labels: { ...labels }, value: value === 0 ? 0 : value })),
          ),
        );
      }),
      { numRuns: 500 },
    );
  });

  test('is empty without samples, and refuses a name that no reader takes', () => {
    expect(exposition([{ name: 'a', help: 'b', type: 'gauge', samples: [] }])).toBe('');
    expect(() => exposition([{ name: 'a-b', help: '', type: 'gauge', samples: [{ value: 1 }] }])).toThrow('no name of a metric');
    expect(() => exposition([{ name: 'a', help: '', type: 'gauge', samples: [{ labels: { 'a-b': '' }, value: 1 }] }])).toThrow(
      'no name of a label',
    );
  });

  test('has what was counted, by labels', () => {
    const counter = new Counter('events_total', 'Events.');
    counter.add({ hook: 'a' });
    counter.add({ hook: 'b' }, 2);
    counter.add({ hook: 'a' });
    expect(exposition([counter.family()])).toBe(
      '# HELP events_total Events.\n# TYPE events_total counter\nevents_total{hook="a"} 2\nevents_total{hook="b"} 2\n',
    );
  });

  test('has a histogram with cumulative buckets, whose last is the count', () => {
    const histogram = new Histogram('seconds', 'Time.', [0.1, 1]);
    for (const value of [0.05, 0.1, 0.5, 3]) histogram.observe({ route: '/x' }, value);
    expect(read(exposition([histogram.family()])).samples.map(({ name: of, labels, value }) => [of, labels.le, value])).toEqual([
      ['seconds_bucket', '0.1', 2],
      ['seconds_bucket', '1', 3],
      ['seconds_bucket', '+Inf', 4],
      ['seconds_sum', undefined, 3.65],
      ['seconds_count', undefined, 4],
    ]);
  });
});

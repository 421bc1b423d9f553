import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { environmentVariables } from '../../src/contracts/config/environment.js';

interface Service {
  command?: string[];
  depends_on?: Record<string, { condition: string }>;
  environment?: Record<string, string>;
  ports?: string[];
}
interface Compose {
  services: Record<string, Service>;
  secrets: Record<string, unknown>;
  volumes: Record<string, unknown>;
}

const root = new URL('../../', import.meta.url);
const text = (path: string) => readFileSync(new URL(path, root), 'utf8');

// No container engine is needed here, so none of this shows that the images run; it shows that the file says what the program reads.
describe('docker-compose.yml', () => {
  const compose = parse(text('docker-compose.yml'), { merge: true }) as Compose;
  const services = Object.entries(compose.services);

  test('has the five parts of an installation', () => {
    expect(Object.keys(compose.services)).toEqual(expect.arrayContaining(['postgresql', 'temporal', 'temporal-ui', 'worker', 'server']));
  });

  test('starts after services that it has', () => {
    const wanted = services.flatMap(([, service]) => Object.keys(service.depends_on ?? {}));
    expect(wanted.length).toBeGreaterThan(0);
    expect(wanted.filter((name) => !(name in compose.services))).toEqual([]);
  });

  test('publishes ports on loopback only', () => {
    const ports = services.flatMap(([, service]) => service.ports ?? []);
    expect(ports.length).toBeGreaterThan(0);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  test('gives worker and server variables that they read', () => {
    const known = environmentVariables().flatMap(({ name, secret }) => (secret ? [name, `${name}_FILE`] : [name]));
    for (const name of ['worker', 'server']) {
      const given = Object.keys(compose.services[name]?.environment ?? {});
      expect(given.filter((variable) => !known.includes(variable) && !variable.startsWith('TEMPORAL_'))).toEqual([]);
    }
  });

  test('starts programs that the build makes', () => {
    for (const name of ['worker', 'server']) {
      const program = compose.services[name]?.command?.[1] ?? '';
      expect(existsSync(new URL(program.replace('dist/', 'src/').replace('.js', '.ts'), root))).toBe(true);
    }
  });
});

describe('Dockerfile', () => {
  const lines = text('Dockerfile').split('\n');

  test('runs as a user without privileges', () => {
    expect(lines.lastIndexOf('USER node')).toBeGreaterThan(lines.findLastIndex((line) => line.startsWith('FROM ')));
  });

  test('copies files that exist', () => {
    const copied = lines.filter((line) => /^COPY (?!--from)/.test(line)).flatMap((line) => line.split(' ').slice(1, -1));
    expect(copied).toEqual(expect.arrayContaining(['package-lock.json', 'src']));
    expect(copied.filter((path) => !existsSync(new URL(path, root)))).toEqual([]);
  });
});

// The server on this machine: does it serve the configuration file that lies here?
import { request } from 'node:http';
import { z } from 'zod';
import type { Settings } from '../../contracts/config/environment.js';
import { digestOf, SettledFile } from '../../contracts/config/settled-file.js';
import type { Check } from './checks.js';

const ANSWER_WITHIN_MS = 2_000;
const LARGEST_ANSWER = 100_000;

const Health = z.object({
  status: z.literal('ok'),
  configuration: z.object({ digest: z.string(), readAt: z.string(), problem: z.string().optional() }),
});

/** Says nothing where no server of ours listens: not everybody needs one. */
export async function* serverChecks({ http, configFile }: Pick<Settings, 'http' | 'configFile'>): AsyncGenerator<Check> {
  const health = await healthOf(http);
  if (!health) return;
  const { digest, problem, readAt } = health.configuration;
  if (problem !== undefined)
    yield { name: 'server', state: 'wrong', detail: problem, fix: 'Fix the file. The server loads it within 10 s.' };
  else if (digest !== digestOf(new SettledFile(configFile.path).known.text))
    yield {
      name: 'server',
      state: 'wrong',
      detail: `it uses another configuration than ${configFile.path} here, read ${readAt}`,
      fix: 'It loads a changed file within 10 s. If this persists, it reads another file: compare OVERHAUL_CONFIG.',
    };
  else yield { name: 'server', state: 'ok', detail: `it uses ${configFile.path}, read ${readAt}` };
}

function healthOf({ host, port }: Settings['http']): Promise<z.output<typeof Health> | undefined> {
  return new Promise((resolve) => {
    const here = /^(0\.0\.0\.0|\[?::\]?)$/.test(host) ? 'localhost' : host.replace(/^\[(.*)\]$/, '$1');
    const asked = request({ host: here, port, path: '/healthz', agent: false, timeout: ANSWER_WITHIN_MS }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > LARGEST_ANSWER) asked.destroy();
      });
      answer.on('end', () => resolve(read(text)));
      answer.on('error', () => resolve(undefined));
      answer.on('close', () => resolve(undefined));
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(undefined));
    asked.end();
  });
}

function read(text: string): z.output<typeof Health> | undefined {
  try {
    return Health.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

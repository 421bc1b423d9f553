import { environmentVariables } from '../src/contracts/config/environment.js';

/** The text of docs/configuration.md. */
export function configurationMarkdown(): string {
  return `${[
    '# Configuration',
    '',
    '<!-- Written by `npm run docs` from src/contracts/config/variables.ts: change it there. -->',
    '',
    'Worker, server and command line read environment variables. They are checked before anything is contacted: a process whose',
    'configuration is wrong prints every problem at once on stderr and exits with code 2. An empty variable counts as not set.',
    '',
    '## Overhaul and Qualys',
    '',
    ...table(['variable', 'default', 'meaning'], environmentVariables().map(row)),
    '',
    'Variables marked *file* are secrets: instead of `X`, give `X_FILE` with the path of a file that holds the value. The file is read',
    'again when it changes, so a rotated secret needs no restart; while it is missing or empty, the last value serves. Giving both is an error.',
    'Variables marked *worker* are required by the worker, which alone talks to Qualys.',
    '',
    '## Temporal',
    '',
    "Temporal's own standard client variables and TOML profiles, so that what the `temporal` command line sees is what Overhaul sees.",
    '',
    ...table(['variable', 'default', 'meaning'], TEMPORAL),
    '',
    '## Network',
    '',
    ...table(['variable', 'default', 'meaning'], NETWORK),
  ].join('\n')}\n`;
}

const TEMPORAL = [
  ['`TEMPORAL_ADDRESS`', '`localhost:7233`', 'Host and port of the Temporal frontend.'],
  ['`TEMPORAL_NAMESPACE`', '`default`', 'Namespace of the workflows.'],
  ['`TEMPORAL_API_KEY`', 'none', 'API key of Temporal Cloud. *file*'],
  [
    '`TEMPORAL_TLS`, `TEMPORAL_TLS_*`',
    'off; on with an API key',
    'TLS: `TEMPORAL_TLS_SERVER_CA_CERT_PATH`, `TEMPORAL_TLS_CLIENT_CERT_PATH`, `TEMPORAL_TLS_CLIENT_KEY_PATH`, `TEMPORAL_TLS_SERVER_NAME`, …',
  ],
  [
    '`TEMPORAL_PROFILE`, `TEMPORAL_CONFIG_FILE`',
    "`default`, `temporalio/temporal.toml` in the user's configuration directory",
    'A profile of a TOML file instead of single variables.',
  ],
];

const NETWORK = [
  [
    '`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`',
    'none',
    'Proxy for outgoing calls, and the hosts that are reached without it: names, domains, addresses, no ranges ([forms](operations.md#credentials-change)).',
  ],
  ['`NODE_EXTRA_CA_CERTS`', 'none', 'Path of further certificate authorities in PEM; read by Node itself at its start.'],
];

function row({ name, default: byDefault, meaning, secret, workerNeeds }: ReturnType<typeof environmentVariables>[number]): string[] {
  const marks = [secret && '*file*', workerNeeds && '*worker*'].filter(Boolean).join(' ');
  return [`\`${name}\``, byDefault, [meaning, marks].filter(Boolean).join(' ')];
}

function table(head: string[], rows: string[][]): string[] {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}

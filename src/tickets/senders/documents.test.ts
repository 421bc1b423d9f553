import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { parseConfig } from '../../contracts/config/file.js';
import { SYSTEMS } from '../../contracts/config/hook.js';
import { SENDERS } from './index.js';

const page = (name: string): string => readFileSync(new URL(`../../../docs/tickets/${name}.md`, import.meta.url), 'utf8');

test('the table of the documents is the one that the code goes by', () => {
  const cell = (text: string) => (text === '' ? '' : `\`${text}\``);
  const rows = SYSTEMS.map((system) => {
    const { scheme, translation } = SENDERS[system];
    const headers = scheme.proof.map(({ header }) => cell(header)).join(' or ');
    const prefixes = scheme.proof.length > 1 ? '`Bearer ` or nothing' : cell(scheme.proof[0]?.prefix ?? '');
    const several = { ' ': 'blank', ',': 'comma', none: '' }[scheme.separator ?? 'none'];
    const signedTime = scheme.timestamp && `${cell(scheme.timestamp.header)}, ± ${scheme.timestamp.toleranceS} s`;
    const age = translation.age && `${cell(translation.age.at)} in the body, up to ${translation.age.maxS / 3_600} h old`;
    return `| ${[cell(system), headers, prefixes, scheme.encoding, scheme.signed, several, signedTime ?? age ?? ''].join(' | ')} |`.replace(
      / {2,}/g,
      ' ',
    );
  });
  const documented = page('README')
    .split('\n')
    .filter((line) => SYSTEMS.some((system) => line.startsWith(`| \`${system}\` |`)));
  expect(new Set(documented)).toEqual(new Set(rows));
});

describe('a configuration of the documents', () => {
  test.each(['servicenow', 'jira', 'zendesk', 'freshservice', 'pagerduty', 'github'])('for %s is accepted as it stands', (name) => {
    const [block = ''] = [...page(name).matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => text);
    const { playbook } = Object.values((parse(block) as { hooks: Record<string, { playbook: string }> }).hooks)[0] ?? {};
    const whole = block.includes('playbooks:') ? block : `playbooks: { ${playbook}: { run: { script: 1 } } }\n${block}`;
    expect(parseConfig(whole)).toMatchObject({ ok: true, value: { hooks: expect.anything() } });
  });
});

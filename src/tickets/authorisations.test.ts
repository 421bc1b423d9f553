import { describe, expect, test } from '@jest/globals';
import { SYSTEMS, tellsGeneration } from '../contracts/config/hook.js';
import { type Authorisations, authorisationsIn, type GenerationHook, namesAuthorisations } from './authorisations.js';
import { SENDERS } from './senders/index.js';

const CHANGES = (...items: [id: string, field: string][]) =>
  items.map(([id, field]) => ({ id, author: { displayName: `author of ${id}` }, items: [{ field, toString: 'x' }] }));
const MOVED = { key: 'OPS-7', changelog: { total: 3, histories: CHANGES(['103', 'summary'], ['102', 'status'], ['99', 'status']) } };
const byName = (...generations: string[]): Authorisations => ({ kind: 'named', generations, bySystem: true });

describe('what authorises a run, by the ticket as it is read', () => {
  test.each<[string, GenerationHook, unknown, Authorisations]>([
    ['the last change of status, as its event carries it', { system: 'jira' }, MOVED, byName('102')],
    ['whatever their order', { system: 'jira-dc' }, { changelog: { histories: [...MOVED.changelog.histories].reverse() } }, byName('102')],
    [
      'its creation, where nothing has moved it',
      { system: 'jira' },
      { changelog: { total: 1, histories: CHANGES(['5', 'summary']) } },
      byName('created'),
    ],
    [
      'the field that stands for it',
      { system: 'pagerduty' },
      { custom_fields: [{ name: 'overhaul_approval', value: 'yes-2' }] },
      byName('yes-2'),
    ],
    ['nothing while that is empty', { system: 'pagerduty' }, { custom_fields: [{ name: 'overhaul_approval', value: '' }] }, byName()],
    [
      'each label of ours',
      { system: 'github' },
      { labels: [{ name: 'bug' }, { name: 'overhaul' }, { name: 'overhaul-2' }] },
      byName('overhaul', 'overhaul-2'),
    ],
    ['a count, which goes on', { system: 'servicenow' }, { sys_mod_count: '7' }, { kind: 'counted', generation: '7' }],
    [
      'the name that a hook has chosen',
      { system: 'servicenow', read: { generation: 'u_approval' } },
      { u_approval: 'a-1', sys_mod_count: '7' },
      { kind: 'named', generations: ['a-1'], bySystem: false },
    ],
  ])('is %s', (_, hook, record, expected) => {
    expect(authorisationsIn(hook, record)).toEqual(expected);
  });

  test.each<[string, GenerationHook, unknown]>([
    [
      'a long change log of which the newest part shows no change of status',
      { system: 'jira' },
      { changelog: { total: 300, histories: CHANGES(['9', 'summary'], ['8', 'labels']) } },
    ],
    [
      'a part of it in an order that nobody documents',
      { system: 'jira' },
      { changelog: { total: 300, histories: CHANGES(['8', 'status'], ['9', 'summary']) } },
    ],
    ['an issue without its change log', { system: 'jira' }, { key: 'OPS-7' }],
    ['an incident without its custom fields', { system: 'pagerduty' }, { id: 'P1' }],
    ['a system that tells by events alone', { system: 'zendesk' }, { id: 35, updated_at: 'now' }],
    ['a place in the event that the hook has chosen', { system: 'jira', map: { generation: 'changelog.id' } }, MOVED],
    ['a chosen name that is not there', { system: 'zendesk', read: { generation: 'u' } }, { id: 35 }],
  ])('is not told by %s', (_, hook, record) => {
    expect(authorisationsIn(hook, record).kind).toBe('untold');
  });

  test('the configuration knows which systems tell', () => {
    for (const system of SYSTEMS) {
      const { generations, counts } = SENDERS[system].translation;
      expect([system, tellsGeneration({ system })]).toEqual([system, generations !== undefined || counts === true]);
      expect([system, namesAuthorisations({ system })]).toEqual([system, generations !== undefined]);
    }
  });
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parseConfig } from '../../../src/contracts/config/file.js';
import { createTicketHttp, type TicketHttp } from '../../../src/tickets/http/client.js';
import { approve } from '../../../src/workflows/shared/messages.js';
import { startWriteBack } from '../../../src/write-back/loop.js';
import { ledgerOf } from '../../support/ledger/inspector.js';
import { letTicketWaitsEnd } from '../../support/ledger/scenario.js';
import { eventually } from '../product-harness.js';
import { type CampaignHarness, openCampaignHarness, planOf } from './harness.js';

const TICKET = { hook: 'snow', system: 'servicenow', id: 'CHG0030001' };

let harness: CampaignHarness;
let http: TicketHttp;
let stop: () => Promise<void>;

beforeAll(async () => {
  harness = await openCampaignHarness('write-back', { simulator: { tickets: true } });
  harness.product.dependencies.askTicket = async () => ({ kind: 'approved' });
  http = createTicketHttp({ allow: () => ['127.0.0.0/8'] });
  const { ledger, simulator } = harness.product;
  const config = parseConfig(`
playbooks: { p: { run: { script: 7 } } }
hooks: { snow: { system: servicenow, secrets: [{ env: S }], playbook: p, ticket: snow } }
tickets:
  snow: { system: servicenow, url: "${simulator.url}", username: { env: U }, password: { env: U }, onFinished: { succeeded: { fields: { state: "0" } } } }
`);
  if (!config.ok) throw new Error(JSON.stringify(config.problems));
  stop = startWriteBack({
    ...{ ledger, http, env: { U: 'demo' }, config: () => config.value, publicUrl: 'https://overhaul.example.com', everyMs: 50 },
    logger: { warn: () => undefined },
  });
}, 600_000);
afterAll(async () => {
  await stop?.();
  await http?.close();
  await harness?.close();
});

test('a campaign goes on while its ticket cannot be written into, and the ticket hears of it a wave at a time, to its end', async () => {
  const { ledger, simulator } = harness.product;
  const [ticket] = simulator.state.tickets;
  const desk = simulator.state.desk;
  if (!ticket || !desk) throw new Error('the simulator has no tickets');
  const notes = () => ticket.notes.map(({ value }) => value);
  const told = async (words: string): Promise<string> => {
    await eventually(
      async () => {
        await letTicketWaitsEnd(ledger);
        return notes();
      },
      (seen) => seen.some((note) => note.includes(words)),
    );
    return notes().find((note) => note.includes(words)) ?? '';
  };
  // More than it will be asked meanwhile: the ticket system is down.
  desk.faults.push(...Array.from({ length: 10_000 }, () => ({ kind: 'refused' as const, status: 503 })));

  const waves = [
    { name: 'first', size: 1 },
    { name: 'rest', approval: { quorum: 1 } },
  ];
  const campaign = await harness.campaign(planOf(0, 4, { waves, ticket: TICKET }));
  const { pending } = await campaign.until((seen) => seen.pending?.wave !== undefined);
  expect(notes()).toEqual([]);

  // It is back, and loses the answer to what it does first.
  desk.faults.length = 0;
  desk.faults.push({ method: 'PATCH', kind: 'lost' });
  const asked = await told('wave 2 of 2 waits for approval');
  expect(asked).toContain('Wave 1 of 2, first: succeeded; 1 targeted, 1 succeeded');
  expect(asked).toContain(`overhaul approve ${campaign.workflowId} --digest ${pending?.digest}`);
  expect(asked).toContain(`https://overhaul.example.com/runs/${campaign.workflowId}`);

  await campaign.handle.executeUpdate(approve, { args: [{ by: 'ann', digest: pending?.digest }] });
  expect(await campaign.report()).toMatchObject({ status: 'succeeded', counts: { targeted: 4, succeeded: 4 } });
  expect(await told('finished, succeeded')).toContain('approved by ann');
  await eventually(
    async () => {
      await letTicketWaitsEnd(ledger);
      return ledgerOf(ledger).count('ticketPosts', { endedAt: null });
    },
    (open) => open === 0,
  );
  expect(ticket.record.state).toBe('0');
  expect(ticket.files).toHaveLength(1);
  expect(ticket.files[0]?.text.split('\n')).toHaveLength(6);
  // Each entry once, although an answer was lost; and nothing of the steps.
  const markers = notes().map((note) => note.split('\n').at(-1));
  expect(new Set(markers).size).toBe(markers.length);
  expect(markers.every((marker) => marker?.startsWith(`overhaul:${campaign.workflowId} `))).toBe(true);
});

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { assetIds, openRun, readScript, TERMS, useLedgers } from '../../../test/support/ledger/ledger.js';
import { age } from '../../../test/support/ledger/scenario.js';
import { type Config, parseConfig } from '../../contracts/config/file.js';
import { defaultPolicy } from '../../contracts/policy.js';
import { createTicketHttp, type TicketHttp } from '../../tickets/http/client.js';
import { createReadTicket } from '../../tickets/read/read-ticket.js';
import { createAskTicket } from '../../worker/ticket-approval.js';
import type { ActivityDependencies, AskTicket } from '../dependencies.js';
import { type Sent, sendExecution } from '../dispatch/send.js';

const ledgers = useLedgers();
const TICKET = { hook: 'snow', system: 'servicenow', id: 'CHG1' };

let system: Server;
let http: TicketHttp;
/** What the ticket system answers: the approval, or a status other than 200. */
let approval: string | number;
let reads: number;

beforeEach(async () => {
  [approval, reads] = ['approved', 0];
  system = createServer((_request, response) => {
    reads += 1;
    response.statusCode = typeof approval === 'number' ? approval : 200;
    response.end(JSON.stringify({ result: [{ number: 'CHG1', approval }] }));
  });
  await new Promise<void>((resolve) => system.listen(0, '127.0.0.1', resolve));
  http = createTicketHttp({ allow: () => ['127.0.0.0/8'] });
});
afterEach(async () => {
  await http.close();
  system.closeAllConnections();
  await new Promise((resolve) => system.close(resolve));
});

function configOf(hooks: string): Config {
  const url = `http://127.0.0.1:${(system.address() as AddressInfo).port}`;
  const parsed = parseConfig(`
playbooks: { patch: { run: { script: 7 } } }
tickets: { snow: { system: servicenow, url: "${url}", username: { env: U }, password: { env: P } } }
hooks: { ${hooks} }
`);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

const HOOK = 'snow: { system: standard, secrets: [{ env: S }], playbook: patch, ticket: snow }';
const askOf = (config: Config | undefined): AskTicket => createAskTicket(() => config, createReadTicket(http, { U: 'u', P: 'p' }));

/** A run that the ticket has started, with one execution to send; each call tries to send it. */
async function sending(askTicket: AskTicket | undefined) {
  const ledger = await ledgers.open();
  const fence = await openRun(ledger, 'r', assetIds(2), { ticket: TICKET });
  await readScript(ledger, 'r');
  const executed: string[][] = [];
  const dependencies = {
    ...{ ledger, policy: defaultPolicy(), timings: TERMS, sender: TERMS.sender, askTicket },
    qualys: {
      async execute({ assetIds: assets }: { assetIds: string[] }) {
        executed.push(assets);
        return { kind: 'accepted', correlationUuid: 'uuid' };
      },
    },
  } as unknown as ActivityDependencies;
  const send = async (): Promise<Sent> => {
    const [claimed] = await ledger.executions.inState('r', ['claimed']);
    const execution = claimed ?? (await ledger.executions.claim('r', fence));
    const run = await ledger.runs.get('r');
    if (!execution || !run) throw new Error('nothing to send');
    return sendExecution(dependencies, { run, execution, fence, beat: () => undefined, report: async () => ({ kind: 'reported' }) });
  };
  return { ledger, send, executed };
}

describe('before the first execution the ticket is read again', () => {
  test('and what is still approved is sent', async () => {
    const { send, executed } = await sending(askOf(configOf(HOOK)));
    expect(await send()).toEqual({ kind: 'accepted' });
    expect([executed, reads]).toEqual([[assetIds(2)], 1]);
  });

  test.each(['rejected', 'requested', ''])('and what is %s by then is stopped: nothing is executed, then or later', async (now) => {
    const { ledger, send, executed } = await sending(askOf(configOf(HOOK)));
    approval = now;
    expect(await send()).toEqual({ kind: 'over' });
    expect((await ledger.runs.get('r'))?.stop).toEqual({ cause: 'stopped', reason: 'approval-withdrawn' });
    approval = 'approved';
    const [left] = await ledger.executions.inState('r', ['claimed']);
    if (left) expect(await send()).toEqual({ kind: 'over' });
    expect(executed).toEqual([]);
  });

  test('and while it cannot be read, nothing is sent; once it can, the run goes on', async () => {
    const { ledger, send, executed } = await sending(askOf(configOf(HOOK)));
    for (const status of [500, 401, 404]) {
      approval = status;
      expect(await send()).toMatchObject({ kind: 'wait', wait: { blocked: { kind: 'ticket' } } });
    }
    expect([executed, (await ledger.runs.get('r'))?.stop]).toEqual([[], undefined]);
    approval = 'approved';
    expect(await send()).toEqual({ kind: 'accepted' });
  });

  test('and one that its system does not have any more stops the run after a quarter of an hour, not before', async () => {
    const { ledger, send, executed } = await sending(askOf(configOf(HOOK)));
    approval = 404;
    expect(await send()).toMatchObject({ kind: 'wait', wait: { blocked: { kind: 'ticket' } } });
    await age(ledger, 14 * 60_000, { of: ['ticketGoneSince'] });
    expect(await send()).toMatchObject({ kind: 'wait', wait: { blocked: { kind: 'ticket' } } });
    // Seen again meanwhile, it was hidden and not deleted: the quarter of an hour begins again.
    approval = 'approved';
    expect((await askOf(configOf(HOOK))(TICKET)).kind).toBe('approved');
    await ledger.ticketReadings.end('r', await ledger.ticketReadings.begin());
    await age(ledger, 60_000, { of: ['ticketCheckedAt'] });
    approval = 404;
    expect(await send()).toMatchObject({ kind: 'wait' });
    await age(ledger, 15 * 60_000, { of: ['ticketGoneSince'] });
    expect(await send()).toEqual({ kind: 'over' });
    expect([executed, (await ledger.runs.get('r'))?.stop]).toEqual([[], { cause: 'stopped', reason: 'approval-withdrawn' }]);
  });

  test.each<[string, () => AskTicket | undefined]>([
    ['the worker reads no tickets', () => undefined],
    ['its hook is not in the file any more', () => askOf(configOf('other: { system: standard, secrets: [{ env: S }], playbook: patch }'))],
    ['the file was changed and is not read again yet', () => askOf(undefined)],
  ])('nor is anything sent where %s', async (_, ask) => {
    const { send, executed } = await sending(ask());
    expect(await send()).toMatchObject({ kind: 'wait', wait: { blocked: { kind: 'ticket' } } });
    expect([executed, reads]).toEqual([[], 0]);
  });

  test('but a hook that names no tickets has nothing to read', async () => {
    const { send } = await sending(askOf(configOf('snow: { system: standard, secrets: [{ env: S }], playbook: patch }')));
    expect(await send()).toEqual({ kind: 'accepted' });
    expect(reads).toBe(0);
  });
});

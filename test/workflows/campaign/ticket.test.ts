import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { TicketApproval } from '../../../src/activities/dependencies.js';
import { progress } from '../../../src/workflows/shared/messages.js';
import { eventually } from '../product-harness.js';
import { type CampaignHarness, ids, openCampaignHarness, planOf } from './harness.js';

const TICKET = { hook: 'snow', system: 'servicenow', id: 'CHG1' };
const SCRIPT = 72648;

describe('a ticket whose approval is withdrawn before anything is sent', () => {
  let harness: CampaignHarness;
  let says: TicketApproval;
  let asked: number;

  beforeAll(async () => {
    harness = await openCampaignHarness('ticket', {});
    harness.product.dependencies.askTicket = async () => {
      asked += 1;
      return says;
    };
  }, 600_000);
  beforeEach(() => {
    [says, asked] = [{ kind: 'approved' }, 0];
  });
  afterAll(() => harness?.close());

  const startRun = (first: number) => {
    const { targets, poll, deadline } = planOf(first, 2);
    return harness.start({ script: SCRIPT, targets, poll, deadline, ticket: TICKET });
  };
  const sentTo = (assets: readonly string[]) =>
    harness
      .sent(SCRIPT)
      .flat()
      .filter((id) => assets.includes(id));

  test('stops its run: every asset is skipped for that, and the run ends', async () => {
    says = { kind: 'not-approved' };
    const handle = await startRun(0);
    expect(await handle.result()).toMatchObject({ status: 'stopped', counts: { targeted: 2, skipped: 2 } });
    expect((await harness.rows(handle.workflowId)).map(({ reason }) => reason)).toEqual(['approval-withdrawn', 'approval-withdrawn']);
    expect(await harness.audit(handle.workflowId)).toContain('approval-withdrawn');
    expect(sentTo(ids(0, 2))).toEqual([]);
  });

  test('stops its campaign, all waves of it', async () => {
    says = { kind: 'not-approved' };
    const waves = [{ name: 'first', size: 1 }, { name: 'rest' }];
    const campaign = await harness.campaign(planOf(10, 4, { waves, ticket: TICKET }));
    expect(await campaign.report()).toMatchObject({ status: 'stopped', counts: { targeted: 4, skipped: 4 } });
    expect(sentTo(ids(10, 4))).toEqual([]);
    expect(asked).toBe(1);
  });

  test('holds its run while it cannot be read, and is asked about no more once a campaign has sent', async () => {
    says = { kind: 'unreadable', why: 'servicenow answered 503' };
    const run = await startRun(20);
    const seen = await eventually(
      () => run.query(progress),
      ({ blocked }) => blocked !== undefined,
    );
    expect(seen.blocked).toContain('servicenow answered 503');
    expect(sentTo(ids(20, 2))).toEqual([]);
    await run.cancel();
    says = { kind: 'approved' };
    asked = 0;
    const campaign = await harness.campaign(planOf(30, 4, { waves: [{ name: 'first', size: 1 }, { name: 'rest' }], ticket: TICKET }));
    expect(await campaign.report()).toMatchObject({ status: 'succeeded', counts: { targeted: 4, succeeded: 4 } });
    expect(asked).toBe(1);
  });
});

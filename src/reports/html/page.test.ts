import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PATCH_REPORT } from '../../../test/support/patch-report.js';
import { type AssetRow, emptyCounts, type RunReport } from '../../domain/run/outcome.js';
import { notJoinedRecords } from '../../domain/targets/join-record.js';
import type { WaveView } from '../../ledger/reads/campaign-view.js';
import type { StoredRequest } from '../../ledger/rows/run.js';
import type { ReportFacts } from '../facts.js';
import { htmlReport } from './page.js';

const AT = Date.parse('2026-08-22T10:01:00.000Z');
const ASSETS: AssetRow[] = [
  { assetId: '1', name: 'web-1', outcome: 'succeeded', status: 'SUCCESS', exitCode: 0, attempt: 1, jobId: '9' },
  { assetId: '2', name: 'web-2', outcome: 'failed', reason: 'exit code 3', exitCode: 3, attempt: 1 },
];

interface Told extends Partial<Omit<ReportFacts, 'report' | 'run'>> {
  report?: Partial<RunReport>;
  request?: Partial<StoredRequest>;
  stop?: ReportFacts['run']['stop'];
}

async function pageOf({ report, request, stop, ...more }: Told = {}, assets: readonly AssetRow[] = ASSETS): Promise<string> {
  const facts: ReportFacts = {
    ...{ audit: [], schedules: [], outOfCohort: [], clockRate: 1, ...more },
    report: { ...PATCH_REPORT, ...report },
    run: { request: (request ?? {}) as StoredRequest, cohort: { size: 2 }, stop },
  };
  const parts: string[] = [];
  const assetsOf = (outcome: string, wave?: number) => {
    const name = more.campaign?.waves.find(({ waveNo }) => waveNo === wave)?.name;
    return only(assets.filter((row) => row.outcome === outcome && (wave === undefined || row.wave === name)));
  };
  for await (const chunk of htmlReport(facts, assetsOf)) parts.push(chunk);
  return parts.join('');
}

async function* only(rows: readonly AssetRow[]): AsyncGenerator<AssetRow> {
  yield* rows;
}

/** Everything that somebody may have written, as this text. */
function toldBy(text: string): Told {
  return {
    request: { requestedBy: text, reason: text, ticket: { id: text, system: text, url: text } },
    audit: [
      { at: AT, actor: text, verified: false, action: 'pause', detail: JSON.stringify({ reason: text, [text]: text }) },
      { at: AT, verified: false, action: text, detail: text },
    ],
    stop: { cause: 'stopped', reason: text },
    report: { strays: 1, status: 'stopped' },
    outOfCohort: [{ assetId: text, jobId: text }],
  };
}

describe('the HTML report', () => {
  test('escapes what came from outside and loads nothing', async () => {
    const hostile: AssetRow = { assetId: '3', name: '<script>alert("1")</script>', outcome: 'failed', reason: '\u202egnp', attempt: 1 };
    const page = await pageOf({}, [hostile]);
    expect(page).toContain('<h1>patch &lt;1&gt; <span class="badge partial">partial</span></h1>');
    expect(page).toContain('<td>&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;</td>');
    expect(page).toContain('Restart &amp; &quot;wait&quot; (72648)');
    expect(page).toContain('2026-08-22 10:00:00 to 2026-08-22 10:03:20 UTC, 3m 20s');
    expect(page).toContain('1 execution, 5 Qualys calls');
    expect(page).not.toContain('\u202e');
    expect(page).not.toMatch(/<script|https?:|src=|@import|url\(/);
  });

  test('lets no text of anybody become markup', async () => {
    const hostile = fc.string({
      unit: fc.constantFrom('<', '>', '"', "'", '&', 'img', '/', ' ', 'javascript:', '\n', '{', '}'),
      minLength: 1,
      maxLength: 12,
    });
    const tagsWith = async (text: string): Promise<number | undefined> => (await pageOf(toldBy(text))).match(/<[^>]*>/g)?.length;
    const tags = await tagsWith('x');
    await fc.assert(
      fc.asyncProperty(hostile, async (text) => {
        expect(await tagsWith(text)).toBe(tags);
      }),
    );
  });

  test('tells why assets failed, with their output as text, before the table of them', async () => {
    const group = { count: 12, reason: 'exit code 3', exitCode: 3, status: 'EXECUTION FAILED', varies: true };
    const page = await pageOf({
      report: { counts: { ...PATCH_REPORT.counts, targeted: 20, failed: 19 } },
      failures: {
        groups: [
          {
            ...group,
            sample: { first: ['<b>locked</b>'], leftOut: 1_200, last: ['\u202egnp'] },
            assets: [{ assetId: '2', name: 'web-<2>' }, { assetId: '3' }],
          },
          {
            count: 4,
            reason: 'told by its output',
            varies: false,
            sample: { first: [], leftOut: 0, last: [] },
            assets: [{ assetId: '4' }],
          },
          { count: 1, varies: false, assets: [{ assetId: '5' }] },
        ],
        rest: { groups: 2, assets: 2, isMore: false },
      },
    });
    expect(page).toContain(
      '<h3><b>12</b> of 19: exit code 3 · EXECUTION FAILED <small>as web-&lt;2&gt; wrote it</small></h3>\n<pre>&lt;b&gt;locked&lt;/b&gt;\n… 1,200 lines left out …\n\ufffdgnp</pre>\n<p class="hosts">web-&lt;2&gt;, 3 and 10 more</p>',
    );
    expect(page).toContain('differ only in the host’s own name and id, dates, times and process ids.');
    expect(page).toContain('<h3><b>4</b> of 19: told by its output</h3>\n<p class="soft">The script wrote nothing.</p>');
    expect(page).toContain('<h3><b>1</b> of 19: no reason told</h3>\n<p class="soft">No output of these is stored.</p>');
    expect(page).toContain('and 2 more assets in 2 smaller groups');
    expect(page.indexOf('class="group"')).toBeLessThan(page.indexOf('<td>web-2</td>'));
    expect(await pageOf()).not.toContain('class="group"');
  });

  test('says in a line each what its words mean, and what its own status does', async () => {
    const page = await pageOf();
    expect(page).toContain(
      '<p class="means">Some assets succeeded and others did not, or the script also went outside the cohort. <a href="#words">',
    );
    const legend = page.slice(page.indexOf('id="words"'));
    expect([...legend.matchAll(/<dt>(.*?)<\/dt><dd>[^<]{10,120}<\/dd>/g)].map(([, word = '']) => word.replace(/<[^>]*>/g, ''))).toEqual([
      ...['succeeded', 'failed', 'unverified', 'unreachable', 'missing', 'skipped'],
      ...['succeeded', 'partial', 'failed', 'stopped', 'cancelled'],
    ]);
  });

  test('folds what succeeded, and nothing else', async () => {
    const page = await pageOf();
    expect(page).toContain('<details><summary>Show 1 asset</summary><div class="scroll"><table class="assets">');
    expect(page.match(/<details>/g)).toHaveLength(1);
    expect(page.slice(page.indexOf('<details>'), page.indexOf('</details>'))).toContain('<td>web-1</td>');
  });

  test('says once that Qualys’ times are a simulator’s, and names the column of them', async () => {
    const page = await pageOf({ clockRate: 59.97 });
    expect(page).toContain(
      '<dt>Qualys’ clock</dt><dd>a simulator’s, 60 times as fast as ours. When assets finished, and every limit such as a deadline, is in its time; all other times on this page are ours.</dd>',
    );
    expect(page).toContain('<th scope="col">Finished (simulated UTC)</th>');
    // On a narrow screen the head of the table is hidden, and each cell says it.
    expect(page).toContain('<table class="assets simulated">');
    const real = await pageOf({ clockRate: 1 });
    expect(real).toContain('<th scope="col">Finished (UTC)</th>');
    expect(real.replace(/<style>[\s\S]*<\/style>/, '')).not.toContain('simulat');
  });

  test('says beside the reason which rule decided, and which verdict came late', async () => {
    const row: AssetRow = {
      assetId: '3',
      outcome: 'failed',
      reason: 'exit code 4',
      rule: 'verdict.exitCodes.4',
      late: 'succeeded',
      attempt: 1,
    };
    expect(await pageOf({}, [row])).toContain(
      '<td>exit code 4<br><small>decided by verdict.exitCodes.4</small><br><small>late verdict: succeeded</small></td>',
    );
    expect(await pageOf({}, [{ ...row, rule: 'default' }])).not.toContain('decided by');
  });

  test('gives every exception a reason, also where Qualys’ own word decided, and says what the reasons mean', async () => {
    const page = await pageOf({}, [
      { assetId: '1', outcome: 'failed', status: 'EXECUTION FAILED', exitCode: 1, rule: 'default', attempt: 1 },
      { assetId: '2', outcome: 'failed', status: 'EXECUTION FAILED', exitCode: 0, attempt: 1 },
      { assetId: '3', outcome: 'missing', attempt: 1 },
      { assetId: '4', outcome: 'unverified', reason: 'verify: no-verdict-by-deadline', attempt: 1 },
      { assetId: '5', outcome: 'skipped', reason: 'open-copy: run other', attempt: 1 },
      { assetId: '6', outcome: 'succeeded', exitCode: 0, status: 'SUCCESS', attempt: 1 },
    ]);
    const reasons = [...page.matchAll(/<tr><td>(\d)<\/td><td><\/td><td>(.*?)<\/td>/g)].map(([, asset, reason]) => `${asset} ${reason}`);
    expect(reasons).toEqual([
      ...['1 exit code 1', '2 Qualys’ own word: EXECUTION FAILED', '4 verify: no-verdict-by-deadline', '3 no reason told', '6 '],
      '5 open-copy: run other',
    ]);
    const legend = page.slice(page.indexOf('<h3>Reasons on this page</h3>'));
    expect([...legend.matchAll(/<dt>(.*?)<\/dt><dd>[^<]{10,120}<\/dd>/g)].map(([, word]) => word)).toEqual([
      'no-verdict-by-deadline',
      'open-copy',
    ]);
    expect(await pageOf()).not.toContain('Reasons on this page');
  });

  test('has the outputs of unverified assets too, and opens three groups of each at once', async () => {
    const group = (count: number, line: string) => ({
      ...{ count, reason: 'told by its output', rule: 'verdict.output[1]', varies: false, assets: [{ assetId: line }] },
      sample: { first: [line], leftOut: 0, last: [] },
    });
    const unverified = { groups: [4, 3, 2, 1].map((count) => group(count, `<${count}>`)), rest: { groups: 0, assets: 0, isMore: false } };
    const counts = { ...PATCH_REPORT.counts, unverified: 10 };
    const page = await pageOf({ report: { counts }, unverified }, [{ assetId: '1', outcome: 'unverified', attempt: 1 }]);
    expect(page.match(/<article class="group">/g)).toHaveLength(3);
    expect(page).toContain(
      '<details class="group"><summary><h3><b>1</b> of 10: told by its output · decided by verdict.output[1]</h3> <small>&lt;1&gt;</small></summary>\n<pre>&lt;1&gt;</pre>',
    );
  });

  test('has what failed before the decisions, and what succeeded after them', async () => {
    const page = await pageOf({ audit: [{ at: AT, actor: 'lee', verified: false, action: 'pause' }] });
    const places = ['id="failed"', 'web-2', 'id="decisions"', 'id="succeeded"', 'web-1'].map((text) => page.indexOf(text));
    expect(places).toEqual([...places].sort((one, other) => one - other));
    expect(places[0]).toBeGreaterThan(0);
    expect(page).not.toContain('id="missing"');
  });

  test('says who asked, why, and for which ticket, with a link to it', async () => {
    const ticket = { id: 'CHG0030001', system: 'snow', url: 'https://tickets.example.com/CHG0030001?a=1&b=2' };
    const page = await pageOf({ request: { requestedBy: 'ada', reason: 'OpenSSL', ticket } });
    expect(page).toContain('<dt>Requested by</dt><dd>ada</dd><dt>Reason</dt><dd>OpenSSL</dd>');
    expect(page).toContain(
      '<a href="https://tickets.example.com/CHG0030001?a=1&amp;b=2" rel="noreferrer">CHG0030001</a> <small>snow</small>',
    );
  });

  test('says why a run was stopped', async () => {
    const stop = { cause: 'stopped', reason: 'error-budget' } as const;
    expect(await pageOf({ stop, report: { status: 'stopped' } })).toContain('<dt>Stopped because</dt><dd>error-budget</dd>');
    expect(await pageOf({ stop: { cause: 'cancelled', reason: 'cancelled' }, report: { status: 'cancelled' } })).not.toContain('because');
  });

  test('names every warning', async () => {
    const warnings = ['Qualys lists no tag "Prod <DB>"', 'and no host'];
    expect(await pageOf({ report: { warnings } })).toContain(
      '<dt>Warning</dt><dd>Qualys lists no tag &quot;Prod &lt;DB&gt;&quot;</dd><dt>Warning</dt><dd>and no host</dd>',
    );
  });

  test.each([['javascript:alert(1)'], ['data:text/html,x'], ['//example.com'], ['https://']])('makes no link of %s', async (url) => {
    const page = await pageOf({ request: { ticket: { id: 'CHG1', system: 'snow', url } } });
    expect(page).toContain('<dt>Ticket</dt><dd>CHG1 <small>snow</small></dd>');
  });

  test('tells decisions with who, verified or claimed, and why; what Overhaul noted is apart', async () => {
    const page = await pageOf({
      audit: [
        { at: AT, verified: false, action: 'start' },
        { at: AT, actor: 'lee', verified: true, action: 'approve', detail: '{"digest":"ab12"}' },
        { at: AT, actor: 'kim', verified: false, action: 'adjust', detail: '{"maxInFlight":8,"reason":"it is late"}' },
        { at: AT, verified: false, action: 'stop', detail: '{"cause":"stopped","why":"error-budget"}' },
        { at: AT, verified: false, action: 'adopted', detail: 'execution 3: job 80509' },
      ],
    });
    expect(rowsAfter(page, 'id="decisions"')).toEqual([
      '2026-08-22 10:01:00|lee verified|approved|digest: ab12',
      '2026-08-22 10:01:00|kim claimed|adjusted|it is late / max in flight: 8',
      '2026-08-22 10:01:00|Overhaul|stopped|error-budget',
    ]);
    expect(rowsAfter(page, 'id="notes"')).toEqual(['2026-08-22 10:01:00|adopted|execution 3: job 80509']);
  });

  test('begins with an alarm when assets outside the cohort were hit', async () => {
    expect(await pageOf()).not.toContain('role="alert"');
    const page = await pageOf({
      report: { strays: 3 },
      outOfCohort: [
        { assetId: '77', jobId: '9' },
        { assetId: '78', jobId: '9' },
      ],
    });
    expect(page).toMatch(/<main>\n<section class="alarm" role="alert"><h2>⚠ 3 assets outside the cohort got the script<\/h2>/);
    expect(page).toContain('<li>77 <small>job 9</small></li><li>78 <small>job 9</small></li></ul><p>and 1 more');
  });

  test('names targets that no CAR asset could be told for', async () => {
    const details = notJoinedRecords(1, 'gav', [{ source: 'gav', id: '28975144', name: 'db-1', why: 'unknown' }]);
    const page = await pageOf({ audit: details.map((detail) => ({ at: AT, verified: false, action: 'not-joined', detail })) });
    expect(page).toContain('<li>db-1 (gav 28975144): unknown to CAR</li>');
    expect(page).not.toContain('id="notes"');
  });

  test('tells of each schedule of the follow-up, the refused ones too', async () => {
    const followUp = { kind: 'schedule', on: 'unresolved', scheduleType: 'ONE_TIME' } as const;
    const page = await pageOf({
      request: { followUp },
      report: { followUp: { kind: 'schedule', ids: ['4711'], titles: ['patch 1 of 2'] } },
      schedules: [
        { title: 'patch 1 of 2', state: 'created', scheduleId: '4711' },
        { title: 'patch 2 of 2', state: 'rejected', detail: 'the start is in the past' },
      ],
    });
    expect(page).toContain('Schedules at Qualys, for what is unresolved.');
    expect(page).toContain('created</span> patch 1 of 2 <small>4711</small>');
    expect(page).toContain('refused</span> patch 2 of 2<br><span class="soft">the start is in the past</span>');
  });

  test('of a campaign has its waves, and under each outcome the assets wave by wave, failures first', async () => {
    const wave = (waveNo: number, name: string, more: Partial<WaveView> & { counts: WaveView['counts'] }): WaveView => ({
      ...{ waveNo, name, status: 'partial', compliant: 0, approvedBy: [], openedAt: AT, closedAt: AT + 60_000 },
      ...more,
    });
    const waves = [
      wave(1, 'canary & co', { counts: { ...emptyCounts(), targeted: 2, failed: 1, succeeded: 1 } }),
      wave(2, 'rest', {
        ...{ status: 'rolled-back', approvedBy: ['ann', 'bob'], why: 'too many', compliant: 1, notRolledBack: 1 },
        counts: { ...emptyCounts(), targeted: 2, failed: 1, skipped: 1 },
      }),
    ];
    const assets: AssetRow[] = [
      { assetId: '1', outcome: 'succeeded', attempt: 1, wave: 'canary & co' },
      { assetId: '2', outcome: 'failed', attempt: 1, wave: 'canary & co' },
      { assetId: '3', outcome: 'failed', attempt: 1, wave: 'rest' },
      { assetId: '4', outcome: 'skipped', reason: 'compliant', attempt: 1, wave: 'rest' },
    ];
    const page = await pageOf({ campaign: { digest: 'ab12', waves } }, assets);
    expect(rowsAfter(page, 'id="waves"')).toEqual([
      'canary &amp; co|partial|2: 1 succeeded, 1 failed||2026-08-22 10:01:00 to 2026-08-22 10:02:00|',
      'rest|rolled-back|2: 1 failed, 1 skipped (1 compliant)|ann, bob|2026-08-22 10:01:00 to 2026-08-22 10:02:00|too many; rolled back by patch &lt;1&gt;/rest/rollback; 1 not rolled back',
    ]);
    expect(page).toContain('<dt>Plan digest</dt><dd><code>ab12</code></dd>');
    const order = [
      'id="failed"',
      'Wave canary &amp; co <small>1',
      '<td>2</td>',
      'Wave rest <small>1',
      '<td>3</td>',
      'id="succeeded"',
      '<td>1</td>',
      'id="skipped"',
      '<td>4</td>',
    ];
    let from = 0;
    for (const part of order) {
      const place = page.indexOf(part, from);
      expect(place).toBeGreaterThanOrEqual(from);
      from = place;
    }
  });

  test('of a recheck says what is otherwise than before', async () => {
    const changes = [
      { before: 'failed' as const, now: 'succeeded' as const, assets: 3 },
      { before: 'failed' as const, now: 'failed' as const, assets: 1 },
    ];
    const page = await pageOf({ report: { recheck: { of: 'patch', changes } } });
    expect(page).toContain('<ul><li><b>3</b> were failed, now succeeded</li><li><b>1</b> unchanged</li></ul>');
  });

  test('comes in chunks of bounded size, however many assets there are', async () => {
    async function* many(): AsyncGenerator<AssetRow> {
      for (let id = 1; id <= 20_000; id += 1) yield { assetId: String(id), outcome: 'succeeded', attempt: 1 };
    }
    const facts: ReportFacts = {
      report: PATCH_REPORT,
      run: { request: {} as StoredRequest, cohort: { size: 1 } },
      audit: [],
      schedules: [],
      outOfCohort: [],
      clockRate: 1,
    };
    let [largest, size] = [0, 0];
    for await (const chunk of htmlReport(facts, (outcome) => (outcome === 'succeeded' ? many() : only([])))) {
      largest = Math.max(largest, chunk.length);
      size += chunk.length;
    }
    expect(size).toBeGreaterThan(1_000_000);
    expect(largest).toBeLessThan(60_000);
  });
});

/** The text of the rows of the table that follows a heading, cells parted by a bar. */
function rowsAfter(page: string, heading: string): string[] {
  const table = page.slice(page.indexOf(heading)).match(/<tbody>([\s\S]*?)<\/tbody>/)?.[1] ?? '';
  return [...table.matchAll(/<tr>(.*?)<\/tr>/g)].map(([, row = '']) =>
    [...row.matchAll(/<td>(.*?)<\/td>/g)].map(([, cell = '']) => cell.replaceAll('<br>', ' / ').replace(/<[^>]*>/g, '')).join('|'),
  );
}

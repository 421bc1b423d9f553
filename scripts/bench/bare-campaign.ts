// The peer of the campaign's bench: a plain loop that makes the same calls with the same concurrency (one execute at a time, a watch
// beside it, a page ahead where the worker reads ahead) and writes the same rows, and that keeps none of a campaign's promises.
import { setTimeout as delay } from 'node:timers/promises';
import { openLedger } from '../../src/ledger/index.js';
import { BareGateway } from './bare-gateway.js';
import { type BareAsset, type BareAssetJob, type BareExecution, type BareRow, BareRows } from './bare-rows.js';
import { canarySize, explicitIds, QUERY, RING_TAGS, ringOf, SITE_TAGS, siteOf, TARGET_TAGS } from './campaign-fleet.js';

const BATCH = 25;
const KEYS_A_SEARCH = 1_000;
const LOOK_EVERY_MS = 1_000;
const MEMBERS_A_PAGE = 1_000;
const MOST_PAGES = 10;
const ROWS_A_POLL = 1_999;

type Place = BareAsset & BareRow;

export interface BareResult {
  seconds: number;
  executions: number;
  callsByPath: Readonly<Record<string, number>>;
}

export async function runBare({ url, database, assets }: { url: string; database: string; assets: number }): Promise<BareResult> {
  // The tables are the ledger's.
  await (await openLedger({ url: `sqlite:${database}`, create: true, caps: { callsPerHour: 1, concurrency: 1 } })).close();
  const rows = new BareRows(database);
  const gateway = new BareGateway(url, rows);
  const startedAt = performance.now();
  try {
    const executions = await new BareCampaign(gateway, rows, assets).run();
    return { seconds: (performance.now() - startedAt) / 1_000, executions, callsByPath: gateway.callsByPath };
  } finally {
    await gateway.close();
    rows.close();
  }
}

class BareCampaign {
  readonly #places = new Map<string, Place>();
  #executions = 0;

  constructor(
    readonly gateway: BareGateway,
    readonly rows: BareRows,
    readonly assets: number,
  ) {}

  async run(): Promise<number> {
    await this.#resolve();
    const waves = await this.#cut();
    for (const [index, wave] of waves.entries()) await this.#step(`bare/${index + 1}`, wave);
    return this.#executions;
  }

  async #resolve(): Promise<void> {
    await this.gateway.script();
    const explicit = explicitIds(this.assets);
    for (let start = 0; start < explicit.length; start += KEYS_A_SEARCH) {
      const filter = explicit
        .slice(start, start + KEYS_A_SEARCH)
        .map((assetId) => `assetId: ${assetId}`)
        .join(' or ');
      await this.#add(this.gateway.assets(filter, { pageSize: 1_500 }));
    }
    for (const tagId of TARGET_TAGS) await this.#add(this.gateway.assets(`tags.id: ${tagId}`, { ahead: true }));
    await this.#add(this.gateway.assets(QUERY));
  }

  async #add(pages: AsyncIterable<BareAsset[]>): Promise<void> {
    for await (const page of pages) {
      const placed = page.map((asset, index) => ({ ...asset, seq: this.#places.size + index + 1 }));
      this.rows.addCohort(placed);
      for (const place of placed) this.#places.set(place.assetId, place);
    }
  }

  async #cut(): Promise<Place[][]> {
    for (const tagId of RING_TAGS) for await (const _page of this.gateway.assets(`tags.id: ${tagId}`, { ahead: true }));
    const [canary, ...others]: [Place[], ...Place[][]] = [[], ...RING_TAGS.map((): Place[] => []), []];
    const all = [...this.#places.values()];
    const every = Math.floor(all.length / canarySize(this.assets));
    for (const [index, place] of all.entries()) {
      const isCanary = index % every === 0 && canary.length < canarySize(this.assets);
      (isCanary ? canary : (others[ringOf(place.assetId)] ?? [])).push(place);
    }
    const waves = [canary, ...others];
    for (const [index, wave] of waves.entries()) this.rows.setWave(wave, index + 1);
    return waves;
  }

  async #step(runId: string, wave: readonly Place[]): Promise<void> {
    await this.gateway.script();
    this.rows.addStep(runId, wave);
    const { bySite, byId } = await this.#plan(runId, wave);
    const watch = new BareWatch(this.gateway, this.rows);
    await Promise.all([watch.run(), this.#send(runId, { bySite, byId }, watch)]);
    this.rows.merge(runId, wave);
  }

  /** Which sites are whole in this wave, but for what an execution can exclude: a page of every other one shows that it is not. */
  async #plan(runId: string, wave: readonly Place[]): Promise<{ bySite: Site[]; byId: Place[] }> {
    const bySite: Site[] = [];
    const byId: Place[] = [];
    const own = new Map(wave.map((place) => [place.assetId, place]));
    if (wave.length > canarySize(this.assets)) {
      for (const tagId of SITE_TAGS) {
        const members: string[] = [];
        let excluded: string[] = [];
        for await (const page of this.gateway.assets(`tags.id: ${tagId}`)) {
          members.push(...page.map(({ assetId }) => assetId));
          excluded = members.filter((assetId) => !own.has(assetId));
          if (excluded.length > BATCH) break;
        }
        if (excluded.length > BATCH) continue;
        const rows = members.map((assetId) => own.get(assetId)).filter((place) => place !== undefined);
        bySite.push({ tagId, excluded, rows });
        this.rows.setPlanned(runId, bySite.length, rows);
      }
    }
    const planned = new Set(bySite.map(({ tagId }) => tagId));
    for (const place of wave) if (!planned.has(siteOf(place.assetId))) byId.push(place);
    return { bySite, byId };
  }

  async #send(runId: string, { bySite, byId }: { bySite: readonly Site[]; byId: readonly Place[] }, watch: BareWatch): Promise<void> {
    let n = 0;
    for (const sites of bundled(bySite)) {
      n += 1;
      const execution = { runId, n, rows: sites.flatMap(({ rows }) => rows) };
      this.rows.claim(execution);
      for (const { tagId } of sites) for await (const _page of this.gateway.assets(`tags.id: ${tagId}`));
      const lists = { assetTagIds: sites.map(({ tagId }) => tagId), excludedAssetIds: sites.flatMap(({ excluded }) => excluded) };
      await this.#execute(execution, lists, watch);
    }
    for (let start = 0; start < byId.length; start += BATCH) {
      n += 1;
      const execution = { runId, n, rows: byId.slice(start, start + BATCH) };
      this.rows.claim(execution);
      await this.#execute(execution, { assetIds: execution.rows.map(({ assetId }) => assetId) }, watch);
    }
    watch.end();
  }

  async #execute(execution: BareExecution, lists: Parameters<BareGateway['execute']>[0], watch: BareWatch): Promise<void> {
    this.rows.permit(execution);
    const uuid = await this.gateway.execute(lists);
    this.rows.accept(execution, uuid);
    watch.add(uuid, execution);
    this.#executions += 1;
  }
}

/** As many sites an execution as its lists and the minute for reading them again take. */
function bundled(sites: readonly Site[]): Site[][] {
  const bundles: Site[][] = [];
  let [pages, exclusions] = [0, 0];
  for (const site of sites) {
    const own = Math.ceil(site.rows.length / MEMBERS_A_PAGE);
    const last = bundles.at(-1);
    const fits = last && last.length < BATCH && pages + own <= MOST_PAGES && exclusions + site.excluded.length <= BATCH;
    if (fits) last.push(site);
    else bundles.push([site]);
    [pages, exclusions] = fits ? [pages + own, exclusions + site.excluded.length] : [own, site.excluded.length];
  }
  return bundles;
}

interface Site {
  tagId: string;
  rows: Place[];
  excluded: string[];
}

/** Looks once a second at everything that is in flight, as the worker does. */
class BareWatch {
  readonly #sought = new Map<string, BareExecution>();
  readonly #known = new Map<string, BareExecution>();
  #isOver = false;

  constructor(
    readonly gateway: BareGateway,
    readonly rows: BareRows,
  ) {}

  add(correlationUuid: string, execution: BareExecution): void {
    this.#sought.set(correlationUuid, execution);
  }

  end(): void {
    this.#isOver = true;
  }

  async run(): Promise<void> {
    while (!this.#isOver || this.#sought.size + this.#known.size > 0) {
      const startedAt = performance.now();
      await this.#look();
      await delay(Math.max(0, LOOK_EVERY_MS - (performance.now() - startedAt)));
    }
  }

  async #look(): Promise<void> {
    if (this.#sought.size > 0) {
      const jobs = await this.gateway.jobs(Math.min(2_000, 100 + this.#sought.size * 2));
      for (const [uuid, execution] of this.#sought) {
        const jobId = jobs.get(uuid);
        if (jobId === undefined) continue;
        this.rows.setJob(execution, jobId);
        this.#sought.delete(uuid);
        this.#known.set(jobId, execution);
      }
    }
    let part: [string, BareExecution][] = [];
    let size = 0;
    for (const [jobId, execution] of [...this.#known]) {
      if (part.length > 0 && size + execution.rows.length > ROWS_A_POLL) {
        await this.#read(part, size);
        [part, size] = [[], 0];
      }
      part.push([jobId, execution]);
      size += execution.rows.length;
    }
    if (part.length > 0) await this.#read(part, size);
  }

  async #read(part: readonly [string, BareExecution][], size: number): Promise<void> {
    const found = new Map(part.map(([jobId]) => [jobId, new Map<string, BareAssetJob>()]));
    for await (const page of this.gateway.assetJobs(
      part.map(([jobId]) => jobId),
      size,
    )) {
      for (const job of page) found.get(job.jobId)?.set(job.assetId, job);
    }
    const settled = part.flatMap(([jobId, execution]) => {
      const jobs = found.get(jobId) ?? new Map<string, BareAssetJob>();
      const isDone = jobs.size >= execution.rows.length && [...jobs.values()].every(({ exitCode }) => exitCode !== undefined);
      return isDone ? [{ jobId, execution, jobs }] : [];
    });
    this.rows.settle(settled);
    for (const { jobId } of settled) this.#known.delete(jobId);
  }
}

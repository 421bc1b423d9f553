// The calls of the bare loop: undici and JSON.parse, and what the ledger writes down of each call.
import { Pool } from 'undici';
import type { BareAsset, BareAssetJob, BareRows } from './bare-rows.js';
import { SCRIPT_ID } from './campaign-fleet.js';

const PAGE_SIZE = 1_000;
const ASSET_JOBS_A_PAGE = 2_000;
const ASSET_JOB_SORT = JSON.stringify([{ 'created.dateTime': 'asc' }, { id: 'asc' }]);
const JOB_SORT = JSON.stringify([{ 'created.dateTime': 'desc' }, { id: 'desc' }]);
const ASSET_SORT = JSON.stringify([{ id: 'asc' }]);

interface Item {
  sortValues: unknown[];
  data: Record<string, unknown>;
}

export class BareGateway {
  readonly #pool: Pool;
  readonly #rows: BareRows;
  #token: string | undefined;
  readonly callsByPath: Record<string, number> = {};

  constructor(url: string, rows: BareRows) {
    this.#pool = new Pool(url);
    this.#rows = rows;
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  async script(): Promise<void> {
    await this.#call('GET', `/sm/v1/scripts/${SCRIPT_ID}`);
  }

  /** Page by page. `ahead`: the next one is asked for while this one is worked on. */
  async *assets(filter: string, { pageSize = PAGE_SIZE, ahead = false } = {}): AsyncGenerator<BareAsset[]> {
    for await (const items of this.#walk('/sm/v1/assets/search', { filter, sort: ASSET_SORT, pageSize }, ahead)) {
      yield items.map(({ data }) => ({
        assetId: String(data['assetId']),
        name: String(data['name']),
        agentUuid: String(data['agentUuid']),
      }));
    }
  }

  async execute(lists: {
    assetIds?: readonly string[];
    assetTagIds?: readonly string[];
    excludedAssetIds?: readonly string[];
  }): Promise<string> {
    const { assetIds = [], assetTagIds = [], excludedAssetIds = [] } = lists;
    const body = { testMode: false, assetIds, assetTagIds, excludedAssetIds };
    const answer = (await this.#call('POST', `/sm/v1/scripts/${SCRIPT_ID}/execute`, body)) as { body: { correlationUuid: string } };
    return answer.body.correlationUuid;
  }

  /** The newest jobs: correlation UUID and job id. */
  async jobs(pageSize: number): Promise<Map<string, string>> {
    const answer = await this.#call('POST', '/sm/v2/jobs/search', { filter: `scriptId: ${SCRIPT_ID}`, sort: JOB_SORT, pageSize });
    return new Map(itemsOf(answer).map(({ data }) => [String(data['correlationUuid']), String(data['id'])]));
  }

  async *assetJobs(jobIds: readonly string[], expected: number): AsyncGenerator<BareAssetJob[]> {
    const filter = jobIds.map((jobId) => `job.id: ${jobId}`).join(' or ');
    const pageSize = Math.min(ASSET_JOBS_A_PAGE, expected + 1);
    for await (const items of this.#walk('/sm/v2/assetjobs/search', { filter, sort: ASSET_JOB_SORT, pageSize })) {
      yield items.map(({ data }) => {
        const { job, asset, output } = data as { job: { id: number }; asset: { id: number }; output?: { code: number } };
        return {
          jobId: String(job.id),
          assetId: String(asset.id),
          status: String(data['status']),
          exitCode: output?.code,
          finishedAt: Number(data['executionEndTime'] ?? 0),
        };
      });
    }
  }

  async *#walk(path: string, body: { pageSize: number; filter: string; sort: string }, ahead = false): AsyncGenerator<Item[]> {
    let next: Promise<unknown> | undefined = this.#call('POST', path, body);
    let read = 0;
    while (next) {
      const answer: unknown = await next;
      const items = itemsOf(answer);
      read += items.length;
      const after = items.at(-1)?.sortValues;
      // As the worker: a full page may have rows behind it, whatever the total says.
      const isLast: boolean = items.length === 0 || (items.length < body.pageSize && read >= totalOf(answer));
      const ask = (): Promise<unknown> => this.#call('POST', path, { ...body, searchAfter: after });
      next = ahead && !isLast ? ask() : undefined;
      // It may be left before its answer is wanted.
      next?.catch(() => undefined);
      if (items.length > 0) yield items;
      if (!isLast) next ??= ask();
    }
  }

  async #call(method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
    this.callsByPath[path] = (this.callsByPath[path] ?? 0) + 1;
    for (;;) {
      this.#token ??= await this.#signIn();
      const callId = this.#rows.callBegins(path);
      const answer = await this.#pool.request({
        method,
        path,
        headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
        body: body === undefined ? null : JSON.stringify(body),
      });
      const text = await answer.body.text();
      this.#rows.callEnds(callId);
      if (answer.statusCode === 200) return JSON.parse(text);
      if (answer.statusCode !== 401) throw new Error(`${path} answered ${answer.statusCode}: ${text.slice(0, 200)}`);
      this.#token = undefined;
    }
  }

  async #signIn(): Promise<string> {
    const answer = await this.#pool.request({
      method: 'POST',
      path: '/auth',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ username: 'demo', password: 'demo', token: 'true' }).toString(),
    });
    return answer.body.text();
  }
}

function listOf(answer: unknown): { totalCount: number; list: (Item | Record<string, unknown>)[] } {
  return (answer as { body: { totalCount: number; list: Item[] } }).body;
}

function itemsOf(answer: unknown): Item[] {
  return listOf(answer).list as Item[];
}

function totalOf(answer: unknown): number {
  return listOf(answer).totalCount;
}

import { type Call, ok, type Route } from '../answers/routes.js';
import { countBody, idWriter, listReply, searchRules } from '../answers/wire.js';
import { matchingRows, type RowKind, readInstant, readSearch, type SearchRequest, searchRows } from '../search/paging.js';
import type { QqlNode } from '../search/qql.js';
import { qqlOnlyValues } from '../search/qql-match.js';
import { type AssetJob, assetJobOf, exitCodeAt, phaseAt, statusAt, toldResult } from '../world/asset-job.js';
import { CUSTOMER_UUID, chance, uuidOf } from '../world/chance.js';
import { agentSeenAt, type SimulatedJob, type World } from '../world/state.js';
import { outputOf } from '../world/timeline.js';
import { named } from './jobs.js';

/** #7, #16 and #20 of the reference: the per-asset parts of jobs. */
export const assetJobRoutes: Route[] = [
  { method: 'POST', path: '/sm/v1/assetjobs/search', handle: (call) => searchAssetJobs(call, 'flat') },
  { method: 'POST', path: '/sm/v2/assetjobs/search', handle: (call) => searchAssetJobs(call, 'switched') },
  {
    method: 'GET',
    path: '/sm/v1/assetjobs/count',
    handle(call) {
      const { world, now, query } = call;
      const { filter } = readSearch({ filter: query.get('query') ?? undefined });
      const [startAt, endAt] = [readInstant(query.get('startAt'), 'startAt'), readInstant(query.get('endAt'), 'endAt')];
      const rows = matchingRows(assetJobKind(world, now), { filter, startAt, endAt }, searchRules(call));
      const groups = {
        status: (row: AssetJob) => statusAt(world, row, now),
        'asset.operatingSystem': (row: AssetJob) => world.fleet.operatingSystem(row.asset),
        'script.name': (row: AssetJob) => row.job.script.title,
        'job.id': (row: AssetJob) => row.job.id,
      };
      return ok(countBody(call, rows, groups));
    },
  },
];

function searchAssetJobs(call: Call, shape: 'flat' | 'switched') {
  const request = readSearch(call.body, { searchAfter: shape === 'switched' });
  const kind = assetJobKind(call.world, call.now);
  const page = searchRows({ ...kind, ...memoFor(call, request) }, request, searchRules(call));
  return listReply(call, page, shape, (row) => assetJobRow(call, row, request.includeScriptResult));
}

/**
 * Asset jobs that the index shows at this instant. Filters on jobs are answered from the jobs they name: there may be 100,000 asset jobs.
 */
function assetJobKind(world: World, now: number): RowKind<AssetJob> {
  const { fleet } = world;
  return {
    tokens: {
      'job.id': { kind: 'id', read: ({ job }) => job.id },
      'job.correlationUuid': { kind: 'id', read: ({ job }) => job.correlationUuid },
      'script.name': { kind: 'text', read: ({ job }) => job.script.title },
      status: { kind: 'word', read: (row) => statusAt(world, row, now) },
      'asset.id': { kind: 'id', read: ({ asset }) => fleet.assetId(asset) },
      'asset.name': { kind: 'text', read: ({ asset }) => fleet.name(asset) },
      'asset.operatingSystem': { kind: 'text', read: ({ asset }) => fleet.operatingSystem(asset) },
    },
    sortKeys: { id: ({ id }) => id, 'created.dateTime': ({ times }) => times.assignedAt },
    createdAt: ({ times }) => times.assignedAt,
    candidates: (filter) => jobsNamed(world, filter).flatMap((job) => assetJobsOf(world, job, now)),
  };
}

const memos = new WeakMap<World, Map<string, AssetJob[]>>();

/** The rows of whole jobs do not change any more, only what they say: a walk over a job of 20,000 assets makes and sorts them once. */
function memoFor({ world, now }: Call, { filter, startAt, endAt }: SearchRequest): Pick<RowKind<AssetJob>, 'memo'> {
  if (!filter || !isByJobOnly(filter) || startAt !== undefined || endAt !== undefined) return {};
  const wanted = qqlOnlyValues(filter, 'job.id');
  const jobs = jobsNamed(world, filter);
  if (!wanted || jobs.length < wanted.size || !jobs.every((job) => isWhole(world, job, now))) return {};
  const memo = memos.get(world) ?? new Map<string, AssetJob[]>();
  memos.set(world, memo);
  return { memo };
}

function isByJobOnly(node: QqlNode): boolean {
  if (node.kind === 'term') return node.token === 'job.id' && node.value.kind !== 'range';
  return node.kind === 'or' && node.nodes.every(isByJobOnly);
}

function isWhole({ settings }: World, job: SimulatedJob, now: number): boolean {
  return job.visibleAt <= now && job.createdAt + settings.fanOutLagMs + job.assets.length * settings.fanOutStaggerMs <= now;
}

function jobsNamed(world: World, filter: QqlNode | undefined): readonly SimulatedJob[] {
  const ids = qqlOnlyValues(filter, 'job.id');
  if (ids) return named(world.jobsById, ids);
  const uuids = qqlOnlyValues(filter, 'job.correlationUuid');
  return uuids ? named(world.jobsByUuid, uuids) : world.jobs;
}

function assetJobsOf(world: World, job: SimulatedJob, now: number): AssetJob[] {
  if (job.visibleAt > now) return [];
  const rows = Array.from(job.assets, (_, position) => assetJobOf(world, job, position));
  return rows.filter(({ times }) => times.assignedAt <= now);
}

function assetJobRow(call: Call, row: AssetJob, includeScriptResult: boolean) {
  const { world, now } = call;
  const { fleet } = world;
  const write = idWriter(call);
  const { job, asset } = row;
  const tags = fleet.tagIds(asset);
  return {
    id: write(row.id, 'string'),
    status: statusAt(world, row, now),
    ...progress(world, row, now),
    ...(includeScriptResult ? result(world, row, now) : {}),
    created: { dateTime: row.times.assignedAt },
    lastCheckedIn: checkedInAt(world, row, now),
    agentVersion: fleet.agentVersion(asset),
    isAssetDisconnected: now < row.times.offlineUntil,
    test: false,
    isTest: false,
    manifestId: uuidOf(`manifest ${row.id}`),
    customerUuid: CUSTOMER_UUID,
    job: {
      id: write(job.id, 'number'),
      scriptId: write(job.script.id, 'number'),
      scriptName: job.script.title,
      scriptType: job.script.platform === 'WINDOWS' ? 'Powershell' : 'Shell',
      scriptSeverity: 3,
      scriptCategory: 'Remediation',
      platform: job.script.platform,
      correlationUuid: job.correlationUuid,
    },
    asset: {
      id: write(fleet.assetId(asset), 'number'),
      name: fleet.name(asset),
      address: fleet.address(asset),
      agentUuid: fleet.agentUuid(asset),
      operatingSystem: fleet.operatingSystem(asset),
      tags: world.settings.tags
        .filter(({ id }) => tags.includes(id))
        .map(({ id, name }) => ({ id: write(id, 'number'), name, tagUuid: uuidOf(`tag ${id}`) })),
    },
  };
}

function progress(world: World, row: AssetJob, now: number): object {
  const { startedAt, endedAt, verdictAt } = row.times;
  if (phaseAt(row, now) === 'assigned' || row.fate === 'unknown-bare') return {};
  // The documents' samples cut the start to whole seconds, and take the duration from the two.
  const executionStartTime = Math.floor(startedAt / 1_000) * 1_000;
  const times = { executionStartTime, executionEndTime: endedAt, durationInMillis: endedAt - executionStartTime };
  if (phaseAt(row, now) === 'uploaded') return times;
  const code = exitCodeAt(world, row, now);
  return {
    ...times,
    ...(code === undefined ? {} : { output: { code, text: '' } }),
    enddate: new Date(verdictAt).toISOString().replace('Z', '+00:00'),
  };
}

/** An asset that is away because its host restarts has checked in with the result of that script. */
function checkedInAt(world: World, { asset, times }: AssetJob, now: number): number {
  const restarts = world.absences.get(asset)?.some(({ from, until }) => from <= now && now < until);
  return now < times.offlineUntil && !restarts ? times.assignedAt - 86_400_000 : agentSeenAt(world, asset);
}

function result(world: World, row: AssetJob, now: number): object {
  const { settings, fleet } = world;
  const hasOutput = row.fate === 'passed' || row.fate === 'failed' || row.fate === 'unknown-with-code';
  const isMissing = settings.outputMissingRate > 0 && chance(settings.seed, 'no-output', row.asset) < settings.outputMissingRate;
  const told = toldResult(world, row)?.output;
  if (!hasOutput || isMissing || told === null || now < row.times.outputAt) return {};
  const output = told === undefined ? outputOf(settings, { index: row.asset, name: fleet.name(row.asset) }, row.fate) : Buffer.from(told);
  const scriptResult = output.toString('base64');
  return { scriptResult, scriptOutputSizeInBytes: scriptResult.length };
}

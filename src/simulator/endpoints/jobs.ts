import { type Call, ok, type Route } from '../answers/routes.js';
import { countBody, idWriter, listReply, searchRules } from '../answers/wire.js';
import { matchingRows, type RowKind, readInstant, readSearch, searchRows } from '../search/paging.js';
import { qqlOnlyValues } from '../search/qql-match.js';
import { CUSTOMER_UUID } from '../world/chance.js';
import type { SimulatedJob, World } from '../world/state.js';

/** #6, #15 and #19 of the reference: parent jobs. */
export const jobRoutes: Route[] = [
  { method: 'POST', path: '/sm/v1/jobs/search', handle: (call) => searchJobs(call, 'flat') },
  { method: 'POST', path: '/sm/v2/jobs/search', handle: (call) => searchJobs(call, 'switched') },
  {
    method: 'GET',
    path: '/sm/v1/jobs/count',
    handle(call) {
      const { filter } = readSearch({ filter: call.query.get('query') ?? undefined });
      const [startAt, endAt] = [readInstant(call.query.get('startAt'), 'startAt'), readInstant(call.query.get('endAt'), 'endAt')];
      const rows = matchingRows(jobKind(call.world, call.now), { filter, startAt, endAt }, searchRules(call));
      return ok(countBody(call, rows, { 'script.name': ({ script }) => script.title, 'script.category': () => 'Remediation' }));
    },
  },
];

function searchJobs(call: Call, shape: 'flat' | 'switched') {
  const request = readSearch(call.body, { searchAfter: shape === 'switched' });
  const page = searchRows(jobKind(call.world, call.now), request, searchRules(call));
  return listReply(call, page, shape, (job) => jobRow(call, job));
}

/** Jobs that the index shows at this instant. */
function jobKind(world: World, now: number): RowKind<SimulatedJob> {
  return {
    tokens: {
      id: { kind: 'id', read: ({ id }) => id },
      scriptId: { kind: 'id', read: ({ script }) => script.id },
      'script.name': { kind: 'text', read: ({ script }) => script.title },
      correlationUuid: { kind: 'id', read: ({ correlationUuid }) => correlationUuid },
    },
    sortKeys: { id: ({ id }) => id, 'created.dateTime': ({ createdAt }) => createdAt },
    createdAt: ({ createdAt }) => createdAt,
    candidates(filter) {
      const ids = qqlOnlyValues(filter, 'id');
      const uuids = ids ? undefined : qqlOnlyValues(filter, 'correlationUuid');
      const jobs = ids ? named(world.jobsById, ids) : uuids ? named(world.jobsByUuid, uuids) : world.jobs;
      return jobs.filter(({ visibleAt }) => visibleAt <= now);
    },
  };
}

/** The jobs of these keys, oldest first. */
export function named(jobs: ReadonlyMap<string, SimulatedJob | SimulatedJob[]>, keys: Iterable<string>): SimulatedJob[] {
  const found = Array.from(keys, (key) => jobs.get(key) ?? []).flat();
  return found.sort((a, b) => a.id - b.id);
}

function jobRow(call: Call, job: SimulatedJob) {
  const write = idWriter(call);
  return {
    id: write(job.id, 'string'),
    title: `${job.script.title}-${Math.floor(job.createdAt / 1_000)}`,
    scriptId: write(job.script.id, 'number'),
    correlationUuid: job.correlationUuid,
    executionType: 'Manual',
    scriptType: job.script.platform === 'WINDOWS' ? 'Powershell' : 'Shell',
    platform: job.script.platform,
    severity: 3,
    threshold: 50,
    category: { id: 6, name: 'Remediation' },
    created: { dateTime: job.createdAt },
    updatedDateTime: job.createdAt,
    test: false,
    isTest: false,
    customerUuid: CUSTOMER_UUID,
  };
}

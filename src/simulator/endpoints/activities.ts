import { ok, type Route } from '../answers/routes.js';
import { searchRules } from '../answers/wire.js';
import { type RowKind, readSearch, searchRows } from '../search/paging.js';
import { CUSTOMER_UUID, uuidOf } from '../world/chance.js';
import type { AuditEntry, World } from '../world/state.js';

const APP_ID = 20;

/** #8 of the reference: the audit trail, with its own parameter names and no envelope. */
export const activityRoutes: Route[] = [
  {
    method: 'POST',
    path: '/sm/v1/scripts/activities',
    handle(call) {
      const request = readSearch(call.body, { filterKey: 'qql' });
      const page = searchRows(auditKind(call.world, call.now), request, searchRules(call));
      return ok({
        auditRecords: page.rows.map(({ row }) => auditRecord(row, displayName(call.world, row))),
        totalCount: page.totalCount,
        pageNumber: request.pageNumber ?? 0,
        pageSize: request.pageSize,
        applicationName: 'SM',
        clientApp: 'SM',
        auditEnabledAppId: APP_ID,
      });
    },
  },
];

function auditKind(world: World, now: number): RowKind<AuditEntry> {
  return {
    tokens: {
      activity: { kind: 'word', read: ({ action }) => action },
      targetId: { kind: 'id', read: ({ targetId }) => targetId },
      targetName: { kind: 'text', read: ({ targetName }) => targetName },
      userName: { kind: 'text', read: (entry) => displayName(world, entry) },
    },
    sortKeys: { createdDate: ({ createdAt }) => createdAt, id: ({ id }) => id },
    createdAt: ({ createdAt }) => createdAt,
    candidates: () => world.audit.filter(({ visibleAt }) => visibleAt <= now),
  };
}

/** People's names, in the documents' samples; a login only where nobody gave one. */
function displayName({ settings }: World, { username }: AuditEntry): string {
  return settings.displayNames[username] ?? username;
}

function auditRecord(entry: AuditEntry, userName: string) {
  return {
    id: entry.id,
    auditEnabledAppId: APP_ID,
    applicationName: 'SM',
    userName,
    userUuid: uuidOf(`user ${entry.username}`),
    customerUuid: CUSTOMER_UUID,
    client: null,
    sourceIp: null,
    createdDate: entry.createdAt,
    targetType: entry.targetType,
    targetName: entry.targetName,
    action: entry.action,
    auditComment: null,
    externalChangeLink: null,
    customFields: [{ key: 'targetId', value: entry.targetId }],
  };
}

import { ok, type Route } from '../answers/routes.js';

/** #30 of the reference: the sync status of the active profiles. */
export const easmRoutes: Route[] = [
  {
    method: 'GET',
    path: '/easm/v1/profile/status',
    handle({ world, now }) {
      return ok(
        world.settings.easmProfiles.map(({ profileId, completedAfterMs }) => ({
          profileId,
          profileSaveTimestamp: new Date(world.bornAt).toISOString().replace('Z', '+00:00'),
          status: completedAfterMs !== undefined && now >= world.bornAt + completedAfterMs ? 'COMPLETED' : 'IN_PROGRESS',
        })),
      );
    },
  },
];

// Every route of the API.
import { decisionRoutes } from './decide.js';
import type { ApiDeps } from './dependencies.js';
import { eventsRoute } from './events.js';
import type { ApiRoute } from './route.js';
import { failuresRoute } from './run-failures.js';
import type { RunFeeds } from './run-feed.js';
import { runListRoute } from './run-list.js';
import { runReadRoutes } from './run-read.js';
import { startRoute } from './start.js';
import { statusPageRoutes } from './status-page.js';

export function apiRoutes(deps: ApiDeps, feeds: RunFeeds): ApiRoute[] {
  return [
    runListRoute(deps),
    startRoute(deps),
    ...runReadRoutes(deps),
    failuresRoute(deps),
    eventsRoute(deps, feeds),
    ...decisionRoutes(deps),
    ...statusPageRoutes(deps),
  ];
}

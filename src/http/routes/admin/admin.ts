/** The operators' routes: logs, costs, cache, rate limits, tokens and live events, one file each. */
import type { Routes } from '../../app.ts';
import type { AdminRoutesDeps } from './admin-route-deps.ts';
import { budgetRoutes } from './budgets.ts';
import { cacheRoutes } from './cache.ts';
import { callsRoute } from './calls.ts';
import { changesRoute } from './changes.ts';
import { costsRoute } from './costs.ts';
import { eventsStreamRoute } from './events-stream.ts';
import { logsRoutes } from './logs.ts';
import { problemsRoute } from './problems.ts';
import { rateLimitsRoute } from './rate-limits.ts';
import { rateLimitsWhyRoutes } from './rate-limits-why.ts';
import { statsRoute } from './stats.ts';
import { tokenRoutes } from './tokens.ts';
import { tokensRotateRoute } from './tokens-rotate.ts';

export function adminRoutes(deps: AdminRoutesDeps): Routes {
  return (app) => {
    logsRoutes(app, deps);
    costsRoute(app, deps);
    statsRoute(app, deps);
    problemsRoute(app, deps);
    callsRoute(app, deps);
    changesRoute(app, deps);
    budgetRoutes(app, deps);
    cacheRoutes(app, deps);
    rateLimitsRoute(app, deps);
    rateLimitsWhyRoutes(app, deps);
    tokenRoutes(app, deps);
    tokensRotateRoute(app, deps);
    eventsStreamRoute(app, deps);
  };
}

/** The operators' routes: logs, costs, cache, rate limits, tokens and live events, one file each. */

import type { DescribeCallDeps } from '../../../audit/describe-call.ts';
import type { ManageBudgetsDeps } from '../../../costs/manage-budgets.ts';
import type { Routes } from '../../app.ts';
import { budgetRoutes } from './budgets.ts';
import { type CacheRoutesDeps, cacheRoutes } from './cache.ts';
import { callsRoute } from './calls.ts';
import { changesRoute } from './changes.ts';
import { costsRoute } from './costs.ts';
import { type EventsStreamRouteDeps, eventsStreamRoute } from './events-stream.ts';
import { logsRoutes } from './logs.ts';
import { type ProblemsRouteDeps, problemsRoute } from './problems.ts';
import { type RateLimitsRouteDeps, rateLimitsRoute } from './rate-limits.ts';
import { type RateLimitsWhyDeps, rateLimitsWhyRoutes } from './rate-limits-why.ts';
import { type StatsRouteDeps, statsRoute } from './stats.ts';
import { type TokenRoutesDeps, tokenRoutes } from './tokens.ts';
import { tokensRotateRoute } from './tokens-rotate.ts';

export type AdminRoutesDeps = DescribeCallDeps &
  CacheRoutesDeps &
  RateLimitsRouteDeps &
  RateLimitsWhyDeps &
  ProblemsRouteDeps &
  StatsRouteDeps &
  TokenRoutesDeps &
  ManageBudgetsDeps &
  EventsStreamRouteDeps;

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

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
import { logsExportRoute } from './logs-export.ts';
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
  return async (app) => {
    for (const routes of [
      logsRoutes(deps),
      logsExportRoute(deps),
      costsRoute(deps),
      statsRoute(deps),
      problemsRoute(deps),
      callsRoute(deps),
      changesRoute(deps),
      budgetRoutes(deps),
      cacheRoutes(deps),
      rateLimitsRoute(deps),
      rateLimitsWhyRoutes(deps),
      tokenRoutes(deps),
      tokensRotateRoute(deps),
      eventsStreamRoute(deps),
    ]) {
      await routes(app);
    }
  };
}

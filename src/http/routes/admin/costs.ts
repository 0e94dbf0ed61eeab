import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { maxCostRows, reportCosts, reportCostsOfEveryTenant } from '../../../costs/report-costs.ts';
import { costReportSchema } from '../../../costs/schemas.ts';
import { invalidInput, ServiceError } from '../../../errors.ts';
import { type UsageGroup, usageGroups } from '../../../storage/tables/usage-daily.ts';
import { requireScope, requireUnbound } from '../../auth/authenticate.ts';
import { endpointsOf } from '../../endpoints.ts';
import { parseTime, requireDayOrder, timeSchema } from '../../request/query-values.ts';
import { callerOf, type Principal } from '../../request/request-context.ts';
import type { AdminRoutesDeps } from './admin-route-deps.ts';

const dayMs = 86_400_000;
const usualDays = 30;
const maxDays = 400;

const querySchema = Type.Object({
  from_date: Type.Optional(timeSchema('First day, UTC. Default: 30 days ago.')),
  to_date: Type.Optional(timeSchema('Last day, UTC, included. Default: today.')),
  group_by: Type.Optional(
    Type.String({ maxLength: 100, default: usageGroups.join(','), description: 'Any of service, operation, day.' }),
  ),
  tenants: Type.Optional(
    Type.Literal('all', { description: 'Rows of every tenant: for an administrator of every tenant alone.' }),
  ),
});

/** `GET /costs`. */
export function costsRoute(
  app: FastifyInstance,
  deps: Pick<AdminRoutesDeps, 'db' | 'directory' | 'cache' | 'clock'>,
): void {
  const endpoints = endpointsOf(app, 'costs', { scope: 'logs:read', boundTokens: 'judged' });
  endpoints.get(
    '/costs',
    'What was spent, and what the cache saved',
    { answer: costReportSchema, querystring: querySchema },
    async (request) => {
      const { from_date, to_date, group_by, tenants } = request.query;
      const { tenantId, principal } = callerOf(request);
      if (tenants === 'all') requireEveryTenant(principal);
      const groups = readGroups(group_by);
      const [fromMs, toMs] = readSpan(from_date, to_date, deps.clock.now());
      const [fromDay, toDay] = [dayOf(fromMs), dayOf(toMs)];
      requireDayOrder(fromDay, toDay);
      if (toMs - fromMs > maxDays * dayMs)
        throw invalidInput('from_date', `must be at most ${maxDays} days back`, `не раньше чем за ${maxDays} дней`);
      await deps.cache.writeNoted();
      const question = { fromDay, toDay, groups, boundTo: principal.services };
      const report = await (tenants === 'all'
        ? reportCostsOfEveryTenant(deps, question)
        : reportCosts(deps, tenantId, question));
      if (report === null) {
        throw invalidInput(
          'group_by',
          `would make more than ${maxCostRows} rows: group more coarsely`,
          `строк вышло бы больше ${maxCostRows}: сгруппируйте крупнее`,
        );
      }
      return report;
    },
  );
}

function requireEveryTenant(principal: Principal): void {
  requireScope(principal, 'admin');
  requireUnbound(principal);
  if (principal.tenants === null) return;
  throw new ServiceError('FORBIDDEN', 'The costs of all tenants are for administrators of every tenant.');
}

/** A future first day without a last day is its own last day: nothing was spent, and that is not an error. */
function readSpan(fromDate: string | undefined, toDate: string | undefined, nowMs: number): [number, number] {
  const from = fromDate === undefined ? null : parseTime('from_date', fromDate);
  const toMs = toDate === undefined ? Math.max(nowMs, from ?? nowMs) : parseTime('to_date', toDate);
  return [from ?? toMs - (usualDays - 1) * dayMs, toMs];
}

function readGroups(text: string | undefined): readonly UsageGroup[] {
  if (text === undefined) return usageGroups;
  const names = text.split(',').map((name) => name.trim());
  const groups = names.map((name) => {
    // The rows call it `service_name`, so that name is accepted too.
    const group = name === 'service_name' ? 'service' : name;
    if (!usageGroups.includes(group as UsageGroup)) {
      throw invalidInput('group_by', `must be of ${usageGroups.join(', ')}, with commas between`);
    }
    return group as UsageGroup;
  });
  return [...new Set(groups)];
}

function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

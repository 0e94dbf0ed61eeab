/** Budgets: the maximum monthly cost of a service, or of all services (`*`). */

import type { FastifyInstance, FastifyReply } from 'fastify';
import Type from 'typebox';
import {
  type BudgetState,
  getBudget,
  listBudgets,
  type ManageBudgetsDeps,
  putBudget,
  removeBudget,
} from '../../../costs/manage-budgets.ts';
import { type Budget, budgetSchema, budgetTerms } from '../../../costs/schemas.ts';
import { words } from '../../../errors.ts';
import { readOnlyMembers, withRule } from '../../../schema-parts.ts';
import { endpointsOf } from '../../endpoints.ts';
import { checkIfMatch, etagOf } from '../../request/if-match.ts';
import { callerOf, contextOf } from '../../request/request-context.ts';

const readOnly = readOnlyMembers('service_name, spent_usd, resets_at');
// A limit is stored with six decimals: a smaller one would become 0, which lets nothing through.
const monthlyLimit = withRule(budgetTerms.monthly_limit_usd, (usd) =>
  usd > 0 && usd < 1e-6
    ? { path: '', ...words('must be 0, or at least 0.000001', 'ожидается 0 или не меньше 0.000001') }
    : null,
);
const putBody = Type.Object(
  { monthly_limit_usd: monthlyLimit, action: Type.Optional(budgetTerms.action), ...readOnly },
  { title: 'BudgetChange', additionalProperties: false, examples: [{ monthly_limit_usd: 200, action: 'alert' }] },
);
const listSchema = Type.Object({ budgets: Type.Array(budgetSchema), next_cursor: Type.Null() });
const paramsSchema = Type.Object({ service_name: Type.String({ minLength: 1, maxLength: 100 }) });

/** `GET /budgets`, and `GET|PUT|DELETE /budgets/{service_name or *}`. */
export function budgetRoutes(app: FastifyInstance, deps: ManageBudgetsDeps): void {
  const endpoints = endpointsOf(app, 'budgets', { scope: 'admin' });
  endpoints.get('/budgets', 'All budgets, and what is spent of each', { answer: listSchema }, async (request) => ({
    budgets: await listBudgets(deps, callerOf(request).tenantId),
    next_cursor: null,
  }));

  endpoints.get(
    '/budgets/:service_name',
    'One budget',
    { answer: budgetSchema, headers: ['etag'], params: paramsSchema },
    async (request, reply) =>
      show(reply, await getBudget(deps, callerOf(request).tenantId, request.params.service_name)),
  );

  endpoints.put(
    '/budgets/:service_name',
    'Set a budget',
    { answer: budgetSchema, headers: ['etag', 'match'], params: paramsSchema, body: putBody },
    async (request, reply) => {
      const { monthly_limit_usd, action: chosen = 'alert' } = request.body;
      const budget = { service_name: request.params.service_name, monthly_limit_usd, action: chosen };
      const set = await putBudget(deps, callerOf(request).tenantId, budget, contextOf(request), (before) =>
        checkIfMatch(request, before === null ? null : stateOf(before)),
      );
      return show(reply, set);
    },
  );

  endpoints.delete(
    '/budgets/:service_name',
    'Take a budget away',
    { answers: { 204: null }, headers: ['match'], params: paramsSchema },
    async (request, reply) => {
      const { service_name } = request.params;
      await removeBudget(deps, callerOf(request).tenantId, service_name, contextOf(request), (before) =>
        checkIfMatch(request, stateOf(before)),
      );
      return reply.code(204).send();
    },
  );
}

/** The state that an admin sets, without the amount spent. */
function stateOf({ service_name, monthly_limit_usd, action: chosen }: BudgetState): string {
  return etagOf([service_name, Number(monthly_limit_usd), chosen]);
}

function show(reply: FastifyReply, budget: Budget): Budget {
  reply.header('etag', stateOf(budget));
  return budget;
}

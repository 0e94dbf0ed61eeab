/** Budgets: the maximum monthly cost of a service, or of all services (`*`). */

import type { FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import {
  type Budget,
  type BudgetState,
  getBudget,
  listBudgets,
  type ManageBudgetsDeps,
  putBudget,
  removeBudget,
} from '../../../costs/manage-budgets.ts';
import { oneOf } from '../../../schema-parts.ts';
import type { Routes } from '../../app.ts';
import { checkIfMatch, etagOf } from '../../request/if-match.ts';
import { callerOf } from '../../request/request-context.ts';

const action = oneOf(['alert', 'block'], {
  description: '`alert`: told at 50, 80 and 100 %. `block`: besides, no call is made that would pass the limit.',
});
const limit = Type.Number({ minimum: 0, maximum: 99_999_999, description: 'USD in a calendar month, UTC' });
/** Read-only members. A body may contain them, so that a reply can be edited and sent back. */
const readOnly = {
  service_name: Type.Optional(Type.Unknown()),
  spent_usd: Type.Optional(Type.Unknown()),
  resets_at: Type.Optional(Type.Unknown()),
};
const putBody = Type.Object(
  { monthly_limit_usd: limit, action: Type.Optional(action), ...readOnly },
  { title: 'BudgetChange', additionalProperties: false, examples: [{ monthly_limit_usd: 200, action: 'alert' }] },
);
const budgetSchema = Type.Object(
  {
    service_name: Type.String({ description: '`*`: all services together' }),
    monthly_limit_usd: limit,
    action,
    spent_usd: Type.Number(),
    resets_at: Type.String({ format: 'date-time' }),
  },
  { title: 'Budget' },
);
const listSchema = Type.Object({ budgets: Type.Array(budgetSchema), next_cursor: Type.Null() });
const paramsSchema = Type.Object({ service_name: Type.String({ minLength: 1, maxLength: 100 }) });
type Params = Type.Static<typeof paramsSchema>;

const config = { access: { scope: 'admin' } } as const;
const tags = ['budgets'];

/** `GET /budgets`, and `GET|PUT|DELETE /budgets/{service_name or *}`. */
export function budgetRoutes(deps: ManageBudgetsDeps): Routes {
  return (app) => {
    app.get(
      '/budgets',
      {
        config: { ...config, answers: { 200: listSchema } },
        schema: { tags, summary: 'All budgets, and what is spent of each' },
      },
      async (request) => ({ budgets: await listBudgets(deps, callerOf(request).tenantId), next_cursor: null }),
    );

    app.get<{ Params: Params }>(
      '/budgets/:service_name',
      {
        config: { ...config, answers: { 200: budgetSchema }, headers: ['etag'] },
        schema: { tags, summary: 'One budget', params: paramsSchema },
      },
      async (request, reply) =>
        show(reply, await getBudget(deps, callerOf(request).tenantId, request.params.service_name)),
    );

    app.put<{ Params: Params; Body: Type.Static<typeof putBody> }>(
      '/budgets/:service_name',
      {
        config: { ...config, answers: { 200: budgetSchema }, headers: ['etag', 'match'] },
        schema: { tags, summary: 'Set a budget', params: paramsSchema, body: putBody },
      },
      async (request, reply) => {
        const { monthly_limit_usd, action: chosen = 'alert' } = request.body;
        const budget = { service_name: request.params.service_name, monthly_limit_usd, action: chosen };
        const set = await putBudget(deps, callerOf(request).tenantId, budget, contextOf(request), (before) =>
          checkIfMatch(request, before === null ? null : stateOf(before)),
        );
        return show(reply, set);
      },
    );

    app.delete<{ Params: Params }>(
      '/budgets/:service_name',
      {
        config: { ...config, answers: { 204: null }, headers: ['match'] },
        schema: { tags, summary: 'Take a budget away', params: paramsSchema },
      },
      async (request, reply) => {
        const { service_name } = request.params;
        await removeBudget(deps, callerOf(request).tenantId, service_name, contextOf(request), (before) =>
          checkIfMatch(request, stateOf(before)),
        );
        return reply.code(204).send();
      },
    );
  };
}

/** The state that an admin sets, without the amount spent. */
function stateOf({ service_name, monthly_limit_usd, action: chosen }: BudgetState): string {
  return etagOf([service_name, Number(monthly_limit_usd), chosen]);
}

function show(reply: FastifyReply, budget: Budget): Budget {
  reply.header('etag', stateOf(budget));
  return budget;
}

function contextOf(request: FastifyRequest) {
  return { changedBy: callerOf(request).principal.name.slice(0, 200), requestId: request.id };
}

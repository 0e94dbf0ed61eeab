import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { problemSchema } from '../../../health/problem.ts';
import { endpointsOf } from '../../endpoints.ts';
import { callerOf } from '../../request/request-context.ts';
import type { AdminRoutesDeps } from './admin-route-deps.ts';

/** `GET /problems`. */
export function problemsRoute(app: FastifyInstance, { listProblems }: Pick<AdminRoutesDeps, 'listProblems'>): void {
  const endpoints = endpointsOf(app, 'logs', { scope: 'logs:read', boundTokens: 'judged' });
  endpoints.get(
    '/problems',
    'What is wrong now, in sentences; empty if nothing is. A token bound to services sees only their problems.',
    { answer: Type.Array(problemSchema) },
    async (request) => {
      const { tenantId, principal } = callerOf(request);
      return listProblems(tenantId, principal.services);
    },
  );
}

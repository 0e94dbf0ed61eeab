import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { ListProblems } from '../../../health/list-problems.ts';
import { oneOf } from '../../../schema-parts.ts';
import { endpointsOf } from '../../endpoints.ts';
import { callerOf } from '../../request/request-context.ts';

const problemSchema = Type.Object(
  {
    kind: Type.String({ examples: ['key_refused', 'reconnect_required', 'provider_down', 'deliveries_dead'] }),
    severity: oneOf(['critical', 'warning']),
    since: Type.String({
      format: 'date-time',
      description: 'Where no store knows: since when this replica has seen it.',
    }),
    message: Type.String(),
    message_ru: Type.String(),
    link: Type.String({ description: 'A page of the console.' }),
    service: Type.Optional(Type.String()),
    count: Type.Optional(
      Type.Integer({
        description:
          'Of what the message counts: deliveries, events, stalls, calls that other providers answered, requests a minute.',
      }),
    ),
  },
  { title: 'Problem' },
);

export interface ProblemsRouteDeps {
  readonly listProblems: ListProblems;
}

/** `GET /problems`. */
export function problemsRoute(app: FastifyInstance, { listProblems }: ProblemsRouteDeps): void {
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

import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { stepSchema } from '../../../audit/call-steps-schema.ts';
import { type DescribeCallDeps, describeCall } from '../../../audit/describe-call.ts';
import { ServiceError } from '../../../errors.ts';
import { nullable, oneOf, text, time } from '../../../schema-parts.ts';
import { endpointsOf } from '../../endpoints.ts';
import { callerOf, requireService } from '../../request/request-context.ts';

const logId = Type.String({ format: 'uuid', description: 'Under `/logs/{id}`.' });

const callSchema = Type.Object(
  {
    request_id: text,
    source: oneOf(['audit', 'memory'], {
      description:
        'memory: answered from the cache alone, by what another call fetched, or with every provider passed over, which ' +
        'leaves no row; this replica remembers its latest calls.',
    }),
    operation: nullable(text),
    source_service: nullable(text),
    principal: nullable(text),
    started_at: time,
    completed_at: time,
    duration_ms: Type.Integer({ description: 'From the first thing known of it to the last.' }),
    estimated_cost: Type.Number({ description: 'USD' }),
    cache: Type.Array(
      Type.Object({
        outcome: oneOf(['hit', 'miss']),
        layer: nullable(Type.String({ examples: ['memory', 'redis', 'postgres', 'stale'] })),
        operation: text,
        service_name: text,
        age_seconds: nullable(Type.Integer()),
        at: time,
      }),
      { description: 'As this replica remembers it; empty where another one answered, or it was long ago.' },
    ),
    attempts: Type.Array(
      Type.Object({
        log_id: logId,
        place: Type.Integer({ description: 'Place of this provider in the call, from 1.' }),
        service_name: text,
        operation: text,
        http_method: nullable(text),
        endpoint: nullable(text),
        status: text,
        response_status_code: nullable(Type.Integer()),
        error_code: nullable(text),
        error_message: nullable(text),
        retry_count: Type.Integer(),
        estimated_cost: Type.Number(),
        started_at: time,
        starts_after_ms: Type.Integer({ description: 'After the start of the call.' }),
        duration_ms: nullable(Type.Integer()),
      }),
    ),
    limits: Type.Array(
      Type.Object({
        log_id: logId,
        name: text,
        operation: text,
        refused_at: time,
        error_code: nullable(text),
        error_message: nullable(text),
      }),
      { description: 'What refused: `/rate-limits/explain` says who spent it.' },
    ),
    events: Type.Array(
      Type.Object({
        type: text,
        log_id: nullable(logId),
        is_published: nullable(
          Type.Boolean({ description: 'The broker has confirmed it. null: it may be dropped, and that is not kept.' }),
        ),
        at: time,
      }),
    ),
    steps: Type.Array(stepSchema, { description: 'All that is known of it, in the order it happened.' }),
    complete: Type.Boolean({ description: 'false: parts of it are not known here.' }),
    incomplete_because: Type.Array(
      oneOf(['rows_without_trace', 'trace_cut', 'more_rows', 'cache_of_another_replica', 'queue_of_a_sheet']),
      {
        description:
          '`rows_without_trace`: its rows were written before traces were kept, or by a probe; `trace_cut`: steps in the ' +
          'middle were too many to keep; `more_rows`: see `is_cut`; `cache_of_another_replica`: what the cache answered ' +
          'of it is known to the replica that did; `queue_of_a_sheet`: the wait in the queue of its spreadsheet is not kept.',
      },
    ),
    is_cut: Type.Boolean({ description: 'It has more rows than are told here; `/logs` lists them.' }),
  },
  { title: 'CallStory' },
);
const paramsSchema = Type.Object({ request_id: Type.String({ minLength: 1, maxLength: 128 }) });

/** `GET /calls/{request_id}`. */
export function callsRoute(app: FastifyInstance, deps: DescribeCallDeps): void {
  const endpoints = endpointsOf(app, 'logs', { scope: 'logs:read', boundTokens: 'judged' });
  endpoints.get(
    '/calls/:request_id',
    'One call whole, by its request id',
    { answer: callSchema, params: paramsSchema },
    async (request) => {
      const story = await describeCall(deps, callerOf(request).tenantId, request.params.request_id);
      if (story === null)
        throw new ServiceError('NOT_FOUND', 'No call with this request id is known.', {
          publicMessageRu: 'Вызов с этим идентификатором неизвестен.',
        });
      for (const { service_name } of [...story.attempts, ...story.cache]) requireService(request, service_name);
      for (const step of story.steps) {
        if (step.kind === 'skipped' && step.service_name !== undefined) requireService(request, step.service_name);
      }
      return story;
    },
  );
}

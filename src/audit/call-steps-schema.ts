/** Schemas of the steps of a call, for `GET /calls/{request_id}`. */
import Type from 'typebox';
import { nullable, oneOf, text } from '../schema-parts.ts';

const words = <const Words extends readonly string[]>(...all: Words) => oneOf(all);
const atMs = Type.Integer({ description: 'Milliseconds after `started_at`.' });
const durationMs = Type.Integer({ minimum: 0 });
const serviceName = Type.String({ description: 'The provider.' });
const times = Type.Optional(Type.Integer({ description: 'How often in a row, where it is more than once.' }));

const cacheStep = Type.Object(
  {
    kind: Type.Literal('cache'),
    at_ms: atMs,
    duration_ms: nullable(durationMs, { description: 'null of a hit: it is not measured.' }),
    layer: nullable(text, { examples: ['memory', 'redis', 'postgres', 'stale'] }),
    outcome: oneOf(['hit', 'miss', 'expired', 'unavailable'], {
      description: '`expired`: it had an answer past its time, which a provider may be asked to confirm.',
    }),
    age_seconds: Type.Optional(nullable(Type.Integer(), { description: 'Of the answer it has.' })),
  },
  { title: 'CallCacheStep' },
);
/** What was waited for: a limit, a free place at the service, the vendor's pace, or another caller's fetch. */
export const waitStep = Type.Object(
  {
    kind: Type.Literal('wait'),
    at_ms: atMs,
    duration_ms: durationMs,
    for: oneOf(['limit', 'place', 'pace', 'coalesced'], {
      description:
        '`limit`: its turn under a limit (`max_wait_ms`); `place`: a free place at the service; `pace`: the distance ' +
        'between requests that the vendor asks for; `coalesced`: the answer that another call fetched.',
    }),
    service_name: Type.Optional(serviceName),
    times,
  },
  { title: 'CallWaitStep' },
);
/** A provider that was skipped, and why; no provider is named if the caller's token may use none. */
export const skippedStep = Type.Object(
  {
    kind: Type.Literal('skipped'),
    at_ms: atMs,
    service_name: Type.Optional(serviceName),
    reason: oneOf(
      ['breaker', 'limit', 'paused', 'uncounted', 'tenant_limit', 'budget', 'busy', 'credentials', 'token_limit'],
      {
        description:
          '`breaker`: it is open; `limit`: the account’s limit is spent; `paused`: the provider asked for a pause; ' +
          '`uncounted`: Redis is away, and what is left of the limit is not known; `tenant_limit`: the tenant’s own limit ' +
          'is spent; `budget`: the budget is spent; `busy`: too many calls wait for it; `credentials`: its credentials ' +
          'cannot be opened; `token_limit`: the token’s own limit is spent, and no provider is named.',
      },
    ),
    until_ms: Type.Optional(Type.Integer({ description: 'When asking makes sense again, after `started_at`.' })),
    opened_by: Type.Optional(words('denied', 'failures')),
    limit: Type.Optional(Type.String({ examples: ['yandex, minute'] })),
    is_share: Type.Optional(
      Type.Literal(true, {
        description: 'Only this replica’s share of the limit or budget is spent, because Redis is away.',
      }),
    ),
    times,
  },
  { title: 'CallSkippedStep' },
);
/** One HTTP exchange of an attempt. A phase that was not reached, or is not measured, is absent. */
export const requestSchema = Type.Object(
  {
    at_ms: atMs,
    connect_ms: Type.Optional(
      Type.Integer({
        description: 'Until a connection was there: the wait for a free one, or a new one with its name and its TLS.',
      }),
    ),
    first_byte_ms: Type.Optional(Type.Integer({ description: 'From there to the head of the reply.' })),
    body_ms: Type.Optional(Type.Integer({ description: 'From the head to the end of the body.' })),
    status_code: Type.Optional(Type.Integer()),
    fault: Type.Optional(Type.String({ description: 'No whole reply came.', examples: ['timeout', 'refused'] })),
  },
  { title: 'CallTracedRequest', description: 'A part that was not reached is absent.' },
);
export const attemptStep = Type.Object(
  {
    kind: Type.Literal('attempt'),
    at_ms: atMs,
    duration_ms: durationMs,
    service_name: serviceName,
    number: Type.Integer({ description: 'At this provider, from 1.' }),
    outcome: Type.String({ examples: ['ok', 'empty', 'timeout', 'unreachable', 'unusable', 'throttled', 'denied'] }),
    requests: Type.Array(requestSchema, { description: 'Of one attempt, a token’s among them.' }),
    log_id: Type.Optional(nullable(Type.String({ format: 'uuid' }))),
  },
  { title: 'CallAttemptStep' },
);
export const retryStep = Type.Object(
  { kind: Type.Literal('retry'), at_ms: atMs, duration_ms: durationMs, service_name: serviceName },
  { title: 'CallRetryStep', description: 'The pause before the next attempt at the same provider.' },
);
const eventStep = Type.Object(
  {
    kind: Type.Literal('event'),
    at_ms: atMs,
    type: text,
    log_id: nullable(Type.String({ format: 'uuid' })),
    is_published: nullable(Type.Boolean()),
  },
  { title: 'CallEventStep' },
);

export const stepSchema = Type.Union([cacheStep, waitStep, skippedStep, attemptStep, retryStep, eventStep]);

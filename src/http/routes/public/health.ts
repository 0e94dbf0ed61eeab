/** Health for load balancers and people. None of these routes waits longer for a store than its deadline. */
import Type, { type Static } from 'typebox';
import type { Clock } from '../../../clock.ts';
import { nullable, oneOf } from '../../../schema-parts.ts';
import { serviceName, version } from '../../../version.ts';
import type { Routes } from '../../app.ts';
import { type Authenticator, requireScope, requireUnbound } from '../../auth/authenticate.ts';

export interface HealthRoutesDeps {
  clock: Clock;
  startedAtMs: number;
  authenticator: Authenticator;
  /** False from the moment that the shutdown starts. */
  isServing(): boolean;
  /** `tenants` null: all tenants. */
  details(tenants: ReadonlySet<string> | null): Promise<HealthDetails>;
}

const status = Type.Object({
  status: Type.String(),
  service: Type.String(),
  version: Type.String(),
  uptime_seconds: Type.Integer(),
  timestamp: Type.String({ format: 'date-time' }),
});

const partStatus = Type.Object({
  status: oneOf(['up', 'down']),
  kind: Type.String(),
  problem: Type.Optional(
    Type.String({ description: 'What the server refuses, such as the password or all writes, naming the variable' }),
  ),
});

const parts = Type.Object({
  database: partStatus,
  cache: partStatus,
  event_bus: partStatus,
  outbox: Type.Object({ backlog: Type.Integer(), oldest_age_seconds: Type.Number() }),
  providers: Type.Array(
    Type.Object({
      management_company_id: Type.String(),
      service_name: Type.String(),
      service_type: Type.String(),
      status: Type.String(),
      last_error: nullable(Type.String()),
    }),
  ),
});
const detailedStatus = Type.Intersect([status, parts]);

/** The parts of the service as `/health/detailed` shows them. */
export type HealthDetails = Static<typeof parts>;

export function healthRoutes(deps: HealthRoutesDeps): Routes {
  const report = (statusText: string) => {
    const nowMs = deps.clock.now();
    return {
      status: statusText,
      service: serviceName,
      version,
      uptime_seconds: Math.floor((nowMs - deps.startedAtMs) / 1000),
      timestamp: new Date(nowMs).toISOString(),
    };
  };
  const answers = { 200: status, 503: status };

  return (app) => {
    const config = { answers, quiet: true };
    // The replica stays in the rotation while a store is away: cached answers, webhooks and calls go on without it.
    for (const url of ['/health', '/health/ready']) {
      const summary = url === '/health' ? 'Can it serve?' : 'May it be sent traffic?';
      app.get(url, { config, schema: { tags: ['health'], summary } }, async (_request, reply) => {
        const isServing = deps.isServing();
        return reply.code(isServing ? 200 : 503).send(report(isServing ? 'healthy' : 'stopping'));
      });
    }
    app.get('/health/live', { config, schema: { tags: ['health'], summary: 'Does the process run?' } }, async () =>
      report('alive'),
    );
    app.get(
      '/health/detailed',
      {
        config: { quiet: true, asksCredential: 'admin', answers: { 200: detailedStatus } },
        schema: { tags: ['health'], summary: 'Each part, and each provider (admin)' },
      },
      async (request, reply) => {
        const principal = await deps.authenticator.identify(request.headers);
        requireScope(principal, 'admin');
        requireUnbound(principal);
        const details = await deps.details(principal.tenants);
        const isWhole = [details.database, details.cache, details.event_bus].every((part) => part.status === 'up');
        return reply.send({ ...report(isWhole ? 'healthy' : 'degraded'), ...details });
      },
    );
  };
}

import { ServiceError } from '../../../errors.ts';
import type { Metrics } from '../../../metrics/metrics.ts';
import { constantTimeEqual } from '../../../secrets/token-hash.ts';
import type { Routes } from '../../app.ts';

export interface MetricsRouteDeps {
  metrics: Pick<Metrics, 'render'>;
  /** null: no token needed. */
  metricsToken: string | null;
}

/** `GET /metrics` for Prometheus. */
export function metricsRoute({ metrics, metricsToken }: MetricsRouteDeps): Routes {
  return (app) => {
    app.get('/metrics', { config: { quiet: true } }, async (request, reply) => {
      const given = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
      if (metricsToken !== null && (given === undefined || !constantTimeEqual(given, metricsToken))) {
        throw new ServiceError(
          'UNAUTHORIZED',
          'The metrics need their own token: Authorization: Bearer <METRICS_TOKEN>.',
        );
      }
      const { contentType, text } = await metrics.render();
      return reply.header('content-type', contentType).send(text);
    });
  };
}

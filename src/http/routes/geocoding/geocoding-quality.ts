import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { Clock } from '../../../clock.ts';
import type { GeocodingQuality } from '../../../geocoding/quality.ts';
import { endpointsOf } from '../../endpoints.ts';
import { parseTime, requireDayOrder, timeSchema } from '../../request/query-values.ts';
import { callerOf } from '../../request/request-context.ts';

const usualMs = 30 * 86_400_000;
const querySchema = Type.Object(
  {
    from_date: Type.Optional(timeSchema('From this day on; default: 30 days before the last')),
    to_date: Type.Optional(timeSchema('The last day; default: today')),
  },
  { additionalProperties: false },
);
const count = Type.Integer({ minimum: 0 });
const reportSchema = Type.Object(
  {
    from_date: Type.String(),
    to_date: Type.String(),
    rows: Type.Array(
      Type.Object({
        provider: Type.String(),
        city: Type.String({ description: 'As answered; empty: not known.' }),
        asked: count,
        good: count,
        poor: count,
        empty: count,
        failed: count,
        compared: Type.Integer({ minimum: 0, description: 'With the next provider (`config.shadow_share`).' }),
        disagreed_over_100m: count,
      }),
    ),
  },
  { title: 'GeocodingQuality' },
);

/** `GET /geocoding/quality`: whole days, UTC; by default the last 30. */
export function geocodingQualityRoute(
  app: FastifyInstance,
  { quality, clock }: { quality: GeocodingQuality; clock: Clock },
): void {
  const endpoints = endpointsOf(app, 'geocoding', { scope: 'logs:read' });
  endpoints.get(
    '/geocoding/quality',
    'How well each provider answers, by city',
    { answer: reportSchema, querystring: querySchema },
    async (request) => {
      const { from_date, to_date } = request.query;
      const toMs = to_date === undefined ? clock.now() : parseTime('to_date', to_date);
      const fromMs = from_date === undefined ? toMs - usualMs : parseTime('from_date', from_date);
      const [fromDay, toDay] = [fromMs, toMs].map((ms) => new Date(ms).toISOString().slice(0, 10)) as [string, string];
      requireDayOrder(fromDay, toDay);
      const rows = await quality.report(callerOf(request).tenantId, fromDay, toDay);
      return {
        from_date: fromDay,
        to_date: toDay,
        rows: rows.map(({ service_name, disagreed, ...counts }) => ({
          provider: service_name,
          ...counts,
          disagreed_over_100m: disagreed,
        })),
      };
    },
  );
}

/** SQL of `geocoding_quality`: how well each geocoder answered, by day and city. */
import type { TenantId } from '../../ids.ts';
import { effectOf, rowsOf } from '../postgres/statement.ts';

export const qualityCounts = ['asked', 'good', 'poor', 'empty', 'failed', 'compared', 'disagreed'] as const;
export type QualityCount = (typeof qualityCounts)[number];

export interface QualityRow extends Readonly<Record<QualityCount, number>> {
  readonly management_company_id: TenantId;
  /** `2026-11-22`, UTC. */
  readonly day: string;
  readonly service_name: string;
  readonly city: string;
}

export const addQualityAcrossTenants = effectOf(
  'geocoding_quality_add',
  `insert into geocoding_quality as q
     (management_company_id, day, service_name, city, asked, good, poor, empty, failed, compared, disagreed)
   select r.management_company_id, r.day, r.service_name, r.city,
          r.asked, r.good, r.poor, r.empty, r.failed, r.compared, r.disagreed
     from jsonb_to_recordset($1::jsonb) as r(management_company_id text, day date, service_name text, city text,
          asked bigint, good bigint, poor bigint, empty bigint, failed bigint, compared bigint, disagreed bigint)
    order by 1, 2, 3, 4
   on conflict (management_company_id, day, service_name, city) do update set
     asked = q.asked + excluded.asked, good = q.good + excluded.good, poor = q.poor + excluded.poor,
     empty = q.empty + excluded.empty, failed = q.failed + excluded.failed,
     compared = q.compared + excluded.compared, disagreed = q.disagreed + excluded.disagreed`,
).acrossTenants((rows: readonly QualityRow[]) => [JSON.stringify(rows)]);

export type QualitySum = Omit<QualityRow, 'management_company_id' | 'day'>;

/** The most rows of one report; the most requested come first. */
const maxRows = 5_000;

/** Days from `fromDay` to `toDay`, both included. */
export const sumQuality = rowsOf<QualitySum>(
  'geocoding_quality_sum',
  `select service_name, city,
          sum(asked)::float8 as asked, sum(good)::float8 as good, sum(poor)::float8 as poor,
          sum(empty)::float8 as empty, sum(failed)::float8 as failed,
          sum(compared)::float8 as compared, sum(disagreed)::float8 as disagreed
     from geocoding_quality
    where management_company_id = $1 and day between $2::date and $3::date
    group by service_name, city
    order by sum(asked) desc, service_name, city
    limit ${maxRows}`,
).by((tenantId: TenantId, fromDay: string, toDay: string) => [tenantId, fromDay, toDay]);

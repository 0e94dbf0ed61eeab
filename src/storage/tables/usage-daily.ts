/** Reads `usage_daily`: the roll-up that the intake writes in the same commit as the rows it counts. */
import type { TenantId } from '../../ids.ts';
import { findRows, type Queryable } from '../postgres/queryable.ts';

export const usageGroups = ['service', 'operation', 'day'] as const;
export type UsageGroup = (typeof usageGroups)[number];

const columnOf: Readonly<Record<UsageGroup, string>> = {
  service: 'service_name',
  operation: 'operation',
  day: 'day',
};

export interface UsageRow {
  /** Present only if every tenant was asked for. */
  readonly management_company_id?: string;
  readonly service_name?: string;
  readonly operation?: string;
  /** `2026-11-22`, UTC. */
  readonly day?: string;
  readonly request_count: number;
  readonly error_count: number;
  readonly cached_count: number;
  readonly total_cost: number;
  readonly saved_by_cache: number;
}

export interface UsageQuestion {
  /** `2026-11-22`, UTC, both included. */
  readonly fromDay: string;
  readonly toDay: string;
  readonly groups: readonly UsageGroup[];
  /** The services to count; null: all. */
  readonly boundTo?: ReadonlySet<string> | null;
  readonly limit: number;
}

/** At most `limit` rows in the order of the groups. */
export async function sumUsage(tx: Queryable, tenantId: TenantId, asked: UsageQuestion): Promise<UsageRow[]> {
  const columns = columnsOf(asked.groups);
  const grouped = columns.length === 0 ? '' : `group by ${columns.join(', ')} order by ${columns.join(', ')}`;
  return findRows<UsageRow>(tx, {
    name: `usage_daily_sum_${columns.join('_')}`,
    text: `
      select ${columns.map((column) => `${column},`).join(' ')}
             ${sums}
        from usage_daily
       where management_company_id = $1 and day between $2::date and $3::date
         and ($5::text[] is null or service_name = any($5))
       ${grouped}
       limit $4`,
    values: [tenantId, asked.fromDay, asked.toDay, asked.limit, asked.boundTo == null ? null : [...asked.boundTo]],
  });
}

/** For the operator: rows of every tenant, each with its tenant. Runs under the system role. */
export async function sumUsageOfEveryTenant(tx: Queryable, asked: UsageQuestion): Promise<UsageRow[]> {
  const columns = ['management_company_id', ...columnsOf(asked.groups)];
  return findRows<UsageRow>(tx, {
    name: `usage_daily_sum_every_${columns.slice(1).join('_')}`,
    text: `
      select ${columns.join(', ')},
             ${sums}
        from usage_daily
       where day between $1::date and $2::date
       group by ${columns.join(', ')}
       order by ${columns.join(', ')}
       limit $3`,
    values: [asked.fromDay, asked.toDay, asked.limit],
  });
}

const sums = `coalesce(sum(request_count), 0)::bigint as request_count,
             coalesce(sum(error_count), 0)::bigint as error_count,
             coalesce(sum(cached_count), 0)::bigint as cached_count,
             coalesce(sum(total_cost), 0) as total_cost,
             coalesce(sum(saved_by_cache), 0) as saved_by_cache`;

function columnsOf(groups: readonly UsageGroup[]): string[] {
  return usageGroups.filter((group) => groups.includes(group)).map((group) => columnOf[group]);
}

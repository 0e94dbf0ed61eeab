/** The filters of the log under which the list shows what a chart counted. */

export const callStatuses = ['success', 'error', 'timeout', 'rate_limited', 'cancelled'] as const;

/** Charts count every call that was not answered well as an error. */
export const errorStatuses = statusFilter(callStatuses.filter((status) => status !== 'success'));

/** Charts count probes only in costs. */
export const callsCounted = { exclude_operation: 'health_check' };
export const errorsCounted = { ...callsCounted, status: errorStatuses };
/** A call that a limit refused took no time. */
export const latenciesCounted = {
  ...callsCounted,
  status: statusFilter(callStatuses.filter((status) => status !== 'rate_limited')),
};
export const costsCounted = { min_cost_usd: '0.000001' };

/** The statuses in a filter: one or several, with commas between. */
export function statusesOf(filter: string): readonly string[] {
  return filter.split(',').filter((status) => status !== '');
}

/** In one order, so that equal choices are equal addresses. */
export function statusFilter(chosen: readonly string[]): string {
  return callStatuses.filter((status) => chosen.includes(status)).join(',');
}

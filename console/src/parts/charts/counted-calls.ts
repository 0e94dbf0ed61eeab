/** The filters of the log with which the list shows the calls that a chart counts. */

export const callStatuses = ['success', 'error', 'timeout', 'rate_limited', 'cancelled'] as const;

/** Charts count every call without success as an error. */
export const errorStatuses = statusFilter(callStatuses.filter((status) => status !== 'success'));

/** Only the costs chart counts health checks. */
export const callsCounted = { exclude_operation: 'health_check' };
export const errorsCounted = { ...callsCounted, status: errorStatuses };
/** A call that a limit refused has no latency. */
export const latenciesCounted = {
  ...callsCounted,
  status: statusFilter(callStatuses.filter((status) => status !== 'rate_limited')),
};
/** Only misses have rows in the list: an answer from the cache leaves none. */
export const missesCounted = { cache: 'miss' };
export const costsCounted = { min_cost_usd: '0.000001' };

/** The statuses in a filter: one or several, separated by commas. */
export function statusesOf(filter: string): readonly string[] {
  return filter.split(',').filter((status) => status !== '');
}

/** Always in the same order, so that equal choices give equal addresses. */
export function statusFilter(chosen: readonly string[]): string {
  return callStatuses.filter((status) => chosen.includes(status)).join(',');
}

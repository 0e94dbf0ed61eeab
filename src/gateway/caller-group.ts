import type { Call } from './call.ts';

/**
 * Callers of one group may share requests and kept answers: those of a tenant that may use the same services. The text is
 * empty for those who may use all.
 */
export function callerGroup({ services = null }: Pick<Call, 'services'>): string {
  return services === null ? '' : `${[...services].sort().join('\n')}\n`;
}

/** Words for the calls that other providers answered during an outage. */
import type { ExternalService } from '../directory/service.ts';
import { isGeocoder } from '../directory/service.ts';
import { type FailoverCount, maxCountedCalls } from '../storage/tables/problem-counts.ts';

/** A longer outage is not counted, because counting would read too many days of the log. */
const maxCountedSpanMs = 7 * 86_400_000;

export interface Outage {
  readonly service: ExternalService;
  /** The names of the services that are asked after it. */
  readonly others: readonly string[];
  readonly since: Date;
}

/** The outages of services that have a fallback; `services` is in the order in which they are asked. */
export function findOutages(
  services: readonly ExternalService[],
  outIds: ReadonlySet<string>,
  sinceById: ReadonlyMap<string, Date>,
  nowMs: number,
): readonly Outage[] {
  return services.flatMap((service, place) => {
    const since = sinceById.get(service.id);
    if (!outIds.has(service.id) || since === undefined || nowMs - since.getTime() > maxCountedSpanMs) return [];
    const others = services
      .filter((other, at) => isOfOneKind(service, other) && (at > place || other.id === service.fallbackServiceId))
      .map(({ serviceName }) => serviceName);
    return others.length === 0 ? [] : [{ service, others, since }];
  });
}

function isOfOneKind(one: ExternalService, other: ExternalService): boolean {
  if (one.id === other.id) return false;
  return isGeocoder(one) ? isGeocoder(other) : one.serviceType === other.serviceType;
}

/** `312 calls went to 2GIS`, in English and Russian; null if none did, or the count is unknown. */
export function failoverWords(
  failovers: readonly FailoverCount[],
  displayNameOf: (serviceName: string) => string,
): { readonly en: string; readonly ru: string; readonly count: number } | null {
  if (failovers.length === 0) return null;
  const parts = failovers.map(({ service_name, count }) => ({ name: displayNameOf(service_name), count }));
  return {
    en: parts.map(({ name, count }, index) => `${callsEn(count, index)} to ${name}`).join(', '),
    ru: parts.map(({ name, count }, index) => `${callsRu(count, index)} в ${name}`).join(', '),
    count: parts.reduce((sum, { count }) => sum + count, 0),
  };
}

function callsEn(count: number, index: number): string {
  const figure = count >= maxCountedCalls ? `${maxCountedCalls} or more` : String(count);
  return index > 0 ? figure : `${figure} ${count === 1 ? 'call' : 'calls'} went`;
}

const russian = new Intl.PluralRules('ru');
const callRu: Partial<Record<Intl.LDMLPluralRule, string>> = { one: 'вызов ушёл', few: 'вызова ушли' };

function callsRu(count: number, index: number): string {
  const figure = count >= maxCountedCalls ? `не менее ${maxCountedCalls}` : String(count);
  if (index > 0) return figure;
  const words = count >= maxCountedCalls ? undefined : callRu[russian.select(count)];
  return `${figure} ${words ?? 'вызовов ушло'}`;
}

/**
 * Measures how well each geocoder answers, by city: the outcome of each attempt, and for a sample of calls
 * (`config.shadow_share` of the service that answered well) how far the next provider's answer lies from it. Counts in
 * memory and writes every few seconds; if writing fails, counts wait in memory, up to a bound.
 */
import type { Clock } from '../clock.ts';
import type { Call, CallResult } from '../gateway/call.ts';
import type { ProviderOutcome } from '../gateway/outcome.ts';
import type { Provider } from '../gateway/resolve-providers.ts';
import type { TenantId } from '../ids.ts';
import type { Logger } from '../logger.ts';
import type { Place } from '../providers/geocoding.ts';
import { startRounds } from '../rounds.ts';
import type { Database } from '../storage/postgres/database.ts';
import {
  addQualityAcrossTenants,
  type QualityCount,
  type QualityRow,
  type QualitySum,
  qualityCounts,
  sumQuality,
} from '../storage/tables/geocoding-quality.ts';
import { measureStraightLineMeters } from './straight-line.ts';

export interface QualityDeps {
  readonly db: Pick<Database, 'querySystem' | 'forTenant'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Asks one provider by name, in addition to the answered call. */
  ask(call: Call<'geocode'>): Promise<CallResult>;
}

export interface GeocodingQuality {
  observe(call: Call, outcomes: readonly ProviderOutcome<unknown>[], providers: readonly Provider[]): void;
  report(tenantId: TenantId, fromDay: string, toDay: string): Promise<readonly QualitySum[]>;
  close(): Promise<void>;
}

const writeEveryMs = 5_000;
/** Maximum number of waiting rows; above it nothing new is counted until some are written. */
const maxWaiting = 20_000;
const maxShadows = 8;
const shadowDeadlineMs = 10_000;
/** Two answers farther apart than this disagree. */
const agreeWithinMeters = 100;

type Counts = Record<QualityCount, number>;
type Waiting = Map<string, { readonly row: Omit<QualityRow, QualityCount>; readonly counts: Counts }>;

export function openGeocodingQuality({ db, clock, logger, ask }: QualityDeps): GeocodingQuality {
  let waiting: Waiting = new Map();
  let shadows = 0;

  const count = (tenantId: TenantId, serviceName: string, city: string, ...what: readonly QualityCount[]): void => {
    const day = dayOf(clock.now());
    const key = `${tenantId}\n${day}\n${serviceName}\n${city}`;
    let entry = waiting.get(key);
    if (entry === undefined) {
      if (waiting.size >= maxWaiting) return;
      const counts = Object.fromEntries(qualityCounts.map((name) => [name, 0])) as Counts;
      entry = { row: { management_company_id: tenantId, day, service_name: serviceName, city }, counts };
      waiting.set(key, entry);
    }
    for (const name of what) entry.counts[name] += 1;
  };

  let today = { number: -1, text: '' };
  const dayOf = (nowMs: number): string => {
    const number = Math.floor(nowMs / 86_400_000);
    if (today.number !== number) today = { number, text: new Date(nowMs).toISOString().slice(0, 10) };
    return today.text;
  };

  const write = async (): Promise<void> => {
    if (waiting.size === 0) return;
    const written = waiting;
    waiting = new Map();
    try {
      await addQualityAcrossTenants(
        db,
        [...written.values()].map(({ row, counts }) => ({ ...row, ...counts })),
      );
    } catch (error) {
      for (const [key, entry] of waiting) mergeInto(written, key, entry);
      waiting = written;
      throw error;
    }
  };
  const rounds = startRounds({
    everyMs: writeEveryMs,
    round: write,
    onFailure: (error) => logger.warn({ err: error }, 'could not write the quality of geocoding answers yet'),
  });

  async function compare(call: Call<'geocode'>, answered: Place, serviceName: string, next: string): Promise<void> {
    const { body } = await ask({
      ...call,
      provider: next,
      cacheMode: 'off',
      // The caller made one call, so the tenant's own limit is not charged again.
      familyCharge: { granted: Promise.resolve(true) },
      isShadow: true,
      deadlineAtMs: clock.now() + shadowDeadlineMs,
      maxWaitMs: 0,
    });
    const other = JSON.parse(body.toString('utf8')) as Place;
    const isFar = measureStraightLineMeters(answered, other) > agreeWithinMeters;
    count(call.tenantId, serviceName, cityOf(answered), 'compared', ...(isFar ? (['disagreed'] as const) : []));
  }

  function shadow(call: Call<'geocode'>, answered: Place, serviceName: string, providers: readonly Provider[]): void {
    const at = providers.findIndex(({ service }) => service.serviceName === serviceName);
    const share = providers[at]?.service.config.shadow_share;
    // A provider without credentials knows no houses and would always disagree.
    const next = providers.slice(at + 1).find(({ adapter }) => adapter.facts.environment?.credential.kind !== 'none');
    if (typeof share !== 'number' || next === undefined || call.provider !== null || Math.random() >= share) return;
    if (shadows >= maxShadows) return;
    shadows += 1;
    compare(call, answered, serviceName, next.service.serviceName)
      // The shadow call itself counts the next provider's outcome, even a failure.
      .catch(() => undefined)
      .finally(() => {
        shadows -= 1;
      });
  }

  return {
    observe(call, outcomes, providers) {
      if (call.capability.operation !== 'geocode') return;
      const places = outcomes.flatMap((outcome) => (outcome.kind === 'answered' ? [outcome.value as Place] : []));
      const city = places.map(cityOf).find((name) => name !== '') ?? '';
      for (const outcome of outcomes) {
        const what = countOf(outcome);
        if (what !== null) count(call.tenantId, outcome.service.serviceName, city, 'asked', what);
      }
      const good = outcomes.find((outcome) => outcome.kind === 'answered' && outcome.quality === 'good');
      if (good?.kind !== 'answered' || call.isShadow === true) return;
      shadow(call as Call<'geocode'>, good.value as Place, good.service.serviceName, providers);
    },
    async report(tenantId, fromDay, toDay) {
      // A report includes what this process has counted so far.
      await write();
      return db.forTenant(tenantId, (tx) => sumQuality(tx, tenantId, fromDay, toDay));
    },
    async close() {
      await rounds.close();
      await write().catch((error: unknown) => logger.warn({ err: error }, 'lost the last quality counts'));
    },
  };
}

function countOf(outcome: ProviderOutcome<unknown>): 'good' | 'poor' | 'empty' | 'failed' | null {
  if (outcome.kind === 'answered') return outcome.quality;
  if (outcome.kind === 'empty') return 'empty';
  return outcome.kind === 'failed' || outcome.kind === 'throttled' ? 'failed' : null;
}

function cityOf({ components }: Place): string {
  return (components.city ?? '').slice(0, 200);
}

function mergeInto(
  into: Waiting,
  key: string,
  entry: { readonly row: Omit<QualityRow, QualityCount>; readonly counts: Counts },
) {
  const there = into.get(key);
  if (there === undefined) into.set(key, entry);
  else for (const name of qualityCounts) there.counts[name] += entry.counts[name];
}

/** A call pipeline that calls a function instead of providers, for the capabilities above the gateway. */
import type { AnswerContext, Call, CallExecutor, CallResult } from '../../src/gateway/call.ts';
import { parseTenantId } from '../../src/ids.ts';
import type { Place } from '../../src/providers/geocoding.ts';
import type { KnownOperation, OutputOf } from '../../src/providers/provider.ts';

export interface ScriptedExecutor extends CallExecutor {
  readonly calls: Call[];
  /** Maximum concurrent calls so far. */
  readonly mostAtOnce: () => number;
}

/** `answer` returns the output of each call, or throws. `degradedBy`: the provider that might have answered better. */
export function scriptExecutor(
  answer: (call: Call, signal: AbortSignal) => unknown,
  degradedBy: AnswerContext['degradedBy'] = null,
): ScriptedExecutor {
  const calls: Call[] = [];
  let underWay = 0;
  let most = 0;
  const executor: ScriptedExecutor = {
    calls,
    mostAtOnce: () => most,
    findInMemory: () => null,
    refresh: async () => {},
    async execute(call, render, signal): Promise<CallResult> {
      calls.push(call as unknown as Call);
      most = Math.max(most, ++underWay);
      try {
        const output = (await answer(call as unknown as Call, signal)) as OutputOf<KnownOperation>;
        const context = {
          provider: 'scripted',
          attemptedProviders: ['scripted'],
          skippedProviders: [],
          degradedBy,
          cached: false,
          responseTimeMs: 7,
        };
        const body = Buffer.from(JSON.stringify(render(output as never, context)));
        return { body, cacheOutcome: 'MISS', ageSeconds: 0, provider: 'scripted', familyLimit: null };
      } finally {
        underWay -= 1;
      }
    },
    executeTogether: (together, render, signal) =>
      Promise.allSettled(together.map((call) => executor.execute(call, render, signal))),
  };
  return executor;
}

export function samplePlace(overrides: Partial<Place> = {}): Place {
  return {
    latitude: 41.311081,
    longitude: 69.240562,
    formatted_address: 'улица Мира, 5, Ташкент, Узбекистан',
    confidence: 0.95,
    location_type: 'ROOFTOP',
    address_components: [{ long_name: '5', short_name: '5', types: ['street_number'] }],
    components: {
      street: 'улица Мира',
      house_number: '5',
      district: null,
      city: 'Ташкент',
      region: null,
      postal_code: null,
      country: 'Узбекистан',
      country_code: 'UZ',
    },
    place_id: 'scripted:1',
    partial_match: false,
    ...overrides,
  };
}

export const sampleCaller = {
  tenantId: parseTenantId('uk_company_1'),
  cacheMode: 'use',
  requestId: 'request-1',
  traceparent: null,
  sourceService: null,
  principal: null,
  deadlineAtMs: 10_000,
  maxWaitMs: 0,
} as const;

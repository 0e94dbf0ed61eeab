/** The edge: who may come in, the routes, and the listener. */
import { attributeToVariable } from '../config/attribute-failure.ts';
import { shownPause } from '../gateway/service-pauses.ts';
import { defaultBatchConcurrency, defaultBatchDeadlineMs } from '../geocoding/batch.ts';
import { type GeocodingSettingsDirectory, openGeocodingSettings } from '../geocoding/settings.ts';
import { buildApp, type Routes } from '../http/app.ts';
import { openTokenDirectory } from '../http/auth/token-directory.ts';
import { createTokenLimit } from '../http/auth/token-limit.ts';
import { closeApp } from '../http/close-app.ts';
import { createEventStreams } from '../http/reply/event-streams.ts';
import { createRateLimitHeaders } from '../http/reply/rate-limit-headers.ts';
import { createIdempotency, type Idempotency } from '../http/request/idempotency.ts';
import { adminRoutes } from '../http/routes/admin/admin.ts';
import { geocodingRoutes } from '../http/routes/geocoding/geocoding.ts';
import { consoleRoutes } from '../http/routes/public/console.ts';
import { consoleSessionRoutes } from '../http/routes/public/console-session.ts';
import { documentRoutes } from '../http/routes/public/documents.ts';
import { healthRoutes } from '../http/routes/public/health.ts';
import { metricsRoute } from '../http/routes/public/metrics.ts';
import { securityTextRoute } from '../http/routes/public/security-text.ts';
import { proxyRoute } from '../http/routes/services/proxy.ts';
import { servicesRoutes } from '../http/routes/services/services.ts';
import { sheetsRoutes } from '../http/routes/sheets/sheets.ts';
import { accountLimits, familyLimit } from '../limits/limit-subjects.ts';
import { remainingOf } from '../limits/limits.ts';
import { refusalOf } from '../outbound/refusal.ts';
import { appendEvent } from '../outbox/append-event.ts';
import { renderAsyncApi } from '../outbox/asyncapi.ts';
import { version } from '../version.ts';
import type { Calls } from './calls.ts';
import type { CoreParts } from './core-parts.ts';
import { createCredentials } from './credentials.ts';
import { describeParts } from './describe-parts.ts';
import type { Durability } from './durability.ts';
import { openTogether } from './open-together.ts';
import { openProblems } from './problems.ts';
import type { Providers } from './providers.ts';
import type { Stores } from './stores.ts';
import { openWebhooks } from './webhooks.ts';

const defaultGraceMs = 10_000;

export interface Edge {
  readonly url: string;
  /** The token that a development start made for itself; null where the operator brought tokens. */
  readonly exampleToken: string | null;
  /** A new code that signs in to the console once, as an administrator. */
  makeConsoleCode(): string;
  /** `/health` says so at once, and requests in hand are cut after `graceMs`. */
  announceStop(graceMs: number): void;
}

/** Rejects where the port is not to be had. */
export async function openEdge(
  coreParts: CoreParts,
  stores: Stores,
  durability: Durability,
  providers: Providers,
  opened: Calls,
): Promise<Edge> {
  const { config, logger, clock, metrics, idleMemory, keyring, own } = coreParts;
  const { db, store, broker } = stores;
  const { relay, intake } = durability;
  const { directory, outbound, emulates } = providers;
  const { cache, health, limitReports, probes, pauses, budgetGuard } = opened;
  const { host, port, publicBaseUrl, trustedProxies, corsOrigins, securityContacts, metricsToken } = config.http;
  const { defaultTenant, tenantFromToken, consoleTileUrl: tileUrl } = config;
  const startedAtMs = clock.now();
  let isStopping = false;
  let graceMs = defaultGraceMs;

  const idempotency = createIdempotency({ db, keyring, logger });
  const services = servicesRoutes({
    db,
    keyring,
    appendEvent,
    clock,
    directory,
    cache,
    idempotency,
    emulates,
    refusalOf: (address) => refusalOf(outbound, address),
    limits: limitReports,
    pauses,
    probe: probes.probe,
  });

  const { webhooks, geocodingSettings, tokenDirectory } = await openTogether(own, {
    webhooks: () => openWebhooks(coreParts, stores, durability, providers, opened, idempotency),
    geocodingSettings: () => openGeocodingSettings({ db, clock, logger }),
    tokenDirectory: () => openTokenDirectory({ db, clock, logger }),
  });
  const { authenticator, sessions, exampleToken } = createCredentials(coreParts, stores, tokenDirectory);
  const app = await buildApp({
    trustedProxies,
    publicBaseUrl,
    corsOrigins,
    tenantFromToken,
    authenticator,
    tokenLimit: createTokenLimit({ limiter: opened.tokenLimiter, intake, clock }),
    metrics,
    logger,
    noteWork: idleMemory.noteWork,
    apiRoutes: [
      services,
      webhooks.apiRoutes,
      ...capabilityRoutes(coreParts, providers, opened, idempotency, geocodingSettings),
      adminRoutes({
        ...limitReports,
        db,
        clock,
        logger,
        directory,
        cache,
        budgetGuard,
        lookUpsOf: opened.recentLookUps.of,
        tracesOf: opened.recentLookUps.tracesOf,
        listProblems: openProblems(coreParts, stores, durability, providers, opened),
        authenticator,
        idempotency,
        streams: createEventStreams({ broker, clock, logger }),
      }),
    ],
    publicRoutes: [
      webhooks.publicRoutes,
      documentRoutes({ '/asyncapi.json': () => renderAsyncApi(version) }),
      securityTextRoute({ contacts: securityContacts, publicBaseUrl, clock }),
      consoleRoutes({ tileUrl }),
      consoleSessionRoutes({ sessions, authenticator, defaultTenant, tileUrl }),
      metricsRoute({ metrics, metricsToken }),
      healthRoutes({
        clock,
        startedAtMs,
        authenticator,
        isServing: () => !isStopping,
        details: (tenants) => describeParts({ db, store, broker, relay, directory, health }, tenants),
      }),
    ],
  });
  own({ close: () => closeApp(app, graceMs) });
  const url = await attributeToVariable('PORT, HOST', () => app.listen({ port, host }));

  return {
    url: url.replace('0.0.0.0', '127.0.0.1').replace('[::]', '[::1]'),
    exampleToken,
    makeConsoleCode: sessions.makeLinkCode,
    announceStop(grace) {
      isStopping = true;
      graceMs = grace;
    },
  };
}

/** What a tenant can ask for: geocoding, sheets and any registered API. */
function capabilityRoutes(
  { config, clock, logger }: CoreParts,
  { directory }: Providers,
  { calls, geocoding, sheets, limiter, cache, health, pauses, quality }: Calls,
  idempotency: Idempotency,
  settings: GeocodingSettingsDirectory,
): readonly Routes[] {
  return [
    proxyRoute({ calls, cache, directory, clock, idempotency, deadlineMs: config.callDeadlineMs }),
    geocodingRoutes({
      geocoding,
      settings,
      quality,
      limits: createRateLimitHeaders('geocoding', config.familyLimits.geocoding, clock, limiter.shareOf),
      clock,
      deadlineMs: config.callDeadlineMs,
      batch: {
        ...geocoding,
        clock,
        concurrency: defaultBatchConcurrency,
        deadlineMs: defaultBatchDeadlineMs,
        onUnexpectedError: (error) => logger.error({ err: error }, 'unexpected error for an address of a batch'),
      },
      health: {
        ofTenant: directory.ofTenant,
        healthOf: health.healthOf,
        pauseOf: async (service) => shownPause(await pauses.pauseOf(service)),
        async remainingRequests(service) {
          const subjects = [familyLimit('geocoding', config.familyLimits), ...accountLimits(service)];
          const states = await limiter.peek(service.tenantId, subjects);
          return Math.min(...states.map(remainingOf));
        },
      },
    }),
    sheetsRoutes({
      sheets,
      health: {
        directory,
        limiter,
        clock,
        capabilities: sheets.capabilities,
        spending: sheets.spending,
        familyLimits: config.familyLimits,
        healthOf: health.healthOf,
      },
      idempotency,
      limits: createRateLimitHeaders('sheets', config.familyLimits.sheets, clock, limiter.shareOf),
      clock,
      deadlineMs: config.callDeadlineMs,
    }),
  ];
}

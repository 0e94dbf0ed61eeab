/**
 * The composition root: every part, built in order. Closing is the reverse, so that work stops before the connections
 * that it needs. A start that fails closes what was open already.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { emulatedGoogleCredentials } from '../emulator/oauth/service-accounts.ts';
import { startEmulator } from '../emulator/start.ts';
import { createMasker } from './audit/mask.ts';
import { startRetention } from './audit/retention.ts';
import type { Broker } from './broker/broker.ts';
import { createInProcessBroker } from './broker/in-process-broker.ts';
import { openRabbitmqBroker } from './broker/rabbitmq-broker.ts';
import { systemClock } from './clock.ts';
import type { BootstrapToken, Config } from './config.ts';
import { openBudgetDirectory } from './costs/budget-directory.ts';
import { createBudgetGuard } from './costs/budget-guard.ts';
import { costOf } from './costs/prices.ts';
import { startBudgetWatch } from './costs/watch-budgets.ts';
import { describeParts } from './describe-parts.ts';
import {
  type EmulatorAccess,
  type EnvironmentProvider,
  registerEnvironmentServices,
  withEmulatedAccounts,
} from './directory/environment-services.ts';
import { openServiceDirectory } from './directory/service-directory.ts';
import { environmentProviders, operatorEndpoints } from './environment-providers.ts';
import { createBulkheads } from './gateway/bulkhead.ts';
import { createCircuitBreakers } from './gateway/circuit-breaker.ts';
import { createDeadlines } from './gateway/deadline.ts';
import type { CallDeps } from './gateway/deps.ts';
import { createCallExecutor } from './gateway/execute-call.ts';
import { startLimitHistory } from './gateway/limit-history.ts';
import { accountLimits } from './gateway/limit-subjects.ts';
import { createRateLimiter } from './gateway/rate-limiter.ts';
import type { ReportLimitsDeps } from './gateway/report-limits.ts';
import { openResponseCache } from './gateway/response-cache.ts';
import { defaultBatchConcurrency, defaultBatchDeadlineMs } from './geocoding/batch.ts';
import { createGeocodingCapabilities } from './geocoding/capabilities.ts';
import { openServiceHealth } from './health/service-health.ts';
import { buildApp } from './http/app.ts';
import { createAuthenticator } from './http/authenticate.ts';
import { createEventStreams } from './http/event-streams.ts';
import { createIdempotency } from './http/idempotency.ts';
import { createRateLimitHeaders } from './http/rate-limit-headers.ts';
import { consoleRoutes } from './http/routes/console.ts';
import { documentRoutes } from './http/routes/documents.ts';
import { geocodingRoutes } from './http/routes/geocoding.ts';
import { healthRoutes } from './http/routes/health.ts';
import { metricsRoute } from './http/routes/metrics.ts';
import { operateRoutes } from './http/routes/operate.ts';
import { proxyRoute } from './http/routes/proxy.ts';
import { servicesRoutes } from './http/routes/services.ts';
import { sheetsRoutes } from './http/routes/sheets.ts';
import { openTokenDirectory } from './http/token-directory.ts';
import { createJwtVerifier } from './http/verify-jwt.ts';
import { parseTenantId } from './ids.ts';
import { createIntake } from './intake/group-commit.ts';
import { openSpool } from './intake/spool.ts';
import { createLogger, type Logger } from './logger.ts';
import { createMetrics } from './metrics/metrics.ts';
import { openProbes } from './open-probes.ts';
import { openWebhooks } from './open-webhooks.ts';
import { createOutbound } from './outbound/http-client.ts';
import { providerHttp } from './outbound/provider-http.ts';
import { refusalOf } from './outbound/refusal.ts';
import { appendEvent } from './outbox/append-event.ts';
import { renderAsyncApi } from './outbox/asyncapi.ts';
import { startOutboxRelay } from './outbox/relay.ts';
import { createTelemetryPublisher } from './outbox/telemetry.ts';
import { findAdapter } from './providers/registry.ts';
import { loadOrCreateJwtSecret, loadOrCreateKeys, loadOrCreateServiceToken } from './secrets/development-keys.ts';
import { createKeyring } from './secrets/keyring.ts';
import { rangesOverlap, scopeKind } from './sheets/scope.ts';
import { createSheets } from './sheets/sheets.ts';
import { openDatabase } from './storage/database.ts';
import { openEmbeddedPostgres } from './storage/embedded-postgres.ts';
import { createInProcessStore } from './storage/in-process-store.ts';
import { createLeases } from './storage/leases.ts';
import { migrate } from './storage/migrate.ts';
import { ensurePartitions } from './storage/partitions.ts';
import { openRedisStore } from './storage/redis-store.ts';
import type { SharedStore } from './storage/shared-store.ts';
import { version } from './version.ts';

export interface Service {
  /** Where it listens: `http://127.0.0.1:8006`. */
  readonly url: string;
  /** The token that a development start made for itself, for its banner; null where the operator brought tokens. */
  readonly exampleToken: string | null;
  /** Providers whose answers are made up. */
  readonly emulatedProviders: readonly string[];
  /** Stops accepting, finishes the requests in hand (cut after `graceMs`), then closes all parts. */
  close(graceMs?: number): Promise<void>;
}

/** Days whose partitions are made ahead: a service that runs on is looked after by retention, this covers its start. */
const partitionDaysAhead = 3;
const defaultGraceMs = 10_000;
const idleSweepMs = 50;
/** A call with all its providers and retries; longer than that nobody waits. */
const callDeadlineMs = 30_000;

/** Rejects where a part that it cannot do without is not to be had: the database, the port. */
export async function startService(config: Config, logger: Logger = createLogger(config.logLevel)): Promise<Service> {
  const clock = systemClock;
  const startedAtMs = clock.now();
  await using opened = new AsyncDisposableStack();
  const own = <Part extends { close(): Promise<void> | void }>(part: Part): Part =>
    opened.adopt(part, async (owned) => {
      await owned.close();
    });

  const metrics = createMetrics({ clock });
  const keyring = createKeyring(config.encryptionKeys ?? loadOrCreateKeys(config.dataDir));
  const providers = environmentProviders(config, keyring);

  // Stores.
  const databaseUrl = config.databaseUrl ?? own(await openEmbeddedPostgres(config.dataDir, logger)).url;
  await migrate({ url: databaseUrl, logger });
  const db = own(
    openDatabase({
      url: databaseUrl,
      applicationName: 'integration-service',
      logger,
      onStatement: (name, durationMs) => metrics.databaseQuery(name ?? 'unnamed', durationMs),
    }),
  );
  await ensurePartitions(db, clock.now(), partitionDaysAhead);
  const store = own(await openSharedStore(config, logger));
  const broker = own(await openBroker(config, logger));

  // The durable way out.
  const relay = own(
    await startOutboxRelay({ db, broker, clock, logger, origin: randomUUID(), onPublished: metrics.eventPublished }),
  );
  metrics.setOutboxSource(() => {
    const { backlogCount, oldestAgeSeconds } = relay.stats();
    return { backlog: backlogCount, oldestAgeSeconds };
  });
  const telemetry = own(createTelemetryPublisher({ broker, clock, onDropped: metrics.telemetryDropped }));
  const spool = own(await openSpool({ path: join(config.dataDir, 'spool'), keyring, logger }));
  const intake = own(createIntake({ db, relay, masker: createMasker(config.maskedFields), clock, logger, spool }));

  const leases = createLeases(db, relay.origin, clock);
  own(
    startRetention({
      db,
      clock,
      logger,
      retentionDays: config.logRetentionDays,
      tryHold: async (name, ttlMs) => (await leases.tryHold(name, ttlMs)) !== null,
    }),
  );

  // Providers.
  const emulator = needsEmulator(config, providers)
    ? own(await startEmulator({ port: 0, dataDir: config.dataDir }))
    : null;
  const tenantId = parseTenantId(config.defaultTenant);
  await registerEnvironmentServices({ db, keyring, appendEvent, clock }, tenantId, providers, config.emulator);
  const emulatorAccess: EmulatorAccess | null =
    emulator === null
      ? null
      : { url: emulator.url, googleCredentials: JSON.parse(await emulatedGoogleCredentials(emulator)) };
  const directory = withEmulatedAccounts(
    own(await openServiceDirectory({ db, keyring, clock, logger })),
    emulatorAccess,
  );
  const outbound = own(
    createOutbound({
      allowedNetworks: [...config.outboundAllowedNetworks, ...operatorEndpoints(config)],
      emulatorOrigin: emulator?.url ?? null,
      logger,
    }),
  );

  // Calls.
  const deadlines = own(createDeadlines());
  const health = own(await openServiceHealth({ db, clock, metrics, logger, appendEvent }));
  // Closed before the store: what it spent without Redis is written there in the end.
  const limiter = own(createRateLimiter({ store, clock, logger }));
  const cache = own(
    await openResponseCache({
      store,
      db,
      intake,
      clock,
      deadlines,
      logger,
      l1TtlSeconds: config.cache.l1TtlSeconds,
      l2TtlSeconds: config.cache.l2TtlSeconds,
      overlaps: { [scopeKind]: rangesOverlap },
    }),
  );
  const budgets = createBudgetGuard({
    db,
    store,
    directory: own(await openBudgetDirectory({ db, logger })),
    clock,
    logger,
  });
  own(startBudgetWatch({ db, directory, guard: budgets, metrics, clock, logger, appendEvent }));
  const callDeps: CallDeps = {
    cache,
    limiter,
    directory,
    deadlines,
    intake,
    metrics,
    clock,
    logger,
    costOf,
    reserveBudget: budgets.reserve,
    familyLimits: config.familyLimits,
    breakers: createCircuitBreakers({ clock }),
    bulkheads: createBulkheads({ clock, deadlines }),
    requestTimeoutMs: config.requestTimeoutMs,
    maxRetries: config.requestMaxRetries,
    findAdapter: (name) => findAdapter(name) ?? undefined,
    openHttp: (options) => providerHttp(outbound, options),
    observeAttempt: health.observe,
    publishTelemetry: telemetry.publishTelemetry,
  };
  const calls = createCallExecutor(callDeps);
  const sheets = createSheets({
    calls: callDeps,
    executor: calls,
    cache,
    limiter,
    store,
    leases,
    ttlSeconds: config.cache.sheetsTtlSeconds,
  });
  const geocoding = { calls, capabilities: createGeocodingCapabilities(config.cache.geocodingTtlSeconds) };

  const limitReports: ReportLimitsDeps = {
    limiter,
    familyLimits: config.familyLimits,
    extraLimitsOf: (service) =>
      service.serviceType === 'sheets'
        ? (['read', 'write'] as const).flatMap((kind) => sheets.capabilities.limitsOf(kind, service))
        : [],
  };
  own(
    startLimitHistory({
      ...limitReports,
      db,
      directory,
      clock,
      logger,
      tryHold: async (ttlMs) => (await leases.tryHold('rate-limit-history', ttlMs)) !== null,
    }),
  );

  // Configuration.
  const probes = own(
    openProbes({
      directory,
      intake,
      clock,
      logger,
      db,
      leases,
      health,
      limiter,
      intervalMs: config.healthCheckIntervalSeconds * 1000,
      timeoutMs: config.requestTimeoutMs,
      findAdapter: (name) => findAdapter(name) ?? undefined,
      openHttp: (options) => providerHttp(outbound, options),
      // A probe of Sheets is a read to Google.
      probeLimitsOf: (service) =>
        service.serviceType === 'sheets' ? sheets.capabilities.limitsOf('read', service) : [],
    }),
  );
  const idempotency = createIdempotency({ db, keyring, logger });
  const services = servicesRoutes({
    db,
    keyring,
    appendEvent,
    clock,
    directory,
    idempotency,
    emulates: emulator === null ? 'none' : config.emulator === 'on' ? 'all' : 'keyless',
    refusalOf: (address) => refusalOf(outbound, address),
    limits: limitReports,
    probe: probes.probe,
  });

  const webhooks = own(
    await openWebhooks({
      db,
      store,
      leases,
      intake,
      limiter,
      outbound,
      masker: createMasker(config.maskedFields),
      keyring,
      idempotency,
      metrics,
      clock,
      logger,
      publicBaseUrl: config.http.publicBaseUrl,
      trustedProxies: config.http.trustedProxies,
      perMinute: config.familyLimits.webhooks,
      targetTimeoutMs: config.requestTimeoutMs,
    }),
  );

  // The edge.
  const bootstrapTokens = tokensOf(config);
  const tokenDirectory = own(await openTokenDirectory({ db, clock, logger }));
  const authenticator = createAuthenticator({
    bootstrapTokens,
    tokenDirectory,
    jwtVerifier: createJwtVerifier({
      jwt: config.jwt,
      developmentSecret: config.jwt.verification.kind === 'generated' ? loadOrCreateJwtSecret(config.dataDir) : null,
      clock,
    }),
  });
  let isServing = true;
  const app = await buildApp({
    trustedProxies: config.http.trustedProxies,
    publicBaseUrl: config.http.publicBaseUrl,
    authenticator,
    metrics,
    logger,
    apiRoutes: [
      services,
      webhooks.apiRoutes,
      proxyRoute({ calls, directory, clock, idempotency, deadlineMs: callDeadlineMs }),
      geocodingRoutes({
        geocoding,
        limits: createRateLimitHeaders('geocoding', config.familyLimits.geocoding, clock),
        clock,
        deadlineMs: callDeadlineMs,
        batch: {
          ...geocoding,
          clock,
          concurrency: defaultBatchConcurrency,
          deadlineMs: defaultBatchDeadlineMs,
          onUnexpectedError: (error) => logger.error({ err: error }, 'an address of a batch failed'),
        },
        health: {
          ofTenant: directory.ofTenant,
          healthOf: health.healthOf,
          async remainingRequests(service) {
            const states = await limiter.peek(service.tenantId, accountLimits(service));
            const left = states.map(({ maxRequests, usedRequests }) => Math.max(0, maxRequests - usedRequests));
            return left.length === 0 ? null : Math.min(...left);
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
          familyLimits: config.familyLimits,
          healthOf: health.healthOf,
        },
        idempotency: createIdempotency({ db, keyring, logger }),
        limits: createRateLimitHeaders('sheets', config.familyLimits.sheets, clock),
        clock,
        deadlineMs: callDeadlineMs,
      }),
      operateRoutes({
        ...limitReports,
        db,
        clock,
        logger,
        directory,
        cache,
        authenticator,
        idempotency: createIdempotency({ db, keyring, logger }),
        streams: createEventStreams({ broker, clock, logger }),
      }),
    ],
    publicRoutes: [
      webhooks.publicRoutes,
      documentRoutes({ '/asyncapi.json': () => renderAsyncApi(version) }),
      consoleRoutes(),
      metricsRoute({ metrics, metricsToken: config.http.metricsToken }),
      healthRoutes({
        clock,
        startedAtMs,
        authenticator,
        isServing: () => isServing,
        details: (tenants) => describeParts({ db, store, broker, relay, directory, health }, tenants),
      }),
    ],
  });
  let graceMs = defaultGraceMs;
  own({
    async close() {
      const cut = setTimeout(() => app.server.closeAllConnections(), graceMs);
      // A connection whose last answer has gone out would stay open for its next request, and hold up the end.
      const sweep = setInterval(() => app.server.closeIdleConnections(), idleSweepMs);
      await app.close();
      clearTimeout(cut);
      clearInterval(sweep);
    },
  });
  const url = await app.listen({ port: config.http.port, host: config.http.host });

  const running = opened.move();
  return {
    url: url.replace('0.0.0.0', '127.0.0.1').replace('[::]', '[::1]'),
    exampleToken: config.production || config.bootstrapTokens.length > 0 ? null : (bootstrapTokens[0]?.token ?? null),
    emulatedProviders: emulator === null ? [] : emulatedNames(config, providers),
    async close(grace = defaultGraceMs) {
      isServing = false;
      graceMs = grace;
      await running.disposeAsync();
    },
  };
}

/** A development start without tokens makes one, so that the first call can be pasted. */
function tokensOf(config: Config): readonly BootstrapToken[] {
  if (config.production || config.bootstrapTokens.length > 0) return config.bootstrapTokens;
  return [{ name: 'development', token: loadOrCreateServiceToken(config.dataDir), tenants: null }];
}

function openSharedStore({ redisUrls }: Config, logger: Logger): Promise<SharedStore> | SharedStore {
  return redisUrls === null
    ? createInProcessStore({ clock: systemClock, logger })
    : openRedisStore({ urls: redisUrls, logger });
}

function openBroker({ rabbitmqUrls }: Config, logger: Logger): Promise<Broker> | Broker {
  return rabbitmqUrls === null ? createInProcessBroker(logger) : openRabbitmqBroker({ urls: rabbitmqUrls, logger });
}

function needsEmulator(config: Config, providers: readonly EnvironmentProvider[]): boolean {
  return emulatedNames(config, providers).length > 0;
}

function emulatedNames({ emulator }: Config, providers: readonly EnvironmentProvider[]): string[] {
  if (emulator === 'off') return [];
  return providers
    .filter(({ credential }) => credential !== 'keyless' && (emulator === 'on' || credential === null))
    .map(({ serviceName }) => serviceName);
}

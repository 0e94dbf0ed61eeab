/**
 * The composition root: every part, built in order. Closing is the reverse, so that work stops before the connections
 * that it needs. A start that fails closes what was open already.
 */
import { access, constants } from 'node:fs/promises';
import { systemClock } from '../clock.ts';
import { attributeToVariable } from '../config/attribute-failure.ts';
import type { Config } from '../config/config.ts';
import { makeFolder } from '../files/make-folder.ts';
import { createLogger, type Logger } from '../logger.ts';
import { createMetrics } from '../metrics/metrics.ts';
import { startStallWatch } from '../metrics/watch-stalls.ts';
import { startIdleMemory } from '../resilience/idle-memory.ts';
import { loadOrCreateKeys } from '../secrets/development-keys.ts';
import { createKeyring } from '../secrets/keyring.ts';
import { openCalls } from './calls.ts';
import type { CoreParts } from './core-parts.ts';
import { openDurability } from './durability.ts';
import { openEdge } from './edge.ts';
import { environmentProviders } from './environment-providers.ts';
import { openProviders } from './providers.ts';
import { openStores } from './stores.ts';

export interface Service {
  /** Where it listens: `http://127.0.0.1:8006`. */
  readonly url: string;
  /** The token that a development start made for itself, for its banner; null where the operator brought tokens. */
  readonly exampleToken: string | null;
  /** A new code for `/console#code=…`, which signs in once, as an administrator. */
  makeConsoleCode(): string;
  /** Providers whose answers are made up. */
  readonly emulatedProviders: readonly string[];
  /** Stops accepting, finishes the requests in hand (cut after `graceMs`), then closes all parts. */
  close(graceMs?: number): Promise<void>;
}

const defaultGraceMs = 10_000;

/** Rejects where a part that it cannot do without is not to be had: the database, the port. */
export async function startService(config: Config, logger: Logger = createLogger(config.logLevel)): Promise<Service> {
  await using opened = new AsyncDisposableStack();
  const own: CoreParts['own'] = (part) =>
    opened.adopt(part, async (owned) => {
      await owned.close();
    });
  const clock = systemClock;
  const metrics = createMetrics({ clock });
  await attributeToVariable('DATA_DIR', () => prepareDataDir(config.dataDir));
  const keyring = createKeyring(config.encryptionKeys ?? loadOrCreateKeys(config.dataDir));
  const named = environmentProviders(config, keyring);
  const stalls = own(startStallWatch({ metrics, logger }));
  const idleMemory = own(startIdleMemory({ stalls, logger }));
  const coreParts: CoreParts = { config, logger, clock, metrics, stalls, idleMemory, keyring, own };

  const stores = await openStores(coreParts);
  const durability = await openDurability(coreParts, stores);
  const providers = await openProviders(coreParts, stores, named);
  const calls = await openCalls(coreParts, stores, durability, providers);
  const edge = await openEdge(coreParts, stores, durability, providers, calls);

  const running = opened.move();
  return {
    url: edge.url,
    exampleToken: edge.exampleToken,
    makeConsoleCode: edge.makeConsoleCode,
    emulatedProviders: providers.emulatedNames,
    async close(graceMs = defaultGraceMs) {
      edge.announceStop(graceMs);
      await running.disposeAsync();
    },
  };
}

/** Where the spool lies, and in development all that is kept. */
async function prepareDataDir(path: string): Promise<void> {
  makeFolder(path);
  await access(path, constants.W_OK);
}

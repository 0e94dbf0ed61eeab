/** What every part is built on. */
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { StallWatch } from '../metrics/watch-stalls.ts';
import type { IdleMemory } from '../resilience/idle-memory.ts';
import type { Keyring } from '../secrets/keyring.ts';

export interface CoreParts {
  readonly config: Config;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly stalls: StallWatch;
  readonly idleMemory: IdleMemory;
  readonly keyring: Keyring;
  /** Hands a part over to be closed, in reverse order of opening. */
  readonly own: <Part extends { close(): Promise<void> | void }>(part: Part) => Part;
}

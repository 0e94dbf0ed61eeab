/** What a call goes through: limits, cache, budgets, health, and the capabilities on top of them. */
import { openCallParts } from './call-parts.ts';
import { openCapabilities } from './capabilities.ts';
import type { CoreParts } from './core-parts.ts';
import type { Durability } from './durability.ts';
import type { Providers } from './providers.ts';
import { openServiceChecks } from './service-checks.ts';
import type { Stores } from './stores.ts';

export type Calls = Awaited<ReturnType<typeof openCalls>>;

export async function openCalls(coreParts: CoreParts, stores: Stores, durability: Durability, providers: Providers) {
  const parts = await openCallParts(coreParts, stores, durability, providers);
  const capabilities = openCapabilities(coreParts, stores, durability, providers, parts);
  const checks = openServiceChecks(coreParts, stores, durability, providers, parts, capabilities);
  return { ...parts, ...capabilities, ...checks };
}

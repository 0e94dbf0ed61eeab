/**
 * Facts about a vendor for other parts: its names, environment variables, prices, limits, and how long its answers may
 * be cached. Each vendor's folder has its own; configuration, costs, limits, cache and documents read them from there.
 */
import type { Operation } from './operations.ts';

export interface VendorFacts {
  readonly displayName: string;
  /** Short names that callers may use, as in `provider: "google"`. */
  readonly aliases: readonly string[];
  /** null: the environment registers no such service. */
  readonly environment: EnvironmentFacts | null;
  /** An operation without a price counts as 0, and the cost report lists it as unpriced. */
  readonly listPrices: readonly ListPrice[];
  /** The limit of a service without its own rate limit; null: none. */
  readonly defaultLimit: DefaultLimit | null;
  /** The largest matrix of one request; null: the vendor measures no routes. */
  readonly largestMatrix: MatrixBounds | null;
  readonly storage: StorageRule;
  /** Whether this program's emulator may stand in for it. */
  readonly isEmulated: boolean;
}

export interface EnvironmentFacts {
  /** Lower is tried first. */
  readonly priority: number;
  /** The adapter that is asked next, if the environment has both. */
  readonly fallback: string | null;
  /** What the environment must set to register the service. `none`: nothing. `base-url`: its address is enough. */
  readonly credential: EnvironmentCredential;
  /** null: it has no address. */
  readonly baseUrl: EnvironmentVariable | null;
}

export interface EnvironmentVariable {
  readonly variable: string;
  /** Its line in the configuration document. */
  readonly meaning: string;
  /** Its value in the example environment. */
  readonly example?: string;
}

export type EnvironmentCredential =
  | { readonly kind: 'none' }
  | { readonly kind: 'base-url' }
  | ({ readonly kind: 'api-key' } & EnvironmentVariable)
  /**
   * The variable names a JSON file. `faultOf` says why its content is invalid, or null; `tokenUrl` is the endpoint of
   * its tokens.
   */
  | ({
      readonly kind: 'service-account';
      faultOf(parsed: unknown): string | null;
      tokenUrlOf(parsed: unknown): string | null;
    } & EnvironmentVariable);

export interface ListPrice {
  readonly operation: Operation;
  readonly usdPerUnit: number;
  /** The first day of the price, UTC: a price change is a new line, so that past costs stay the same. */
  readonly validFrom: `${number}-${number}-${number}`;
}

export interface DefaultLimit {
  readonly perMinute: number;
  /** The minimum time between two requests. */
  readonly minIntervalMs: number;
}

export interface MatrixBounds {
  /** Origins times destinations. */
  readonly elements: number;
  /** The maximum number of origins, and of destinations. */
  readonly ends: number;
}

export interface StorageRule {
  /** How long an answer may be kept, including its time as a stale answer; null: no limit. */
  readonly maxSeconds: number | null;
  /** The vendor's terms, in one sentence for the document. */
  readonly terms: string;
}

/** Operations that the vendor does not bill. */
export function freeOfCharge(operations: readonly Operation[]): readonly ListPrice[] {
  return operations.map((operation) => ({ operation, usdPerUnit: 0, validFrom: '2018-07-16' }));
}

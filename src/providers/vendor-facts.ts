/**
 * What is said of a vendor outside its adapter: by which names callers may ask for it, what the environment may set of it,
 * what it costs, how fast it may be asked, and how long its answers may be kept. Each vendor's facts stand in its folder;
 * the configuration, the costs, the limits, the cache and the documents read them from there.
 */
import type { Operation } from './operations.ts';

export interface VendorFacts {
  readonly displayName: string;
  /** Short names that callers may use for it, as in `provider: "google"`. */
  readonly aliases: readonly string[];
  /** null: the environment registers no such service. */
  readonly environment: EnvironmentFacts | null;
  /** What stands in no line counts as 0, and the cost report names it as unpriced. */
  readonly listPrices: readonly ListPrice[];
  /** What a service is held to that has no rate limit of its own; null: nothing. */
  readonly defaultLimit: DefaultLimit | null;
  /** The largest matrix that one request may ask for; null: it measures no routes. */
  readonly largestMatrix: MatrixBounds | null;
  readonly storage: StorageRule;
  /** Whether this program's emulator may stand in for it. */
  readonly isEmulated: boolean;
}

export interface EnvironmentFacts {
  /** Lower is tried first. */
  readonly priority: number;
  /** The adapter that is asked right after it, where the environment has both. */
  readonly fallback: string | null;
  /** What the service must have to be there. `none`: it is always there. `base-url`: its address alone makes it so. */
  readonly credential: EnvironmentCredential;
  /** null: it has no address. */
  readonly baseUrl: EnvironmentVariable | null;
}

export interface EnvironmentVariable {
  readonly variable: string;
  /** Its line in the document of the configuration. */
  readonly meaning: string;
  /** Its value in the example of an environment. */
  readonly example?: string;
}

export type EnvironmentCredential =
  | { readonly kind: 'none' }
  | { readonly kind: 'base-url' }
  | ({ readonly kind: 'api-key' } & EnvironmentVariable)
  /** The variable names a file of JSON. `faultOf` says why its content is none, or null; `tokenUrl` is where its tokens come from. */
  | ({
      readonly kind: 'service-account';
      faultOf(parsed: unknown): string | null;
      tokenUrlOf(parsed: unknown): string | null;
    } & EnvironmentVariable);

export interface ListPrice {
  readonly operation: Operation;
  readonly usdPerUnit: number;
  /** First day, UTC, of the price: a change is a new line, so that what was counted before stays what it was. */
  readonly validFrom: `${number}-${number}-${number}`;
}

export interface DefaultLimit {
  readonly perMinute: number;
  /** From one request to the next. */
  readonly minIntervalMs: number;
}

export interface MatrixBounds {
  /** Origins times destinations. */
  readonly elements: number;
  /** Origins, and destinations, at most. */
  readonly ends: number;
}

export interface StorageRule {
  /** The longest that an answer may be kept, its time as a stale answer included; null: as long as one likes. */
  readonly maxSeconds: number | null;
  /** The vendor's terms, in a sentence for the document. */
  readonly terms: string;
}

/** Operations that the vendor bills nobody for. */
export function freeOfCharge(operations: readonly Operation[]): readonly ListPrice[] {
  return operations.map((operation) => ({ operation, usdPerUnit: 0, validFrom: '2018-07-16' }));
}

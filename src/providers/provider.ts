/**
 * The adapter interface. An adapter knows one vendor: how to express an operation in the vendor's API, how to parse the
 * reply, and what it means. It knows nothing of tenants, caches, limits or logs.
 */
import type { TSchema } from 'typebox';
import type { InputFault } from '../errors.ts';
import type { ProviderHttp } from '../outbound/exchange.ts';
import type { Operation, ServiceType } from './operations.ts';
import type { VendorFacts } from './vendor-facts.ts';

export type { OpenReply, ProviderHttp, ProviderReply, ProviderRequest } from '../outbound/exchange.ts';
export { TransportError } from '../outbound/exchange.ts';
export { type Operation, type ServiceType, serviceTypes } from './operations.ts';

/** One account at one provider. The secrets are in plain text here, so it lives no longer than the call. */
export interface ProviderAccount {
  readonly serviceId: string;
  readonly serviceName: string;
  /** null: the vendor's own address. */
  readonly baseUrl: string | null;
  readonly apiKey: string | null;
  readonly credentials: unknown;
  readonly config: Readonly<Record<string, unknown>>;
  /** Set for accounts from the directory. */
  readonly grant?: KeptGrant;
}

/** A grant that a vendor issued in place of a secret and renews from time to time: stored sealed, for all replicas. */
export interface KeptGrant {
  /** The last saved text; null before the first save. */
  read(): Promise<string | null>;
  /**
   * Claims the exclusive right to renew the grant, over all replicas; null while another one has it. The claim expires
   * by itself.
   */
  claim(): Promise<GrantClaim | null>;
}

export interface GrantClaim {
  readonly kept: string | null;
  /** Durable when it resolves. Ends the claim. */
  save(text: string): Promise<void>;
  release(): Promise<void>;
}

/** For an account whose grant the vendor has revoked: only a person can connect it again. */
export const reconnectMessage =
  'the grant has ended (invalid_grant): connect the service again and set its new credentials.refresh_token';

/** The meaning of a reply. */
export type Verdict<Value> =
  | { readonly kind: 'ok'; readonly value: Value }
  /** The provider answered and found nothing. */
  | { readonly kind: 'empty' }
  /**
   * The caller's own input is refused: the error goes to the caller at once. `status` keeps the provider's meaning;
   * 413: the requested answer would be too large. `isForAll`: every part of the request is refused alike, so that a
   * part of it would be, too.
   */
  | {
      readonly kind: 'bad_input';
      readonly status: 400 | 403 | 404 | 413;
      readonly message: string;
      readonly isForAll?: true;
    }
  /**
   * A quota is exhausted: the limit backs off, the breaker does not count it. Nothing was done at the provider.
   * `passOn`, here and in `failed`: the response for the caller if no provider answers better.
   */
  | {
      readonly kind: 'throttled';
      readonly retryAfterMs: number | null;
      readonly message: string;
      readonly passOn?: Value;
    }
  /** The account is refused (key, billing, API off): the next provider is asked, and the breaker counts it. */
  | {
      readonly kind: 'denied';
      readonly message: string;
      /** Only a person can connect the account again. Nothing was sent, and nothing is sent until then. */
      readonly needsReconnect?: true;
    }
  /** An outage or an invalid reply. `retryable`: the same request may succeed in a moment. */
  | {
      readonly kind: 'failed';
      readonly retryable: boolean;
      readonly message: string;
      readonly passOn?: Value;
      /** Caused by this caller's own request; does not affect the service's health. */
      readonly isCallersOwn?: boolean;
    }
  /** A change with an unknown outcome. It is never repeated blindly. */
  | {
      readonly kind: 'unknown_outcome';
      readonly message: string;
      /** True if the provider has finished: reading the data now shows whether the change was made. */
      readonly settled?: boolean;
    };

/** Input and output types of the operations; each capability adds its pair by declaration merging. */
export interface OperationTypes {
  health_check: { input: Record<string, never>; output: Record<string, never> };
}

export type KnownOperation = keyof OperationTypes & Operation;
export type InputOf<Op extends KnownOperation> = OperationTypes[Op]['input'];
export type OutputOf<Op extends KnownOperation> = OperationTypes[Op]['output'];

export type Attempt<Op extends KnownOperation> = (
  input: InputOf<Op>,
  account: ProviderAccount,
  http: ProviderHttp,
) => Promise<Verdict<OutputOf<Op>>>;

/**
 * The settings of a service that an admin sends. `credentials` only if they are sent: stored ones are not validated
 * again.
 */
export type ServiceSettings = Pick<ProviderAccount, 'baseUrl' | 'config'> & { readonly credentials?: unknown };

export interface Adapter {
  /** The name in `config.adapter`: `google_maps`. */
  readonly name: string;
  readonly serviceType: ServiceType;
  /** Facts about the vendor for other parts. */
  readonly facts: VendorFacts;
  /** The destination of calls for an account without a `baseUrl`; null for adapters that use no network. */
  readonly defaultBaseUrl: string | null;
  readonly attempts: { readonly [Op in KnownOperation]?: Attempt<Op> };
  /**
   * Members of `config` that only this adapter has, in addition to those of every service
   * (`directory/service-config.ts`).
   */
  readonly configMembers?: Readonly<Record<string, TSchema>>;
  /** Faults of a service's settings that only this adapter can find, by their path: `config.auth.in`. */
  faultsOf?(settings: ServiceSettings): readonly InputFault[];
  /** Further addresses that calls of such a service use: the outbound policy must allow each. */
  addressesOf?(settings: ServiceSettings): readonly { readonly path: string; readonly url: string }[];
  /** Exact secret values of an account, for masking. */
  secretsOf(account: ProviderAccount): readonly string[];
}

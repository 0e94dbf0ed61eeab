/**
 * What an adapter is, in our words. An adapter knows one vendor: how to say our operation in its words, how to read its
 * answer, what each reply means. It knows nothing of tenants, caches, limits or logs.
 */
import type { TSchema } from 'typebox';
import type { InputFault } from '../errors.ts';
import type { ProviderHttp } from '../outbound/exchange.ts';
import type { Operation, ServiceType } from './operations.ts';
import type { VendorFacts } from './vendor-facts.ts';

export type { OpenReply, ProviderHttp, ProviderReply, ProviderRequest } from '../outbound/exchange.ts';
export { TransportError } from '../outbound/exchange.ts';
export { type Operation, type ServiceType, serviceTypes } from './operations.ts';

/** One account at one provider, opened for use: the secrets are plain here and live no longer than the call. */
export interface ProviderAccount {
  readonly serviceId: string;
  readonly serviceName: string;
  /** null: the vendor's own address. */
  readonly baseUrl: string | null;
  readonly apiKey: string | null;
  readonly credentials: unknown;
  readonly config: Readonly<Record<string, unknown>>;
  /** Of an account from the directory. */
  readonly grant?: KeptGrant;
}

/** What a vendor has given in place of a secret, and gives anew now and then: kept for every replica, sealed. */
export interface KeptGrant {
  /** As it was saved last; null before the first. */
  read(): Promise<string | null>;
  /** The right to renew it, which one has at a time over all replicas; null while another has it. It ends by itself after a while. */
  claim(): Promise<GrantClaim | null>;
}

export interface GrantClaim {
  readonly kept: string | null;
  /** Durable when it resolves. Ends the claim. */
  save(text: string): Promise<void>;
  release(): Promise<void>;
}

/** Of an account whose grant the vendor has ended: only a person can connect it again. */
export const reconnectMessage =
  'the grant has ended (invalid_grant): connect the service again and set its new credentials.refresh_token';

/** What a reply means. */
export type Verdict<Value> =
  | { readonly kind: 'ok'; readonly value: Value }
  /** Answered, nothing found. */
  | { readonly kind: 'empty' }
  /** The caller's own input is refused: back to the caller at once. `status` keeps the provider's meaning; 413: what was asked for is larger than may be answered. */
  | { readonly kind: 'bad_input'; readonly status: 400 | 403 | 404 | 413; readonly message: string }
  /**
   * Over a quota: the bucket backs off, the breaker is untouched. Nothing was done at the provider. `passOn`, here and of
   * `failed`: what the caller is given all the same where nobody answers better.
   */
  | {
      readonly kind: 'throttled';
      readonly retryAfterMs: number | null;
      readonly message: string;
      readonly passOn?: Value;
    }
  /** The account is refused (key, billing, API off): the next provider, and the breaker counts it. */
  | {
      readonly kind: 'denied';
      readonly message: string;
      /** Only a person can connect the account again. Nothing was sent, and nothing will be until then. */
      readonly needsReconnect?: true;
    }
  /** Outage or rubbish. `retryable`: the same request may work in a moment. */
  | {
      readonly kind: 'failed';
      readonly retryable: boolean;
      readonly message: string;
      readonly passOn?: Value;
      /** What this caller alone asked for; says nothing of the service's health. */
      readonly isCallersOwn?: boolean;
    }
  /** A write whose outcome cannot be known. Never repeated blindly. */
  | {
      readonly kind: 'unknown_outcome';
      readonly message: string;
      /** True where the provider has ended its work, whatever it was: looking there now tells what was done. */
      readonly settled?: boolean;
    };

/** What an operation is asked and what it answers; each capability adds its pair here by declaration merging. */
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

/** What an admin sets of a service. `credentials` only where they are sent: what was kept is not looked at again. */
export type ServiceSettings = Pick<ProviderAccount, 'baseUrl' | 'config'> & { readonly credentials?: unknown };

export interface Adapter {
  /** As in `config.adapter`: `google_maps`. */
  readonly name: string;
  readonly serviceType: ServiceType;
  /** What the rooms outside the adapter say of its vendor. */
  readonly facts: VendorFacts;
  /** Where calls go unless the account has a `baseUrl`; null for those that reach no network. */
  readonly defaultBaseUrl: string | null;
  readonly attempts: { readonly [Op in KnownOperation]?: Attempt<Op> };
  /** What `config` may hold of this adapter alone, beside the members of every service (`directory/service-config.ts`). */
  readonly configMembers?: Readonly<Record<string, TSchema>>;
  /** Faults of a service's settings that only this adapter can know, by their place in the service: `config.auth.in`. */
  faultsOf?(settings: ServiceSettings): readonly InputFault[];
  /** Addresses beside the base URL that calls of such a service go to: each must be one that may be reached. */
  addressesOf?(settings: ServiceSettings): readonly { readonly path: string; readonly url: string }[];
  /** Exact secret values of an account, for masking. */
  secretsOf(account: ProviderAccount): readonly string[];
}

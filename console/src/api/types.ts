/** What the console reads of the API, as the contract says it. */

export interface Service {
  readonly id: string;
  readonly service_name: string;
  readonly service_type: string;
  readonly display_name: string;
  readonly base_url: string | null;
  readonly has_api_key: boolean;
  readonly has_credentials: boolean;
  readonly config: Readonly<Record<string, unknown>>;
  readonly is_active: boolean;
  readonly health_status: string;
  readonly last_health_check: string | null;
  readonly rate_limit_per_minute: number | null;
  readonly rate_limit_per_hour: number | null;
  readonly rate_limit_per_day: number | null;
  readonly rate_limit_per_month: number | null;
  readonly priority: number;
  readonly fallback_service_id: string | null;
  readonly description: string | null;
  readonly tags: readonly string[];
  readonly created_at: string;
  readonly updated_at: string;
}

export interface ServiceList {
  readonly services: readonly Service[];
  readonly total: number;
}

export interface Change {
  readonly id: string;
  readonly action: 'created' | 'changed' | 'deleted';
  readonly changed_by: string | null;
  readonly request_id: string | null;
  readonly changed_at: string;
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
  readonly changed_secrets: readonly string[];
}

export interface CallLog {
  readonly id: string;
  readonly service_id: string | null;
  readonly service_name: string;
  readonly service_type: string;
  readonly operation: string;
  readonly endpoint: string | null;
  readonly http_method: string | null;
  readonly request_headers: unknown;
  readonly request_body: unknown;
  readonly response_status_code: number | null;
  readonly response_body: unknown;
  readonly started_at: string;
  readonly completed_at: string | null;
  readonly duration_ms: number | null;
  readonly status: string;
  readonly error_message: string | null;
  readonly error_code: string | null;
  readonly retry_count: number;
  readonly attempt: number;
  readonly request_id: string | null;
  readonly source_service: string | null;
  readonly estimated_cost: number;
}

export interface LogPage {
  readonly logs: readonly CallLog[];
  readonly next_cursor: string | null;
  readonly total?: number;
  readonly total_is_capped?: boolean;
}

export interface LimitWindow {
  readonly window_type: string;
  readonly window_start: string;
  readonly window_end: string;
  readonly request_count: number;
  readonly max_requests: number;
  readonly remaining_requests: number;
  readonly is_rate_limited: boolean;
  readonly limit?: string;
}

export interface Limits {
  readonly families: readonly { readonly family: string; readonly windows: readonly LimitWindow[] }[];
  readonly services: readonly {
    readonly service_id: string;
    readonly service_name: string;
    readonly windows: readonly LimitWindow[];
  }[];
}

export interface Problem {
  readonly kind: string;
  readonly severity: string;
  readonly since: string | null;
  readonly message: string;
  readonly message_ru?: string;
  readonly link?: string | null;
  readonly service?: string | null;
  readonly count?: number | null;
}

export interface SeriesAnswer {
  readonly series: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly points: readonly (readonly [string | number, number | null])[];
  }[];
}

export interface CostRow {
  readonly service?: string;
  readonly operation?: string;
  readonly day?: string;
  readonly request_count: number;
  readonly cached_count: number;
  readonly total_cost: number;
  readonly saved_by_cache: number;
}

export interface Costs {
  readonly total_cost: number;
  readonly saved_by_cache: number;
  readonly rows: readonly CostRow[];
  readonly unpriced?: readonly {
    readonly service_name: string;
    readonly operation: string;
    readonly request_count: number;
  }[];
}

export interface Budget {
  readonly service_name: string;
  readonly monthly_limit_usd: number;
  readonly action: 'alert' | 'block';
  readonly spent_usd: number;
  readonly resets_at: string;
}

export interface Webhook {
  readonly id: string;
  readonly webhook_name: string;
  readonly webhook_url: string;
  readonly source_service: string;
  readonly event_types: readonly string[];
  readonly allowed_ips: readonly string[];
  readonly signature_header: string | null;
  readonly signature_scheme: string;
  readonly has_secret_key?: boolean;
  readonly tolerance_seconds: number;
  readonly max_payload_size_bytes: number;
  readonly target_url: string | null;
  readonly target_paused?: boolean;
  readonly over_limit_policy: string;
  readonly duplicate_by?: string;
  readonly ordered?: boolean;
  readonly is_active: boolean;
  readonly last_received_at: string | null;
  readonly total_received: number;
  readonly total_successful: number;
  readonly total_failed: number;
  readonly created_at: string;
  readonly secret_key?: string;
  readonly target_secret?: string;
  readonly verify_token?: string;
}

export interface Delivery {
  readonly id: string;
  readonly webhook_id: string;
  readonly webhook_name: string;
  readonly source_service: string;
  readonly event_type: string | null;
  readonly delivery_id: string | null;
  readonly status: string;
  readonly refusal_reason: string | null;
  readonly signature_verified: boolean;
  readonly source_address: string | null;
  readonly content_type: string | null;
  readonly payload_size_bytes: number;
  readonly request_id: string | null;
  readonly received_at: string;
  readonly is_published: boolean;
  readonly test?: boolean;
  readonly target: {
    readonly status: string;
    readonly attempt_count: number;
    readonly next_attempt_at: string | null;
    readonly last_error: string | null;
  } | null;
}

export interface WholeDelivery extends Delivery {
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: unknown;
  readonly payload_base64: string | null;
  readonly attempts: readonly {
    readonly id: string;
    readonly attempt: number;
    readonly started_at: string;
    readonly duration_ms: number | null;
    readonly response_status_code: number | null;
    readonly response_body: string | null;
    readonly error_message: string | null;
    readonly target_url?: string;
  }[];
}

export interface Token {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly tenants: readonly string[];
  readonly services?: readonly string[] | null;
  readonly rate_limit_per_minute?: number | null;
  readonly created_by: string | null;
  readonly expires_at: string | null;
  readonly last_used_at: string | null;
  readonly revoked_at: string | null;
  readonly created_at: string;
  readonly token?: string;
}

export interface CacheStats {
  readonly hits: number;
  readonly misses: number;
  readonly hit_rate: number | null;
  readonly layers: readonly {
    readonly layer: string;
    readonly hits: number;
    readonly entries: number | null;
    readonly size_bytes: number | null;
  }[];
  readonly services: readonly {
    readonly service_name: string;
    readonly operations: readonly {
      readonly operation: string;
      readonly hits: number;
      readonly misses: number;
      readonly hit_rate: number | null;
      readonly entries: number;
      readonly size_bytes: number;
    }[];
  }[];
}

export interface CacheEntry {
  readonly cache_key: string;
  readonly service_name: string;
  readonly operation: string;
  readonly status: string;
  readonly size_bytes: number;
  readonly fetched_at: string;
  readonly expires_at: string;
}

export interface Place {
  readonly latitude: number;
  readonly longitude: number;
  readonly formatted_address: string;
  readonly confidence: number;
  readonly location_type: string;
  readonly partial_match?: boolean;
  readonly provider: string;
  readonly attempted_providers?: readonly string[];
  readonly cached?: boolean;
  readonly response_time_ms?: number | null;
}

export interface BusEvent extends Readonly<Record<string, unknown>> {
  readonly event_id: string;
  readonly event_type: string;
  readonly timestamp: string;
  readonly service_name?: string | null;
  readonly correlation_id?: string | null;
}

/** The bodies of good answers, by route. Written by `npm run api-types` from /openapi.json: do not edit. */
export interface Answers {
  'GET /budgets': {
    readonly budgets: readonly {
      readonly service_name: string;
      readonly monthly_limit_usd: number;
      readonly action: 'alert' | 'block';
      readonly spent_usd: number;
      readonly resets_at: string;
    }[];
    readonly next_cursor: null;
  };
  'GET /budgets/{service_name}': {
    readonly service_name: string;
    readonly monthly_limit_usd: number;
    readonly action: 'alert' | 'block';
    readonly spent_usd: number;
    readonly resets_at: string;
  };
  'PUT /budgets/{service_name}': {
    readonly service_name: string;
    readonly monthly_limit_usd: number;
    readonly action: 'alert' | 'block';
    readonly spent_usd: number;
    readonly resets_at: string;
  };
  'GET /cache/entries': {
    readonly entries: readonly {
      readonly cache_key: string;
      readonly service_name: string;
      readonly operation: string;
      readonly status: 'active' | 'negative' | 'stale';
      readonly size_bytes: number;
      readonly ttl_seconds: number;
      readonly fetched_at: string;
      readonly expires_at: string;
      readonly stale_until: string;
    }[];
    readonly next_cursor: string | null;
  };
  'POST /cache/invalidate': {
    readonly invalidated_count: number;
  };
  'GET /cache/stats': {
    readonly scope: 'replica';
    readonly hits: number;
    readonly misses: number;
    readonly hit_rate: number | null;
    readonly layers: readonly {
      readonly layer: 'memory' | 'redis' | 'postgres' | 'stale';
      readonly hits: number;
      readonly entries: number | null;
      readonly size_bytes: number | null;
    }[];
    readonly services: readonly {
      readonly service_name: string;
      readonly hits: number;
      readonly misses: number;
      readonly hit_rate: number | null;
      readonly operations: readonly {
        readonly operation: string;
        readonly hits: number;
        readonly misses: number;
        readonly hit_rate: number | null;
        readonly entries: number;
        readonly size_bytes: number;
      }[];
    }[];
    readonly operations: readonly {
      readonly operation: string;
      readonly hits: number;
      readonly misses: number;
      readonly hit_rate: number | null;
    }[];
  };
  'GET /calls/{request_id}': {
    readonly request_id: string;
    readonly source: 'audit' | 'memory';
    readonly operation: string | null;
    readonly source_service: string | null;
    readonly principal: string | null;
    readonly started_at: string;
    readonly completed_at: string;
    readonly duration_ms: number;
    readonly estimated_cost: number;
    readonly cache: readonly {
      readonly outcome: 'hit' | 'miss';
      readonly layer: string | null;
      readonly operation: string;
      readonly service_name: string;
      readonly age_seconds: number | null;
      readonly at: string;
    }[];
    readonly attempts: readonly {
      readonly log_id: string;
      readonly place: number;
      readonly service_name: string;
      readonly operation: string;
      readonly http_method: string | null;
      readonly endpoint: string | null;
      readonly status: string;
      readonly response_status_code: number | null;
      readonly error_code: string | null;
      readonly error_message: string | null;
      readonly retry_count: number;
      readonly estimated_cost: number;
      readonly started_at: string;
      readonly starts_after_ms: number;
      readonly duration_ms: number | null;
    }[];
    readonly limits: readonly {
      readonly log_id: string;
      readonly name: string;
      readonly operation: string;
      readonly refused_at: string;
      readonly error_code: string | null;
      readonly error_message: string | null;
    }[];
    readonly events: readonly {
      readonly type: string;
      readonly log_id: string | null;
      readonly is_published: boolean | null;
      readonly at: string;
    }[];
    readonly steps: readonly (
      | {
          readonly kind: 'cache';
          readonly at_ms: number;
          readonly duration_ms: number | null;
          readonly layer: string | null;
          readonly outcome: 'hit' | 'miss' | 'expired' | 'unavailable';
          readonly age_seconds?: number | null;
        }
      | {
          readonly kind: 'wait';
          readonly at_ms: number;
          readonly duration_ms: number;
          readonly for: 'limit' | 'place' | 'pace' | 'coalesced';
          readonly service_name?: string;
          readonly times?: number;
        }
      | {
          readonly kind: 'skipped';
          readonly at_ms: number;
          readonly service_name?: string;
          readonly reason:
            | 'breaker'
            | 'limit'
            | 'paused'
            | 'uncounted'
            | 'tenant_limit'
            | 'budget'
            | 'busy'
            | 'credentials'
            | 'token_limit';
          readonly until_ms?: number;
          readonly opened_by?: 'denied' | 'failures';
          readonly limit?: string;
          readonly is_share?: true;
          readonly times?: number;
        }
      | {
          readonly kind: 'attempt';
          readonly at_ms: number;
          readonly duration_ms: number;
          readonly service_name: string;
          readonly number: number;
          readonly outcome: string;
          readonly requests: readonly {
            readonly at_ms: number;
            readonly connect_ms?: number;
            readonly first_byte_ms?: number;
            readonly body_ms?: number;
            readonly status_code?: number;
            readonly fault?: string;
          }[];
          readonly log_id?: string | null;
        }
      | {
          readonly kind: 'retry';
          readonly at_ms: number;
          readonly duration_ms: number;
          readonly service_name: string;
        }
      | {
          readonly kind: 'event';
          readonly at_ms: number;
          readonly type: string;
          readonly log_id: string | null;
          readonly is_published: boolean | null;
        }
    )[];
    readonly complete: boolean;
    readonly incomplete_because: readonly (
      | 'rows_without_trace'
      | 'trace_cut'
      | 'more_rows'
      | 'cache_of_another_replica'
      | 'queue_of_a_sheet'
    )[];
    readonly is_cut: boolean;
  };
  'GET /changes': {
    readonly changes: readonly {
      readonly id: string;
      readonly entity: string;
      readonly entity_id: string;
      readonly name: string | null;
      readonly action: 'created' | 'changed' | 'deleted';
      readonly changed_by: string | null;
      readonly changed_at: string;
    }[];
  };
  'GET /costs': {
    readonly currency: 'USD';
    readonly from_date: string;
    readonly to_date: string;
    readonly total_cost: number;
    readonly saved_by_cache: number;
    readonly rows: readonly {
      readonly management_company_id?: string;
      readonly service?: string;
      readonly service_name?: string;
      readonly operation?: string;
      readonly day?: string;
      readonly request_count: number;
      readonly cached_count: number;
      readonly total_cost: number;
      readonly saved_by_cache: number;
    }[];
    readonly unpriced: readonly {
      readonly management_company_id?: string;
      readonly service_name: string;
      readonly operation: string;
      readonly request_count: number;
    }[];
  };
  'POST /geocoding/batch': {
    readonly results: readonly (
      | {
          readonly address: string;
          readonly success: true;
          readonly latitude: number;
          readonly longitude: number;
          readonly formatted_address: string;
          readonly confidence: number;
          readonly location_type: 'ROOFTOP' | 'RANGE_INTERPOLATED' | 'GEOMETRIC_CENTER' | 'APPROXIMATE';
          readonly address_components: readonly {
            readonly long_name: string;
            readonly short_name: string;
            readonly types: readonly string[];
          }[];
          readonly components: {
            readonly street: string | null;
            readonly house_number: string | null;
            readonly district: string | null;
            readonly city: string | null;
            readonly region: string | null;
            readonly postal_code: string | null;
            readonly country: string | null;
            readonly country_code: string | null;
          };
          readonly place_id: string | null;
          readonly partial_match: boolean;
          readonly match: {
            readonly city: 'exact' | 'differs' | 'missing' | 'not_asked';
            readonly street: 'exact' | 'differs' | 'missing' | 'not_asked';
            readonly house_number: 'exact' | 'differs' | 'missing' | 'not_asked';
          };
          readonly alternatives?: readonly {
            readonly latitude: number;
            readonly longitude: number;
            readonly formatted_address: string;
            readonly confidence: number;
            readonly location_type: 'ROOFTOP' | 'RANGE_INTERPOLATED' | 'GEOMETRIC_CENTER' | 'APPROXIMATE';
            readonly address_components: readonly {
              readonly long_name: string;
              readonly short_name: string;
              readonly types: readonly string[];
            }[];
            readonly components: {
              readonly street: string | null;
              readonly house_number: string | null;
              readonly district: string | null;
              readonly city: string | null;
              readonly region: string | null;
              readonly postal_code: string | null;
              readonly country: string | null;
              readonly country_code: string | null;
            };
            readonly place_id: string | null;
            readonly partial_match: boolean;
            readonly match: {
              readonly city: 'exact' | 'differs' | 'missing' | 'not_asked';
              readonly street: 'exact' | 'differs' | 'missing' | 'not_asked';
              readonly house_number: 'exact' | 'differs' | 'missing' | 'not_asked';
            };
          }[];
          readonly provider: string;
          readonly attempted_providers: readonly string[];
          readonly skipped_providers: readonly {
            readonly provider: string;
            readonly because: 'breaker' | 'limit' | 'budget' | 'busy';
          }[];
          readonly degraded: boolean;
          readonly attempts?: readonly {
            readonly provider: string;
            readonly outcome: string;
            readonly message: string;
            readonly retry_after_seconds?: number;
          }[];
          readonly cached: boolean;
          readonly response_time_ms: number;
          readonly unit: {
            readonly flat: string | null;
            readonly entrance: string | null;
            readonly floor: string | null;
            readonly intercom?: string;
          } | null;
        }
      | {
          readonly address: string | null;
          readonly success: false;
          readonly error: {
            readonly code: string;
            readonly detail: string;
            readonly retry_after_seconds?: number;
            readonly attempts?: readonly {
              readonly provider: string;
              readonly outcome: string;
              readonly message: string;
              readonly retry_after_seconds?: number;
            }[];
            readonly best?: {
              readonly latitude: number;
              readonly longitude: number;
              readonly formatted_address: string;
              readonly confidence: number;
              readonly location_type: 'ROOFTOP' | 'RANGE_INTERPOLATED' | 'GEOMETRIC_CENTER' | 'APPROXIMATE';
              readonly address_components: readonly {
                readonly long_name: string;
                readonly short_name: string;
                readonly types: readonly string[];
              }[];
              readonly components: {
                readonly street: string | null;
                readonly house_number: string | null;
                readonly district: string | null;
                readonly city: string | null;
                readonly region: string | null;
                readonly postal_code: string | null;
                readonly country: string | null;
                readonly country_code: string | null;
              };
              readonly place_id: string | null;
              readonly partial_match: boolean;
              readonly match: {
                readonly city: 'exact' | 'differs' | 'missing' | 'not_asked';
                readonly street: 'exact' | 'differs' | 'missing' | 'not_asked';
                readonly house_number: 'exact' | 'differs' | 'missing' | 'not_asked';
              };
              readonly alternatives?: readonly {
                readonly latitude: number;
                readonly longitude: number;
                readonly formatted_address: string;
                readonly confidence: number;
                readonly location_type: 'ROOFTOP' | 'RANGE_INTERPOLATED' | 'GEOMETRIC_CENTER' | 'APPROXIMATE';
                readonly address_components: readonly {
                  readonly long_name: string;
                  readonly short_name: string;
                  readonly types: readonly string[];
                }[];
                readonly components: {
                  readonly street: string | null;
                  readonly house_number: string | null;
                  readonly district: string | null;
                  readonly city: string | null;
                  readonly region: string | null;
                  readonly postal_code: string | null;
                  readonly country: string | null;
                  readonly country_code: string | null;
                };
                readonly place_id: string | null;
                readonly partial_match: boolean;
                readonly match: {
                  readonly city: 'exact' | 'differs' | 'missing' | 'not_asked';
                  readonly street: 'exact' | 'differs' | 'missing' | 'not_asked';
                  readonly house_number: 'exact' | 'differs' | 'missing' | 'not_asked';
                };
              }[];
              readonly provider: string;
              readonly attempted_providers: readonly string[];
              readonly skipped_providers: readonly {
                readonly provider: string;
                readonly because: 'breaker' | 'limit' | 'budget' | 'busy';
              }[];
              readonly degraded: boolean;
              readonly attempts?: readonly {
                readonly provider: string;
                readonly outcome: string;
                readonly message: string;
                readonly retry_after_seconds?: number;
              }[];
              readonly cached: boolean;
              readonly response_time_ms: number;
              readonly unit: {
                readonly flat: string | null;
                readonly entrance: string | null;
                readonly floor: string | null;
                readonly intercom?: string;
              } | null;
            };
          };
        }
    )[];
    readonly success_count: number;
    readonly failure_count: number;
  };
  'POST /geocoding/distance': {
    readonly distance_meters: number;
    readonly distance_km: number;
    readonly distance_miles: number;
    readonly distance: number;
    readonly unit: 'km' | 'miles';
    readonly duration_seconds?: number;
    readonly straight_line: boolean;
    readonly mode: 'straight_line' | 'driving' | 'walking';
    readonly provider: string;
    readonly origin: {
      readonly latitude: number;
      readonly longitude: number;
      readonly address?: string;
      readonly formatted_address?: string;
      readonly confidence?: number;
      readonly partial_match?: boolean;
      readonly location_type?: 'ROOFTOP' | 'RANGE_INTERPOLATED' | 'GEOMETRIC_CENTER' | 'APPROXIMATE';
      readonly degraded?: boolean;
    };
    readonly destination: {
      readonly latitude: number;
      readonly longitude: number;
      readonly address?: string;
      readonly formatted_address?: string;
      readonly confidence?: number;
      readonly partial_match?: boolean;
      readonly location_type?: 'ROOFTOP' | 'RANGE_INTERPOLATED' | 'GEOMETRIC_CENTER' | 'APPROXIMATE';
      readonly degraded?: boolean;
    };
  };
  'POST /geocoding/forward': {
    readonly latitude: number;
    readonly longitude: number;
    readonly formatted_address: string;
    readonly confidence: number;
    readonly location_type: 'ROOFTOP' | 'RANGE_INTERPOLATED' | 'GEOMETRIC_CENTER' | 'APPROXIMATE';
    readonly address_components: readonly {
      readonly long_name: string;
      readonly short_name: string;
      readonly types: readonly string[];
    }[];
    readonly components: {
      readonly street: string | null;
      readonly house_number: string | null;
      readonly district: string | null;
      readonly city: string | null;
      readonly region: string | null;
      readonly postal_code: string | null;
      readonly country: string | null;
      readonly country_code: string | null;
    };
    readonly place_id: string | null;
    readonly partial_match: boolean;
    readonly match: {
      readonly city: 'exact' | 'differs' | 'missing' | 'not_asked';
      readonly street: 'exact' | 'differs' | 'missing' | 'not_asked';
      readonly house_number: 'exact' | 'differs' | 'missing' | 'not_asked';
    };
    readonly alternatives?: readonly {
      readonly latitude: number;
      readonly longitude: number;
      readonly formatted_address: string;
      readonly confidence: number;
      readonly location_type: 'ROOFTOP' | 'RANGE_INTERPOLATED' | 'GEOMETRIC_CENTER' | 'APPROXIMATE';
      readonly address_components: readonly {
        readonly long_name: string;
        readonly short_name: string;
        readonly types: readonly string[];
      }[];
      readonly components: {
        readonly street: string | null;
        readonly house_number: string | null;
        readonly district: string | null;
        readonly city: string | null;
        readonly region: string | null;
        readonly postal_code: string | null;
        readonly country: string | null;
        readonly country_code: string | null;
      };
      readonly place_id: string | null;
      readonly partial_match: boolean;
      readonly match: {
        readonly city: 'exact' | 'differs' | 'missing' | 'not_asked';
        readonly street: 'exact' | 'differs' | 'missing' | 'not_asked';
        readonly house_number: 'exact' | 'differs' | 'missing' | 'not_asked';
      };
    }[];
    readonly provider: string;
    readonly attempted_providers: readonly string[];
    readonly skipped_providers: readonly {
      readonly provider: string;
      readonly because: 'breaker' | 'limit' | 'budget' | 'busy';
    }[];
    readonly degraded: boolean;
    readonly attempts?: readonly {
      readonly provider: string;
      readonly outcome: string;
      readonly message: string;
      readonly retry_after_seconds?: number;
    }[];
    readonly cached: boolean;
    readonly response_time_ms: number;
    readonly unit: {
      readonly flat: string | null;
      readonly entrance: string | null;
      readonly floor: string | null;
      readonly intercom?: string;
    } | null;
  };
  'POST /geocoding/geocode': {
    readonly latitude: number;
    readonly longitude: number;
    readonly formatted_address: string;
    readonly confidence: number;
    readonly location_type: 'ROOFTOP' | 'RANGE_INTERPOLATED' | 'GEOMETRIC_CENTER' | 'APPROXIMATE';
    readonly address_components: readonly {
      readonly long_name: string;
      readonly short_name: string;
      readonly types: readonly string[];
    }[];
    readonly components: {
      readonly street: string | null;
      readonly house_number: string | null;
      readonly district: string | null;
      readonly city: string | null;
      readonly region: string | null;
      readonly postal_code: string | null;
      readonly country: string | null;
      readonly country_code: string | null;
    };
    readonly place_id: string | null;
    readonly partial_match: boolean;
    readonly match: {
      readonly city: 'exact' | 'differs' | 'missing' | 'not_asked';
      readonly street: 'exact' | 'differs' | 'missing' | 'not_asked';
      readonly house_number: 'exact' | 'differs' | 'missing' | 'not_asked';
    };
    readonly alternatives?: readonly {
      readonly latitude: number;
      readonly longitude: number;
      readonly formatted_address: string;
      readonly confidence: number;
      readonly location_type: 'ROOFTOP' | 'RANGE_INTERPOLATED' | 'GEOMETRIC_CENTER' | 'APPROXIMATE';
      readonly address_components: readonly {
        readonly long_name: string;
        readonly short_name: string;
        readonly types: readonly string[];
      }[];
      readonly components: {
        readonly street: string | null;
        readonly house_number: string | null;
        readonly district: string | null;
        readonly city: string | null;
        readonly region: string | null;
        readonly postal_code: string | null;
        readonly country: string | null;
        readonly country_code: string | null;
      };
      readonly place_id: string | null;
      readonly partial_match: boolean;
      readonly match: {
        readonly city: 'exact' | 'differs' | 'missing' | 'not_asked';
        readonly street: 'exact' | 'differs' | 'missing' | 'not_asked';
        readonly house_number: 'exact' | 'differs' | 'missing' | 'not_asked';
      };
    }[];
    readonly provider: string;
    readonly attempted_providers: readonly string[];
    readonly skipped_providers: readonly {
      readonly provider: string;
      readonly because: 'breaker' | 'limit' | 'budget' | 'busy';
    }[];
    readonly degraded: boolean;
    readonly attempts?: readonly {
      readonly provider: string;
      readonly outcome: string;
      readonly message: string;
      readonly retry_after_seconds?: number;
    }[];
    readonly cached: boolean;
    readonly response_time_ms: number;
    readonly unit: {
      readonly flat: string | null;
      readonly entrance: string | null;
      readonly floor: string | null;
      readonly intercom?: string;
    } | null;
  };
  'GET /geocoding/health': {
    readonly status: 'healthy' | 'degraded' | 'down' | 'unknown';
    readonly providers: Readonly<
      Record<
        string,
        {
          readonly status: 'healthy' | 'degraded' | 'down' | 'unknown';
          readonly rate_limit_remaining: number;
          readonly last_error: string | null;
          readonly paused_until: string | null;
          readonly paused_because: 'retry_after' | 'credentials_refused' | 'failures' | null;
        }
      >
    >;
  };
  'POST /geocoding/matrix': {
    readonly rows: readonly (readonly {
      readonly distance_meters: number | null;
      readonly duration_seconds?: number;
      readonly provider: string | null;
      readonly error?: {
        readonly code: string;
        readonly detail: string;
        readonly retry_after_seconds?: number;
      };
    }[])[];
    readonly origins: readonly {
      readonly latitude: number;
      readonly longitude: number;
      readonly address?: string;
      readonly formatted_address?: string;
      readonly confidence?: number;
      readonly partial_match?: boolean;
      readonly location_type?: 'ROOFTOP' | 'RANGE_INTERPOLATED' | 'GEOMETRIC_CENTER' | 'APPROXIMATE';
      readonly degraded?: boolean;
    }[];
    readonly destinations: readonly {
      readonly latitude: number;
      readonly longitude: number;
      readonly address?: string;
      readonly formatted_address?: string;
      readonly confidence?: number;
      readonly partial_match?: boolean;
      readonly location_type?: 'ROOFTOP' | 'RANGE_INTERPOLATED' | 'GEOMETRIC_CENTER' | 'APPROXIMATE';
      readonly degraded?: boolean;
    }[];
  };
  'GET /geocoding/quality': {
    readonly from_date: string;
    readonly to_date: string;
    readonly rows: readonly {
      readonly provider: string;
      readonly city: string;
      readonly asked: number;
      readonly good: number;
      readonly poor: number;
      readonly empty: number;
      readonly failed: number;
      readonly compared: number;
      readonly disagreed_over_100m: number;
    }[];
  };
  'POST /geocoding/reverse': {
    readonly latitude: number;
    readonly longitude: number;
    readonly formatted_address: string;
    readonly confidence: number;
    readonly location_type: 'ROOFTOP' | 'RANGE_INTERPOLATED' | 'GEOMETRIC_CENTER' | 'APPROXIMATE';
    readonly address_components: readonly {
      readonly long_name: string;
      readonly short_name: string;
      readonly types: readonly string[];
    }[];
    readonly components: {
      readonly street: string | null;
      readonly house_number: string | null;
      readonly district: string | null;
      readonly city: string | null;
      readonly region: string | null;
      readonly postal_code: string | null;
      readonly country: string | null;
      readonly country_code: string | null;
    };
    readonly place_id: string | null;
    readonly partial_match: boolean;
    readonly match: {
      readonly city: 'exact' | 'differs' | 'missing' | 'not_asked';
      readonly street: 'exact' | 'differs' | 'missing' | 'not_asked';
      readonly house_number: 'exact' | 'differs' | 'missing' | 'not_asked';
    };
    readonly alternatives?: readonly {
      readonly latitude: number;
      readonly longitude: number;
      readonly formatted_address: string;
      readonly confidence: number;
      readonly location_type: 'ROOFTOP' | 'RANGE_INTERPOLATED' | 'GEOMETRIC_CENTER' | 'APPROXIMATE';
      readonly address_components: readonly {
        readonly long_name: string;
        readonly short_name: string;
        readonly types: readonly string[];
      }[];
      readonly components: {
        readonly street: string | null;
        readonly house_number: string | null;
        readonly district: string | null;
        readonly city: string | null;
        readonly region: string | null;
        readonly postal_code: string | null;
        readonly country: string | null;
        readonly country_code: string | null;
      };
      readonly place_id: string | null;
      readonly partial_match: boolean;
      readonly match: {
        readonly city: 'exact' | 'differs' | 'missing' | 'not_asked';
        readonly street: 'exact' | 'differs' | 'missing' | 'not_asked';
        readonly house_number: 'exact' | 'differs' | 'missing' | 'not_asked';
      };
    }[];
    readonly provider: string;
    readonly attempted_providers: readonly string[];
    readonly skipped_providers: readonly {
      readonly provider: string;
      readonly because: 'breaker' | 'limit' | 'budget' | 'busy';
    }[];
    readonly degraded: boolean;
    readonly attempts?: readonly {
      readonly provider: string;
      readonly outcome: string;
      readonly message: string;
      readonly retry_after_seconds?: number;
    }[];
    readonly cached: boolean;
    readonly response_time_ms: number;
    readonly unit: {
      readonly flat: string | null;
      readonly entrance: string | null;
      readonly floor: string | null;
      readonly intercom?: string;
    } | null;
  };
  'GET /geocoding/settings': {
    readonly city?: string;
    readonly country?: string;
    readonly bounds?: {
      readonly south: number;
      readonly west: number;
      readonly north: number;
      readonly east: number;
    };
    readonly language?: string;
    readonly street_aliases?: readonly {
      readonly from: string;
      readonly to: string;
    }[];
  };
  'PUT /geocoding/settings': {
    readonly city?: string;
    readonly country?: string;
    readonly bounds?: {
      readonly south: number;
      readonly west: number;
      readonly north: number;
      readonly east: number;
    };
    readonly language?: string;
    readonly street_aliases?: readonly {
      readonly from: string;
      readonly to: string;
    }[];
  };
  'GET /hooks/{webhook_token}': string;
  'POST /hooks/{webhook_token}':
    | {
        readonly status: 'accepted' | 'duplicate';
        readonly event_id: string;
      }
    | {
        readonly status: 'ignored';
      };
  'GET /logs': {
    readonly logs: readonly {
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
      readonly status: 'success' | 'error' | 'timeout' | 'rate_limited' | 'cancelled';
      readonly error_message: string | null;
      readonly error_code: string | null;
      readonly retry_count: number;
      readonly attempt: number;
      readonly request_id: string | null;
      readonly source_service: string | null;
      readonly principal: string | null;
      readonly estimated_cost: number;
      readonly elements: number | null;
    }[];
    readonly next_cursor: string | null;
    readonly total?: number;
    readonly total_is_capped?: boolean;
  };
  'GET /logs/{id}': {
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
    readonly status: 'success' | 'error' | 'timeout' | 'rate_limited' | 'cancelled';
    readonly error_message: string | null;
    readonly error_code: string | null;
    readonly retry_count: number;
    readonly attempt: number;
    readonly request_id: string | null;
    readonly source_service: string | null;
    readonly principal: string | null;
    readonly estimated_cost: number;
    readonly elements: number | null;
  };
  'GET /problems': readonly {
    readonly kind: string;
    readonly severity: 'critical' | 'warning';
    readonly since: string;
    readonly message: string;
    readonly message_ru: string;
    readonly link: string;
    readonly service?: string;
    readonly count?: number;
  }[];
  'GET /rate-limits': {
    readonly families: readonly {
      readonly family: string;
      readonly windows: readonly {
        readonly window_type: 'minute' | 'hour' | 'day' | 'month';
        readonly window_start: string;
        readonly window_end: string;
        readonly request_count: number;
        readonly max_requests: number;
        readonly remaining_requests: number;
        readonly is_rate_limited: boolean;
        readonly limit?: string;
        readonly replica_share?: {
          readonly max_requests: number;
          readonly request_count: number;
          readonly because: 'redis_away' | 'redis_returning';
        };
      }[];
    }[];
    readonly services: readonly {
      readonly service_id: string;
      readonly service_name: string;
      readonly windows: readonly {
        readonly window_type: 'minute' | 'hour' | 'day' | 'month';
        readonly window_start: string;
        readonly window_end: string;
        readonly request_count: number;
        readonly max_requests: number;
        readonly remaining_requests: number;
        readonly is_rate_limited: boolean;
        readonly limit?: string;
        readonly replica_share?: {
          readonly max_requests: number;
          readonly request_count: number;
          readonly because: 'redis_away' | 'redis_returning';
        };
      }[];
    }[];
  };
  'GET /rate-limits/explain': {
    readonly limit: {
      readonly kind: 'limit' | 'pause' | 'budget' | 'token';
      readonly service_name?: string;
      readonly family?: string;
      readonly token?: string;
      readonly window_type: 'minute' | 'hour' | 'day' | 'month';
      readonly max_requests: number | null;
      readonly replica_share?: {
        readonly max_requests: number;
        readonly because: 'redis_away' | 'redis_returning';
      };
    };
    readonly refused_at: string;
    readonly free_at: string | null;
    readonly spent_by: readonly {
      readonly source_service: string | null;
      readonly operation: string;
      readonly requests: number;
    }[];
    readonly refusals: readonly {
      readonly limit: {
        readonly kind: 'limit' | 'pause' | 'budget' | 'token';
        readonly service_name?: string;
        readonly family?: string;
        readonly token?: string;
        readonly window_type: 'minute' | 'hour' | 'day' | 'month';
        readonly max_requests: number | null;
        readonly replica_share?: {
          readonly max_requests: number;
          readonly because: 'redis_away' | 'redis_returning';
        };
      };
      readonly refused_at: string;
      readonly free_at: string | null;
      readonly spent_by: readonly {
        readonly source_service: string | null;
        readonly operation: string;
        readonly requests: number;
      }[];
    }[];
  };
  'POST /rate-limits/preview': {
    readonly calls: number;
    readonly refused: number;
    readonly by_source: readonly {
      readonly source_service: string | null;
      readonly calls: number;
      readonly refused: number;
    }[];
    readonly is_complete: boolean;
  };
  'GET /services': {
    readonly services: readonly {
      readonly id: string;
      readonly management_company_id: string;
      readonly service_name: string;
      readonly service_type: 'geocoding' | 'sheets' | 'maps' | 'webhook' | 'api';
      readonly display_name: string;
      readonly base_url: string | null;
      readonly has_api_key: boolean;
      readonly has_credentials: boolean;
      readonly config: Readonly<Record<string, unknown>>;
      readonly is_active: boolean;
      readonly health_status: 'healthy' | 'degraded' | 'down' | 'unknown';
      readonly last_health_check: string | null;
      readonly paused_until: string | null;
      readonly paused_because: 'retry_after' | 'credentials_refused' | 'failures' | null;
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
    }[];
    readonly total: number;
  };
  'POST /services': {
    readonly id: string;
    readonly management_company_id: string;
    readonly service_name: string;
    readonly service_type: 'geocoding' | 'sheets' | 'maps' | 'webhook' | 'api';
    readonly display_name: string;
    readonly base_url: string | null;
    readonly has_api_key: boolean;
    readonly has_credentials: boolean;
    readonly config: Readonly<Record<string, unknown>>;
    readonly is_active: boolean;
    readonly health_status: 'healthy' | 'degraded' | 'down' | 'unknown';
    readonly last_health_check: string | null;
    readonly paused_until: string | null;
    readonly paused_because: 'retry_after' | 'credentials_refused' | 'failures' | null;
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
  };
  'GET /services/{id}': {
    readonly id: string;
    readonly management_company_id: string;
    readonly service_name: string;
    readonly service_type: 'geocoding' | 'sheets' | 'maps' | 'webhook' | 'api';
    readonly display_name: string;
    readonly base_url: string | null;
    readonly has_api_key: boolean;
    readonly has_credentials: boolean;
    readonly config: Readonly<Record<string, unknown>>;
    readonly is_active: boolean;
    readonly health_status: 'healthy' | 'degraded' | 'down' | 'unknown';
    readonly last_health_check: string | null;
    readonly paused_until: string | null;
    readonly paused_because: 'retry_after' | 'credentials_refused' | 'failures' | null;
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
  };
  'PUT /services/{id}': {
    readonly id: string;
    readonly management_company_id: string;
    readonly service_name: string;
    readonly service_type: 'geocoding' | 'sheets' | 'maps' | 'webhook' | 'api';
    readonly display_name: string;
    readonly base_url: string | null;
    readonly has_api_key: boolean;
    readonly has_credentials: boolean;
    readonly config: Readonly<Record<string, unknown>>;
    readonly is_active: boolean;
    readonly health_status: 'healthy' | 'degraded' | 'down' | 'unknown';
    readonly last_health_check: string | null;
    readonly paused_until: string | null;
    readonly paused_because: 'retry_after' | 'credentials_refused' | 'failures' | null;
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
  };
  'PATCH /services/{id}': {
    readonly id: string;
    readonly management_company_id: string;
    readonly service_name: string;
    readonly service_type: 'geocoding' | 'sheets' | 'maps' | 'webhook' | 'api';
    readonly display_name: string;
    readonly base_url: string | null;
    readonly has_api_key: boolean;
    readonly has_credentials: boolean;
    readonly config: Readonly<Record<string, unknown>>;
    readonly is_active: boolean;
    readonly health_status: 'healthy' | 'degraded' | 'down' | 'unknown';
    readonly last_health_check: string | null;
    readonly paused_until: string | null;
    readonly paused_because: 'retry_after' | 'credentials_refused' | 'failures' | null;
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
  };
  'POST /services/{id}/check': {
    readonly service_id: string;
    readonly service_name: string;
    readonly health_status: string;
    readonly status: string;
    readonly last_health_check: string | null;
    readonly ok: boolean;
    readonly response_time_ms: number | null;
    readonly last_error: string | null;
  };
  'GET /services/{id}/history': {
    readonly changes: readonly {
      readonly id: string;
      readonly action: 'created' | 'changed' | 'deleted';
      readonly changed_by: string | null;
      readonly request_id: string | null;
      readonly changed_at: string;
      readonly before: Readonly<Record<string, unknown>> | null;
      readonly after: Readonly<Record<string, unknown>> | null;
      readonly changed_secrets: readonly string[];
    }[];
    readonly next_cursor: string | null;
  };
  'GET /services/{id}/rate-limits': {
    readonly windows: readonly {
      readonly window_type: 'minute' | 'hour' | 'day' | 'month';
      readonly window_start: string;
      readonly window_end: string;
      readonly request_count: number;
      readonly max_requests: number;
      readonly remaining_requests: number;
      readonly is_rate_limited: boolean;
      readonly limit?: string;
      readonly replica_share?: {
        readonly max_requests: number;
        readonly request_count: number;
        readonly because: 'redis_away' | 'redis_returning';
      };
    }[];
    readonly paused_until: string | null;
    readonly paused_because: 'retry_after' | 'credentials_refused' | 'failures' | null;
  };
  'POST /sheets/append': {
    readonly updated_range: string;
    readonly updated_rows: number;
    readonly updated_cells: number;
    readonly table_range: string | null;
  };
  'POST /sheets/batch': {
    readonly results: readonly (
      | {
          readonly operation: 'read';
          readonly values: readonly (readonly (string | number | boolean | null)[])[];
          readonly range: string;
          readonly row_count: number;
          readonly column_count: number;
          readonly cached: boolean;
        }
      | {
          readonly operation: 'write';
          readonly range: string;
          readonly updated_range: string;
          readonly updated_rows: number;
          readonly updated_columns: number;
          readonly updated_cells: number;
        }
      | {
          readonly operation: 'append';
          readonly range: string;
          readonly updated_range: string;
          readonly updated_rows: number;
          readonly updated_cells: number;
          readonly table_range: string | null;
        }
      | {
          readonly operation: 'clear';
          readonly range: string;
          readonly cleared_range: string;
        }
      | {
          readonly operation: 'read' | 'write' | 'append' | 'clear';
          readonly range: string;
          readonly error: {
            readonly code: string;
            readonly detail: string;
            readonly provider?: string;
            readonly retry_after_seconds?: number;
            readonly attempts?: readonly {
              readonly provider: string;
              readonly outcome: string;
              readonly message: string;
              readonly retry_after_seconds?: number;
            }[];
            readonly outcome?: 'unknown';
          };
        }
    )[];
    readonly operations_count: number;
    readonly total_updated_cells: number;
  };
  'POST /sheets/clear': {
    readonly cleared_range: string;
  };
  'POST /sheets/create': {
    readonly spreadsheet_id: string;
    readonly url: string;
    readonly worksheets: readonly {
      readonly id: number;
      readonly title: string;
    }[];
  };
  'GET /sheets/health': {
    readonly status: string;
    readonly service: string | null;
    readonly rate_limit_remaining: number | null;
    readonly rate_limit_reset_in_seconds: number | null;
    readonly forecast: readonly {
      readonly kind: 'read' | 'write';
      readonly requests_per_minute: number;
      readonly spent_in_seconds: number | null;
      readonly most_from: {
        readonly source_service: string | null;
        readonly requests: number;
      } | null;
    }[];
  };
  'GET /sheets/metadata/{spreadsheet_id}': {
    readonly spreadsheet_id: string;
    readonly title: string;
    readonly locale: string;
    readonly time_zone: string;
    readonly worksheets: readonly {
      readonly id: number;
      readonly title: string;
      readonly index: number;
      readonly row_count: number;
      readonly column_count: number;
      readonly hidden: boolean;
      readonly frozen_row_count: number;
      readonly frozen_column_count: number;
      readonly protected_ranges: readonly {
        readonly range: string;
        readonly description: string | null;
        readonly warning_only: boolean;
      }[];
    }[];
    readonly named_ranges: readonly {
      readonly name: string;
      readonly range: string;
    }[];
  };
  'POST /sheets/read': {
    readonly values: readonly (readonly (string | number | boolean | null)[])[];
    readonly range: string;
    readonly row_count: number;
    readonly column_count: number;
    readonly cached: boolean;
  };
  'POST /sheets/records/append': {
    readonly updated_range: string | null;
    readonly updated_rows: number;
    readonly row_numbers: readonly number[];
  };
  'POST /sheets/records/read': {
    readonly columns: readonly string[];
    readonly records: readonly Readonly<Record<string, string | number | boolean | null>>[];
    readonly row_numbers: readonly number[];
    readonly next_cursor: string | null;
  };
  'POST /sheets/records/upsert': {
    readonly updated: number;
    readonly inserted: number;
    readonly row_numbers: readonly number[];
  };
  'POST /sheets/rows/delete': {
    readonly deleted_rows: number;
  };
  'POST /sheets/worksheets/ensure': {
    readonly id: number;
    readonly title: string;
    readonly created: boolean;
  };
  'POST /sheets/write': {
    readonly updated_range: string;
    readonly updated_rows: number;
    readonly updated_columns: number;
    readonly updated_cells: number;
  };
  'GET /stats/series': {
    readonly metric: string;
    readonly step: string;
    readonly from: string;
    readonly to: string;
    readonly unit: string;
    readonly series: readonly {
      readonly labels: Readonly<Record<string, string>>;
      readonly points: readonly (readonly unknown[])[];
    }[];
  };
  'GET /tokens': {
    readonly tokens: readonly {
      readonly id: string;
      readonly name: string;
      readonly scopes: readonly string[];
      readonly tenants: readonly string[];
      readonly services: readonly string[] | null;
      readonly rate_limit_per_minute: number | null;
      readonly created_by: string | null;
      readonly expires_at: string | null;
      readonly last_used_at: string | null;
      readonly revoked_at: string | null;
      readonly created_at: string;
    }[];
    readonly next_cursor: string | null;
  };
  'POST /tokens': {
    readonly id: string;
    readonly name: string;
    readonly scopes: readonly string[];
    readonly tenants: readonly string[];
    readonly services: readonly string[] | null;
    readonly rate_limit_per_minute: number | null;
    readonly created_by: string | null;
    readonly expires_at: string | null;
    readonly last_used_at: string | null;
    readonly revoked_at: string | null;
    readonly created_at: string;
    readonly token: string;
  };
  'GET /tokens/{id}': {
    readonly id: string;
    readonly name: string;
    readonly scopes: readonly string[];
    readonly tenants: readonly string[];
    readonly services: readonly string[] | null;
    readonly rate_limit_per_minute: number | null;
    readonly created_by: string | null;
    readonly expires_at: string | null;
    readonly last_used_at: string | null;
    readonly revoked_at: string | null;
    readonly created_at: string;
  };
  'PATCH /tokens/{id}': {
    readonly id: string;
    readonly name: string;
    readonly scopes: readonly string[];
    readonly tenants: readonly string[];
    readonly services: readonly string[] | null;
    readonly rate_limit_per_minute: number | null;
    readonly created_by: string | null;
    readonly expires_at: string | null;
    readonly last_used_at: string | null;
    readonly revoked_at: string | null;
    readonly created_at: string;
  };
  'POST /tokens/{id}/rotate': {
    readonly id: string;
    readonly name: string;
    readonly scopes: readonly string[];
    readonly tenants: readonly string[];
    readonly services: readonly string[] | null;
    readonly rate_limit_per_minute: number | null;
    readonly created_by: string | null;
    readonly expires_at: string | null;
    readonly last_used_at: string | null;
    readonly revoked_at: string | null;
    readonly created_at: string;
    readonly token: string;
    readonly replaces: {
      readonly id: string;
      readonly expires_at: string;
    };
  };
  'GET /webhooks': {
    readonly webhooks: readonly {
      readonly id: string;
      readonly management_company_id: string;
      readonly webhook_name: string;
      readonly webhook_url: string;
      readonly source_service: string;
      readonly source_service_id: string | null;
      readonly event_types: readonly string[];
      readonly allowed_ips: readonly string[];
      readonly signature_header: string | null;
      readonly signature_scheme:
        | 'github'
        | 'stripe'
        | 'telegram'
        | 'standard_webhooks'
        | 'hmac_hex'
        | 'hmac_base64'
        | 'hmac_sha1_hex'
        | 'hmac_sha512_hex'
        | 'timestamped_hmac'
        | 'signed_template'
        | 'ecdsa_p256'
        | 'header_token'
        | 'basic'
        | 'linear'
        | 'mailgun'
        | 'microsoft_graph'
        | 'none';
      readonly signed_template: string | null;
      readonly timestamp_header: string | null;
      readonly has_secret_key: boolean;
      readonly has_verify_token: boolean;
      readonly previous_secret_until: string | null;
      readonly tolerance_seconds: number;
      readonly max_payload_size_bytes: number;
      readonly target_url: string | null;
      readonly target_paused: boolean;
      readonly target_off_at: string | null;
      readonly target_off_reason: string | null;
      readonly target_timeout_seconds: number | null;
      readonly target_headers: Readonly<Record<string, unknown>>;
      readonly targets: readonly Readonly<Record<string, unknown>>[];
      readonly target_count: number;
      readonly previous_target_secret_until: string | null;
      readonly over_limit_policy: 'reject' | 'defer';
      readonly event_type_from: string | null;
      readonly delivery_id_from: string | null;
      readonly duplicate_by: 'delivery_id' | 'delivery_id_or_body' | 'none';
      readonly duplicate_window_seconds: number;
      readonly ordered: boolean;
      readonly include_raw: boolean;
      readonly collector: Readonly<Record<string, unknown>> | null;
      readonly is_active: boolean;
      readonly last_received_at: string | null;
      readonly total_received: number;
      readonly total_successful: number;
      readonly total_failed: number;
      readonly created_by: string | null;
      readonly created_at: string;
      readonly updated_at: string;
      readonly retried_count?: number;
      readonly secret_key?: string;
      readonly target_secrets?: Readonly<Record<string, string>>;
      readonly verify_token?: string;
      readonly target_secret?: string;
    }[];
    readonly total: number;
    readonly next_cursor: string | null;
  };
  'POST /webhooks': {
    readonly id: string;
    readonly management_company_id: string;
    readonly webhook_name: string;
    readonly webhook_url: string;
    readonly source_service: string;
    readonly source_service_id: string | null;
    readonly event_types: readonly string[];
    readonly allowed_ips: readonly string[];
    readonly signature_header: string | null;
    readonly signature_scheme:
      | 'github'
      | 'stripe'
      | 'telegram'
      | 'standard_webhooks'
      | 'hmac_hex'
      | 'hmac_base64'
      | 'hmac_sha1_hex'
      | 'hmac_sha512_hex'
      | 'timestamped_hmac'
      | 'signed_template'
      | 'ecdsa_p256'
      | 'header_token'
      | 'basic'
      | 'linear'
      | 'mailgun'
      | 'microsoft_graph'
      | 'none';
    readonly signed_template: string | null;
    readonly timestamp_header: string | null;
    readonly has_secret_key: boolean;
    readonly has_verify_token: boolean;
    readonly previous_secret_until: string | null;
    readonly tolerance_seconds: number;
    readonly max_payload_size_bytes: number;
    readonly target_url: string | null;
    readonly target_paused: boolean;
    readonly target_off_at: string | null;
    readonly target_off_reason: string | null;
    readonly target_timeout_seconds: number | null;
    readonly target_headers: Readonly<Record<string, unknown>>;
    readonly targets: readonly Readonly<Record<string, unknown>>[];
    readonly target_count: number;
    readonly previous_target_secret_until: string | null;
    readonly over_limit_policy: 'reject' | 'defer';
    readonly event_type_from: string | null;
    readonly delivery_id_from: string | null;
    readonly duplicate_by: 'delivery_id' | 'delivery_id_or_body' | 'none';
    readonly duplicate_window_seconds: number;
    readonly ordered: boolean;
    readonly include_raw: boolean;
    readonly collector: Readonly<Record<string, unknown>> | null;
    readonly is_active: boolean;
    readonly last_received_at: string | null;
    readonly total_received: number;
    readonly total_successful: number;
    readonly total_failed: number;
    readonly created_by: string | null;
    readonly created_at: string;
    readonly updated_at: string;
    readonly retried_count?: number;
    readonly secret_key?: string;
    readonly target_secrets?: Readonly<Record<string, string>>;
    readonly verify_token?: string;
    readonly target_secret?: string;
  };
  'GET /webhooks/events': {
    readonly events: readonly {
      readonly id: string;
      readonly webhook_id: string;
      readonly webhook_name: string;
      readonly source_service: string;
      readonly event_type: string | null;
      readonly delivery_id: string | null;
      readonly status: 'accepted' | 'deferred' | 'refused' | 'ignored';
      readonly refusal_reason: string | null;
      readonly signature_verified: boolean;
      readonly matched_secret: 'current' | 'previous' | null;
      readonly source_address: string | null;
      readonly content_type: string | null;
      readonly payload_size_bytes: number;
      readonly request_id: string | null;
      readonly received_at: string;
      readonly is_test: boolean;
      readonly is_published: boolean;
      readonly target: {
        readonly status: 'pending' | 'delivered' | 'dead' | 'cancelled';
        readonly attempt_count: number;
        readonly next_attempt_at: string | null;
        readonly last_error: string | null;
      } | null;
    }[];
    readonly next_cursor: string | null;
  };
  'POST /webhooks/events/retry': {
    readonly retried_count: number;
    readonly is_complete: boolean;
    readonly next_cursor?: string;
  };
  'GET /webhooks/events/{id}': {
    readonly id: string;
    readonly webhook_id: string;
    readonly webhook_name: string;
    readonly source_service: string;
    readonly event_type: string | null;
    readonly delivery_id: string | null;
    readonly status: 'accepted' | 'deferred' | 'refused' | 'ignored';
    readonly refusal_reason: string | null;
    readonly signature_verified: boolean;
    readonly matched_secret: 'current' | 'previous' | null;
    readonly source_address: string | null;
    readonly content_type: string | null;
    readonly payload_size_bytes: number;
    readonly request_id: string | null;
    readonly received_at: string;
    readonly is_test: boolean;
    readonly is_published: boolean;
    readonly target: {
      readonly status: 'pending' | 'delivered' | 'dead' | 'cancelled';
      readonly attempt_count: number;
      readonly next_attempt_at: string | null;
      readonly last_error: string | null;
    } | null;
    readonly headers: Readonly<Record<string, string>>;
    readonly payload: unknown;
    readonly payload_base64: string | null;
    readonly retry: {
      readonly is_possible: boolean;
      readonly reason:
        | 'refused'
        | 'ignored'
        | 'waiting_for_limit'
        | 'no_target'
        | 'not_wanted'
        | 'target_removed'
        | 'nothing_failed'
        | null;
      readonly message: string | null;
      readonly message_ru: string | null;
      readonly targets: readonly {
        readonly target_id: string;
        readonly target_url: string;
        readonly is_paused: boolean;
        readonly status: 'pending' | 'delivered' | 'dead' | 'cancelled' | null;
      }[];
    };
    readonly targets: readonly {
      readonly target_id: string;
      readonly target_url: string | null;
      readonly is_paused: boolean;
      readonly status: 'pending' | 'delivered' | 'dead' | 'cancelled';
      readonly attempt_count: number;
      readonly sent_again_count: number;
      readonly next_attempt_at: string | null;
      readonly last_error: string | null;
    }[];
    readonly attempts: readonly {
      readonly id: string;
      readonly target_id: string;
      readonly target_url: string | null;
      readonly attempt: number;
      readonly is_by_hand: boolean;
      readonly started_at: string;
      readonly duration_ms: number | null;
      readonly response_status_code: number | null;
      readonly response_headers: Readonly<Record<string, unknown>> | null;
      readonly response_body: string | null;
      readonly error_message: string | null;
      readonly error_message_ru: string | null;
    }[];
  };
  'POST /webhooks/events/{id}/accept':
    | {
        readonly status: 'accepted' | 'duplicate';
        readonly event_id: string;
      }
    | {
        readonly status: 'ignored';
      };
  'POST /webhooks/events/{id}/retry': {
    readonly event_id: string;
    readonly published_event_id: string | null;
    readonly is_delivered_again: boolean;
    readonly targets: readonly {
      readonly target_id: string;
      readonly target_url: string;
      readonly is_paused: boolean;
    }[];
  };
  'GET /webhooks/health': {
    readonly status: 'healthy' | 'degraded';
    readonly webhooks: {
      readonly total: number;
      readonly active: number;
    };
    readonly last_received_at: string | null;
    readonly targets: {
      readonly pending: number;
      readonly dead: number;
      readonly oldest_pending_age_seconds: number;
    };
  };
  'GET /webhooks/redrives': {
    readonly redrives: readonly {
      readonly id: string;
      readonly state: 'sending' | 'settling' | 'done' | 'stopped';
      readonly to: 'all' | 'target' | 'failed';
      readonly filter: Readonly<Record<string, string>>;
      readonly from_date: string | null;
      readonly to_date: string | null;
      readonly matched_count: number;
      readonly sent_count: number;
      readonly skipped_count: number;
      readonly deliveries: {
        readonly delivered: number;
        readonly failed: number;
        readonly cancelled: number;
        readonly waiting: number;
      };
      readonly created_by: string;
      readonly created_at: string;
      readonly finished_at: string | null;
    }[];
  };
  'POST /webhooks/redrives': {
    readonly matched_count: number;
    readonly is_exact: boolean;
    readonly sendable_count: number;
    readonly oldest_received_at: string | null;
    readonly newest_received_at: string | null;
    readonly from_date: string | null;
    readonly to_date: string | null;
    readonly to: 'all' | 'target' | 'failed';
    readonly webhooks: readonly {
      readonly webhook_id: string;
      readonly webhook_name: string;
      readonly sendable_count: number;
      readonly target_urls: readonly string[];
    }[];
  };
  'GET /webhooks/redrives/{id}': {
    readonly id: string;
    readonly state: 'sending' | 'settling' | 'done' | 'stopped';
    readonly to: 'all' | 'target' | 'failed';
    readonly filter: Readonly<Record<string, string>>;
    readonly from_date: string | null;
    readonly to_date: string | null;
    readonly matched_count: number;
    readonly sent_count: number;
    readonly skipped_count: number;
    readonly deliveries: {
      readonly delivered: number;
      readonly failed: number;
      readonly cancelled: number;
      readonly waiting: number;
    };
    readonly created_by: string;
    readonly created_at: string;
    readonly finished_at: string | null;
  };
  'POST /webhooks/redrives/{id}/stop': {
    readonly id: string;
    readonly state: 'sending' | 'settling' | 'done' | 'stopped';
    readonly to: 'all' | 'target' | 'failed';
    readonly filter: Readonly<Record<string, string>>;
    readonly from_date: string | null;
    readonly to_date: string | null;
    readonly matched_count: number;
    readonly sent_count: number;
    readonly skipped_count: number;
    readonly deliveries: {
      readonly delivered: number;
      readonly failed: number;
      readonly cancelled: number;
      readonly waiting: number;
    };
    readonly created_by: string;
    readonly created_at: string;
    readonly finished_at: string | null;
  };
  'GET /webhooks/sources': {
    readonly sources: readonly {
      readonly source_service: string;
      readonly title: string;
      readonly documentation_url: string | null;
      readonly set_up: string;
      readonly set_up_ru: string;
      readonly signature_scheme:
        | 'github'
        | 'stripe'
        | 'telegram'
        | 'standard_webhooks'
        | 'hmac_hex'
        | 'hmac_base64'
        | 'hmac_sha1_hex'
        | 'hmac_sha512_hex'
        | 'timestamped_hmac'
        | 'signed_template'
        | 'ecdsa_p256'
        | 'header_token'
        | 'basic'
        | 'linear'
        | 'mailgun'
        | 'microsoft_graph'
        | 'none';
      readonly signature_header: string | null;
      readonly signed_template: string | null;
      readonly timestamp_header: string | null;
      readonly tolerance_seconds: number;
      readonly secret_from: 'us' | 'sender' | 'none';
      readonly has_verify_token: boolean;
      readonly event_type_from: readonly string[];
      readonly delivery_id_from: readonly string[];
      readonly duplicate_by: 'delivery_id' | 'delivery_id_or_body' | 'none';
      readonly max_payload_size_bytes: number;
      readonly over_limit_policy: 'reject' | 'defer';
      readonly published_ranges: readonly string[];
      readonly handshake: string | null;
      readonly retries: {
        readonly timeout_seconds: number | null;
        readonly description: string;
      };
      readonly sample: {
        readonly content_type: string;
        readonly headers: Readonly<Record<string, unknown>>;
        readonly body: string;
      };
    }[];
  };
  'GET /webhooks/{id}': {
    readonly id: string;
    readonly management_company_id: string;
    readonly webhook_name: string;
    readonly webhook_url: string;
    readonly source_service: string;
    readonly source_service_id: string | null;
    readonly event_types: readonly string[];
    readonly allowed_ips: readonly string[];
    readonly signature_header: string | null;
    readonly signature_scheme:
      | 'github'
      | 'stripe'
      | 'telegram'
      | 'standard_webhooks'
      | 'hmac_hex'
      | 'hmac_base64'
      | 'hmac_sha1_hex'
      | 'hmac_sha512_hex'
      | 'timestamped_hmac'
      | 'signed_template'
      | 'ecdsa_p256'
      | 'header_token'
      | 'basic'
      | 'linear'
      | 'mailgun'
      | 'microsoft_graph'
      | 'none';
    readonly signed_template: string | null;
    readonly timestamp_header: string | null;
    readonly has_secret_key: boolean;
    readonly has_verify_token: boolean;
    readonly previous_secret_until: string | null;
    readonly tolerance_seconds: number;
    readonly max_payload_size_bytes: number;
    readonly target_url: string | null;
    readonly target_paused: boolean;
    readonly target_off_at: string | null;
    readonly target_off_reason: string | null;
    readonly target_timeout_seconds: number | null;
    readonly target_headers: Readonly<Record<string, unknown>>;
    readonly targets: readonly Readonly<Record<string, unknown>>[];
    readonly target_count: number;
    readonly previous_target_secret_until: string | null;
    readonly over_limit_policy: 'reject' | 'defer';
    readonly event_type_from: string | null;
    readonly delivery_id_from: string | null;
    readonly duplicate_by: 'delivery_id' | 'delivery_id_or_body' | 'none';
    readonly duplicate_window_seconds: number;
    readonly ordered: boolean;
    readonly include_raw: boolean;
    readonly collector: Readonly<Record<string, unknown>> | null;
    readonly is_active: boolean;
    readonly last_received_at: string | null;
    readonly total_received: number;
    readonly total_successful: number;
    readonly total_failed: number;
    readonly created_by: string | null;
    readonly created_at: string;
    readonly updated_at: string;
    readonly retried_count?: number;
    readonly secret_key?: string;
    readonly target_secrets?: Readonly<Record<string, string>>;
    readonly verify_token?: string;
    readonly target_secret?: string;
  };
  'PUT /webhooks/{id}': {
    readonly id: string;
    readonly management_company_id: string;
    readonly webhook_name: string;
    readonly webhook_url: string;
    readonly source_service: string;
    readonly source_service_id: string | null;
    readonly event_types: readonly string[];
    readonly allowed_ips: readonly string[];
    readonly signature_header: string | null;
    readonly signature_scheme:
      | 'github'
      | 'stripe'
      | 'telegram'
      | 'standard_webhooks'
      | 'hmac_hex'
      | 'hmac_base64'
      | 'hmac_sha1_hex'
      | 'hmac_sha512_hex'
      | 'timestamped_hmac'
      | 'signed_template'
      | 'ecdsa_p256'
      | 'header_token'
      | 'basic'
      | 'linear'
      | 'mailgun'
      | 'microsoft_graph'
      | 'none';
    readonly signed_template: string | null;
    readonly timestamp_header: string | null;
    readonly has_secret_key: boolean;
    readonly has_verify_token: boolean;
    readonly previous_secret_until: string | null;
    readonly tolerance_seconds: number;
    readonly max_payload_size_bytes: number;
    readonly target_url: string | null;
    readonly target_paused: boolean;
    readonly target_off_at: string | null;
    readonly target_off_reason: string | null;
    readonly target_timeout_seconds: number | null;
    readonly target_headers: Readonly<Record<string, unknown>>;
    readonly targets: readonly Readonly<Record<string, unknown>>[];
    readonly target_count: number;
    readonly previous_target_secret_until: string | null;
    readonly over_limit_policy: 'reject' | 'defer';
    readonly event_type_from: string | null;
    readonly delivery_id_from: string | null;
    readonly duplicate_by: 'delivery_id' | 'delivery_id_or_body' | 'none';
    readonly duplicate_window_seconds: number;
    readonly ordered: boolean;
    readonly include_raw: boolean;
    readonly collector: Readonly<Record<string, unknown>> | null;
    readonly is_active: boolean;
    readonly last_received_at: string | null;
    readonly total_received: number;
    readonly total_successful: number;
    readonly total_failed: number;
    readonly created_by: string | null;
    readonly created_at: string;
    readonly updated_at: string;
    readonly retried_count?: number;
    readonly secret_key?: string;
    readonly target_secrets?: Readonly<Record<string, string>>;
    readonly verify_token?: string;
    readonly target_secret?: string;
  };
  'PATCH /webhooks/{id}': {
    readonly id: string;
    readonly management_company_id: string;
    readonly webhook_name: string;
    readonly webhook_url: string;
    readonly source_service: string;
    readonly source_service_id: string | null;
    readonly event_types: readonly string[];
    readonly allowed_ips: readonly string[];
    readonly signature_header: string | null;
    readonly signature_scheme:
      | 'github'
      | 'stripe'
      | 'telegram'
      | 'standard_webhooks'
      | 'hmac_hex'
      | 'hmac_base64'
      | 'hmac_sha1_hex'
      | 'hmac_sha512_hex'
      | 'timestamped_hmac'
      | 'signed_template'
      | 'ecdsa_p256'
      | 'header_token'
      | 'basic'
      | 'linear'
      | 'mailgun'
      | 'microsoft_graph'
      | 'none';
    readonly signed_template: string | null;
    readonly timestamp_header: string | null;
    readonly has_secret_key: boolean;
    readonly has_verify_token: boolean;
    readonly previous_secret_until: string | null;
    readonly tolerance_seconds: number;
    readonly max_payload_size_bytes: number;
    readonly target_url: string | null;
    readonly target_paused: boolean;
    readonly target_off_at: string | null;
    readonly target_off_reason: string | null;
    readonly target_timeout_seconds: number | null;
    readonly target_headers: Readonly<Record<string, unknown>>;
    readonly targets: readonly Readonly<Record<string, unknown>>[];
    readonly target_count: number;
    readonly previous_target_secret_until: string | null;
    readonly over_limit_policy: 'reject' | 'defer';
    readonly event_type_from: string | null;
    readonly delivery_id_from: string | null;
    readonly duplicate_by: 'delivery_id' | 'delivery_id_or_body' | 'none';
    readonly duplicate_window_seconds: number;
    readonly ordered: boolean;
    readonly include_raw: boolean;
    readonly collector: Readonly<Record<string, unknown>> | null;
    readonly is_active: boolean;
    readonly last_received_at: string | null;
    readonly total_received: number;
    readonly total_successful: number;
    readonly total_failed: number;
    readonly created_by: string | null;
    readonly created_at: string;
    readonly updated_at: string;
    readonly retried_count?: number;
    readonly secret_key?: string;
    readonly target_secrets?: Readonly<Record<string, string>>;
    readonly verify_token?: string;
    readonly target_secret?: string;
  };
  'POST /webhooks/{id}/explain-signature': {
    readonly matches: boolean;
    readonly scheme:
      | 'github'
      | 'stripe'
      | 'telegram'
      | 'standard_webhooks'
      | 'hmac_hex'
      | 'hmac_base64'
      | 'hmac_sha1_hex'
      | 'hmac_sha512_hex'
      | 'timestamped_hmac'
      | 'signed_template'
      | 'ecdsa_p256'
      | 'header_token'
      | 'basic'
      | 'linear'
      | 'mailgun'
      | 'microsoft_graph'
      | 'none';
    readonly checked: readonly {
      readonly secret: 'current' | 'previous';
      readonly matches: boolean;
    }[];
    readonly hints: readonly string[];
    readonly hints_ru: readonly string[];
  };
  'POST /webhooks/{id}/pause-target': {
    readonly id: string;
    readonly management_company_id: string;
    readonly webhook_name: string;
    readonly webhook_url: string;
    readonly source_service: string;
    readonly source_service_id: string | null;
    readonly event_types: readonly string[];
    readonly allowed_ips: readonly string[];
    readonly signature_header: string | null;
    readonly signature_scheme:
      | 'github'
      | 'stripe'
      | 'telegram'
      | 'standard_webhooks'
      | 'hmac_hex'
      | 'hmac_base64'
      | 'hmac_sha1_hex'
      | 'hmac_sha512_hex'
      | 'timestamped_hmac'
      | 'signed_template'
      | 'ecdsa_p256'
      | 'header_token'
      | 'basic'
      | 'linear'
      | 'mailgun'
      | 'microsoft_graph'
      | 'none';
    readonly signed_template: string | null;
    readonly timestamp_header: string | null;
    readonly has_secret_key: boolean;
    readonly has_verify_token: boolean;
    readonly previous_secret_until: string | null;
    readonly tolerance_seconds: number;
    readonly max_payload_size_bytes: number;
    readonly target_url: string | null;
    readonly target_paused: boolean;
    readonly target_off_at: string | null;
    readonly target_off_reason: string | null;
    readonly target_timeout_seconds: number | null;
    readonly target_headers: Readonly<Record<string, unknown>>;
    readonly targets: readonly Readonly<Record<string, unknown>>[];
    readonly target_count: number;
    readonly previous_target_secret_until: string | null;
    readonly over_limit_policy: 'reject' | 'defer';
    readonly event_type_from: string | null;
    readonly delivery_id_from: string | null;
    readonly duplicate_by: 'delivery_id' | 'delivery_id_or_body' | 'none';
    readonly duplicate_window_seconds: number;
    readonly ordered: boolean;
    readonly include_raw: boolean;
    readonly collector: Readonly<Record<string, unknown>> | null;
    readonly is_active: boolean;
    readonly last_received_at: string | null;
    readonly total_received: number;
    readonly total_successful: number;
    readonly total_failed: number;
    readonly created_by: string | null;
    readonly created_at: string;
    readonly updated_at: string;
    readonly retried_count?: number;
    readonly secret_key?: string;
    readonly target_secrets?: Readonly<Record<string, string>>;
    readonly verify_token?: string;
    readonly target_secret?: string;
  };
  'POST /webhooks/{id}/resume-target': {
    readonly id: string;
    readonly management_company_id: string;
    readonly webhook_name: string;
    readonly webhook_url: string;
    readonly source_service: string;
    readonly source_service_id: string | null;
    readonly event_types: readonly string[];
    readonly allowed_ips: readonly string[];
    readonly signature_header: string | null;
    readonly signature_scheme:
      | 'github'
      | 'stripe'
      | 'telegram'
      | 'standard_webhooks'
      | 'hmac_hex'
      | 'hmac_base64'
      | 'hmac_sha1_hex'
      | 'hmac_sha512_hex'
      | 'timestamped_hmac'
      | 'signed_template'
      | 'ecdsa_p256'
      | 'header_token'
      | 'basic'
      | 'linear'
      | 'mailgun'
      | 'microsoft_graph'
      | 'none';
    readonly signed_template: string | null;
    readonly timestamp_header: string | null;
    readonly has_secret_key: boolean;
    readonly has_verify_token: boolean;
    readonly previous_secret_until: string | null;
    readonly tolerance_seconds: number;
    readonly max_payload_size_bytes: number;
    readonly target_url: string | null;
    readonly target_paused: boolean;
    readonly target_off_at: string | null;
    readonly target_off_reason: string | null;
    readonly target_timeout_seconds: number | null;
    readonly target_headers: Readonly<Record<string, unknown>>;
    readonly targets: readonly Readonly<Record<string, unknown>>[];
    readonly target_count: number;
    readonly previous_target_secret_until: string | null;
    readonly over_limit_policy: 'reject' | 'defer';
    readonly event_type_from: string | null;
    readonly delivery_id_from: string | null;
    readonly duplicate_by: 'delivery_id' | 'delivery_id_or_body' | 'none';
    readonly duplicate_window_seconds: number;
    readonly ordered: boolean;
    readonly include_raw: boolean;
    readonly collector: Readonly<Record<string, unknown>> | null;
    readonly is_active: boolean;
    readonly last_received_at: string | null;
    readonly total_received: number;
    readonly total_successful: number;
    readonly total_failed: number;
    readonly created_by: string | null;
    readonly created_at: string;
    readonly updated_at: string;
    readonly retried_count?: number;
    readonly secret_key?: string;
    readonly target_secrets?: Readonly<Record<string, string>>;
    readonly verify_token?: string;
    readonly target_secret?: string;
  };
  'POST /webhooks/{id}/rotate-secret': {
    readonly secret_key: string;
    readonly previous_secret_until: string | null;
  };
  'POST /webhooks/{id}/rotate-target-secret': {
    readonly target_secret: string;
    readonly previous_target_secret_until: string | null;
  };
  'POST /webhooks/{id}/rotate-token': {
    readonly webhook_url: string;
  };
  'POST /webhooks/{id}/test':
    | {
        readonly status: 'accepted' | 'duplicate';
        readonly event_id: string;
      }
    | {
        readonly status: 'ignored';
      };
}

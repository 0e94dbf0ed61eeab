-- The tenants' external services: one row is one account at one provider.
-- Two roles own no table and cannot bypass row-level security (storage/migrate.ts makes them):
--   integration_service_tenant  sees the rows of the tenant in app.tenant_id, and no others
--   integration_service_system  background work over all tenants
create table external_services (
  id                     uuid not null,
  management_company_id  varchar(50) not null,
  service_name           varchar(100) not null,
  service_type           varchar(20) not null,
  display_name           varchar(200) not null,
  base_url               varchar(2048),
  api_key                text,           -- sealed: AES-256-GCM, bound to table, row and tenant
  credentials            json,           -- {"sealed": "…"}
  config                 json not null default '{}',
  is_active              boolean not null default true,
  health_status          varchar(20) not null default 'unknown',
  last_health_check      timestamptz,
  rate_limit_per_minute  integer,
  rate_limit_per_hour    integer,
  rate_limit_per_day     integer,
  rate_limit_per_month   integer,
  priority               integer not null default 100,
  fallback_service_id    uuid,
  description            text,
  tags                   json not null default '[]',
  created_by             varchar(200),
  created_at             timestamptz not null default now(),
  updated_at             timestamptz not null default now(),
  constraint external_services_pkey primary key (id),
  constraint external_services_tenant_id_key unique (management_company_id, id),
  constraint external_services_type_check check (service_type in ('geocoding', 'sheets', 'maps', 'webhook', 'api')),
  constraint external_services_health_check check (health_status in ('healthy', 'degraded', 'down', 'unknown')),
  constraint external_services_limits_check check (
    coalesce(rate_limit_per_minute, 0) >= 0 and coalesce(rate_limit_per_hour, 0) >= 0
    and coalesce(rate_limit_per_day, 0) >= 0 and coalesce(rate_limit_per_month, 0) >= 0),
  constraint external_services_fallback_not_self_check check (fallback_service_id <> id),
  constraint external_services_fallback_fkey foreign key (management_company_id, fallback_service_id)
    references external_services (management_company_id, id) on delete set null (fallback_service_id)
);
create unique index ix_external_services_tenant_service on external_services (management_company_id, service_name);

-- Keys that services present to us. Only compared, so only their SHA-256 is kept.
create table service_tokens (
  id                     uuid not null,
  management_company_id  varchar(50) not null,   -- the tenant whose admin made it
  name                   varchar(200) not null,
  token_sha256           bytea not null,
  scopes                 text[] not null,
  tenants                text[] not null,
  created_by             varchar(200),
  expires_at             timestamptz,
  last_used_at           timestamptz,
  revoked_at             timestamptz,
  created_at             timestamptz not null default now(),
  constraint service_tokens_pkey primary key (id),
  constraint service_tokens_token_key unique (token_sha256),
  constraint service_tokens_scopes_check check (cardinality(scopes) > 0)
);
create index ix_service_tokens_tenant on service_tokens (management_company_id, created_at desc);

-- The first answer to each Idempotency-Key, kept 24 h.
create table idempotency_keys (
  management_company_id  varchar(50) not null,
  idempotency_key        varchar(255) not null,
  route                  varchar(200) not null,
  request_sha256         bytea not null,
  state                  varchar(20) not null,     -- running, completed
  progress               json,                     -- what a crashed run had done, for the calls that can resume (append)
  response_status        integer,
  response_headers       json,
  response_body          bytea,
  run_id                 uuid not null,            -- who runs it: a run whose lease was taken over writes nothing more
  locked_until           timestamptz,
  created_at             timestamptz not null default now(),
  expires_at             timestamptz not null,
  constraint idempotency_keys_pkey primary key (management_company_id, idempotency_key),
  constraint idempotency_keys_state_check check (state in ('running', 'completed'))
);
create index ix_idempotency_keys_expires on idempotency_keys (expires_at);

create table budgets (
  management_company_id  varchar(50) not null,
  service_name           varchar(100) not null,    -- or *
  monthly_limit_usd      numeric(14, 6) not null,
  action                 varchar(10) not null,
  alerted_percent        integer not null default 0,
  alerted_month          date,
  created_at             timestamptz not null default now(),
  updated_at             timestamptz not null default now(),
  constraint budgets_pkey primary key (management_company_id, service_name),
  constraint budgets_action_check check (action in ('alert', 'block')),
  constraint budgets_limit_check check (monthly_limit_usd >= 0)
);

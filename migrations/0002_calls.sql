-- What was called, what it cost, what it answered.

-- One row for each provider tried, and one for each call refused by a quota. Daily partitions; retention drops them whole.
-- No foreign key to external_services: the audit outlives the service, and rows from the spool may come after its deletion.
create table integration_logs (
  id                     uuid not null,
  management_company_id  varchar(50) not null,
  service_id             uuid,
  service_name           varchar(100) not null,
  service_type           varchar(20) not null,
  operation              varchar(40) not null,
  endpoint               varchar(2048),
  http_method            varchar(10),
  request_headers        json,        -- these three hold a reference into log_bodies: "sha256:…"
  request_body           json,
  response_status_code   integer,
  response_body          json,
  started_at             timestamptz not null,
  completed_at           timestamptz,
  duration_ms            integer,
  status                 varchar(20) not null,
  error_message          text,
  error_code             varchar(60),
  retry_count            integer not null default 0,
  attempt                integer not null default 1,
  request_id             varchar(128),
  source_service         varchar(100),
  estimated_cost         double precision not null default 0,
  constraint integration_logs_pkey primary key (started_at, id),
  constraint integration_logs_status_check check (status in ('success', 'error', 'timeout', 'rate_limited', 'cancelled'))
) partition by range (started_at);
create index ix_integration_logs_service_operation on integration_logs (service_name, operation, started_at);
create index ix_integration_logs_tenant_service_status on integration_logs (management_company_id, service_name, status, started_at desc, id desc);
create index ix_integration_logs_tenant_status on integration_logs (management_company_id, status, started_at desc, id desc);
create index ix_integration_logs_request on integration_logs (management_company_id, request_id) where request_id is not null;

-- Masked, cut headers and bodies, once per content, day and tenant.
create table log_bodies (
  day                    date not null,
  management_company_id  varchar(50) not null,
  body_hash              varchar(32) not null,
  body                   text not null,
  constraint log_bodies_pkey primary key (day, management_company_id, body_hash)
) partition by range (day);

create table api_rate_limits (
  id                     uuid not null,
  management_company_id  varchar(50) not null,
  service_id             uuid,
  service_name           varchar(100) not null,
  window_type            varchar(10) not null,
  window_start           timestamptz not null,
  window_end             timestamptz not null,
  request_count          integer not null default 0,
  max_requests           integer not null,
  remaining_requests     integer not null,
  is_rate_limited        boolean not null default false,
  total_cost             double precision not null default 0,
  updated_at             timestamptz not null default now(),
  constraint api_rate_limits_pkey primary key (id),
  constraint api_rate_limits_window_key unique (management_company_id, service_name, window_type, window_start),
  constraint api_rate_limits_window_check check (window_type in ('minute', 'hour', 'day', 'month'))
);

create table integration_cache (
  id                     uuid not null,
  management_company_id  varchar(50) not null,
  cache_key              varchar(255) not null,
  service_id             uuid,
  service_name           varchar(100) not null,
  operation              varchar(40) not null,
  request_hash           varchar(64) not null,
  response_data          json not null,        -- json, not jsonb: the bytes go out as they were stored
  metadata               json not null default '{}',
  ttl_seconds            integer not null,
  fetched_at             timestamptz not null default now(),
  expires_at             timestamptz not null,
  stale_until            timestamptz not null,
  hit_count              bigint not null default 0,
  cache_status           varchar(20) not null default 'active',
  created_at             timestamptz not null default now(),
  constraint integration_cache_pkey primary key (id),
  constraint integration_cache_key unique (cache_key),
  constraint integration_cache_status_check check (cache_status in ('active', 'negative', 'invalidated'))
);
create index ix_integration_cache_tenant on integration_cache (management_company_id, service_name, operation);
create index ix_integration_cache_stale_until on integration_cache (stale_until);
-- A write to a spreadsheet finds the cached ranges it changes.
create index ix_integration_cache_scope on integration_cache (management_company_id, (metadata ->> 'scope'))
  where metadata ->> 'scope' is not null;
create index ix_integration_cache_recent on integration_cache (management_company_id, fetched_at desc, cache_key desc);

-- Roll-ups for costs, written in the commit of the rows they count.
create table usage_daily (
  day                    date not null,
  management_company_id  varchar(50) not null,
  service_name           varchar(100) not null,
  operation              varchar(40) not null,
  request_count          bigint not null default 0,
  error_count            bigint not null default 0,
  cached_count           bigint not null default 0,
  total_cost             double precision not null default 0,
  saved_by_cache         double precision not null default 0,
  constraint usage_daily_pkey primary key (management_company_id, day, service_name, operation)
);

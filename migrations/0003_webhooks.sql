create table webhook_configs (
  id                       uuid not null,
  management_company_id    varchar(50) not null,
  webhook_name             varchar(200) not null,
  webhook_url              varchar(2048) not null,   -- without the token: the public base and path
  webhook_token            text not null,            -- sealed; looked up by its hash
  webhook_token_sha256     bytea not null,
  source_service           varchar(100) not null,
  source_service_id        uuid,
  event_types              json not null default '["*"]',
  allowed_ips              json not null default '[]',
  signature_header         varchar(200),
  signature_scheme         varchar(40) not null,
  secret_key               text,                     -- sealed
  previous_secret_key      text,                     -- sealed; valid until previous_secret_until
  previous_secret_until    timestamptz,
  tolerance_seconds        integer not null default 300,
  max_payload_size_bytes   integer not null,
  target_url               varchar(2048),
  target_secret            text,                     -- sealed; signs deliveries to target_url
  over_limit_policy        varchar(10) not null,
  config                   json not null default '{}',
  is_active                boolean not null default true,
  last_received_at         timestamptz,
  total_received           bigint not null default 0,
  total_successful         bigint not null default 0,
  total_failed             bigint not null default 0,
  created_by               varchar(200),
  created_at               timestamptz not null default now(),
  updated_at               timestamptz not null default now(),
  constraint webhook_configs_pkey primary key (id),
  constraint webhook_configs_token_key unique (webhook_token_sha256),
  constraint webhook_configs_over_limit_check check (over_limit_policy in ('reject', 'defer')),
  constraint webhook_configs_tolerance_check check (tolerance_seconds between 1 and 86400),
  constraint webhook_configs_size_check check (max_payload_size_bytes between 1 and 104857600)
);
create index ix_webhook_configs_tenant on webhook_configs (management_company_id, created_at desc);

-- Every delivery that was accepted, and the trace of each that was refused (without its body). Daily partitions.
create table webhook_events (
  id                       uuid not null,
  management_company_id    varchar(50) not null,
  webhook_id               uuid not null,
  webhook_name             varchar(200) not null,
  source_service           varchar(100) not null,
  event_type               varchar(200),
  delivery_id              varchar(255),
  body_sha256              bytea,
  status                   varchar(20) not null,
  refusal_reason           varchar(60),
  signature_verified       boolean not null default false,
  matched_secret           varchar(10),              -- current, previous
  source_address           varchar(64),
  headers                  json,
  payload                  bytea,
  content_type             varchar(200),
  payload_size_bytes       integer not null default 0,
  received_at              timestamptz not null,
  published_at             timestamptz,
  constraint webhook_events_pkey primary key (received_at, id)
) partition by range (received_at);
create index ix_webhook_events_tenant on webhook_events (management_company_id, received_at desc, id desc);
create index ix_webhook_events_webhook on webhook_events (webhook_id, received_at desc, id desc);

-- The sender's delivery ids, kept at least 7 days: a second delivery of one is a duplicate.
create table webhook_deliveries_seen (
  webhook_id               uuid not null,
  delivery_key             varchar(300) not null,
  management_company_id    varchar(50) not null,
  webhook_event_id         uuid not null,
  seen_at                  timestamptz not null,
  constraint webhook_deliveries_seen_pkey primary key (webhook_id, delivery_key)
);
create index ix_webhook_deliveries_seen_at on webhook_deliveries_seen (seen_at);

-- HTTP deliveries to target_url, until done or dead.
create table webhook_deliveries (
  id                       uuid not null,
  management_company_id    varchar(50) not null,
  webhook_id               uuid not null,
  webhook_event_id         uuid not null,
  event_received_at        timestamptz not null,
  state                    varchar(20) not null,
  attempt_count            integer not null default 0,
  next_attempt_at          timestamptz,
  locked_until             timestamptz,
  created_at               timestamptz not null default now(),
  updated_at               timestamptz not null default now(),
  constraint webhook_deliveries_pkey primary key (id),
  constraint webhook_deliveries_state_check check (state in ('pending', 'delivered', 'dead', 'cancelled'))
);
create index ix_webhook_deliveries_due on webhook_deliveries (next_attempt_at) where state = 'pending';
create index ix_webhook_deliveries_event on webhook_deliveries (webhook_event_id);

create table webhook_attempts (
  id                       uuid not null,
  management_company_id    varchar(50) not null,
  webhook_delivery_id      uuid not null,
  webhook_event_id         uuid not null,
  attempt                  integer not null,
  started_at               timestamptz not null,
  duration_ms              integer,
  response_status_code     integer,
  response_body            text,
  error_message            text,
  constraint webhook_attempts_pkey primary key (id),
  constraint webhook_attempts_delivery_fkey foreign key (webhook_delivery_id) references webhook_deliveries (id) on delete cascade
);
create index ix_webhook_attempts_event on webhook_attempts (webhook_event_id, attempt);
